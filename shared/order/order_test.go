package order_test

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"claudemesh.com/mesh/shared/order"
)

// By is the standard library's stable sort.
func TestBy(t *testing.T) {
	type card struct{ rank, number int }
	byRank := func(a, b card) int { return cmp.Compare(a.rank, b.rank) }
	rapid.Check(t, func(t *rapid.T) {
		var list []card
		for n, rank := range rapid.SliceOf(rapid.IntRange(0, 30)).Draw(t, "ranks") {
			list = append(list, card{rank, n})
		}
		want := slices.Clone(list)
		slices.SortStableFunc(want, byRank)
		if order.By(list, byRank); !slices.Equal(list, want) {
			t.Fatalf("sorted as %v, not %v", list, want)
		}
	})
}

// A part of a list can be sorted; the rest stays.
func TestByOfAPart(t *testing.T) {
	list := []string{"z", "c", "a", "b", "y"}
	order.By(list[1:4], cmp.Compare[string])
	if want := []string{"z", "a", "b", "c", "y"}; !slices.Equal(list, want) {
		t.Errorf("sorted as %v, not %v", list, want)
	}
}
