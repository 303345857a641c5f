// Package order sorts lists. The standard library's slices makes its sorting code anew for each type of element, each time some
// 13 kB of WebAssembly in a browser's download; here only the moving of elements is made anew. It does not compare: callers say
// which of two comes first.
package order

import (
	"cmp"
	"slices"
)

// By sorts a list in place, in O(n log n); elements that compare as equal keep their order. compare is negative where a comes
// before b, positive where it comes after, and must be a strict weak ordering. For the time of the call it takes a second copy
// of the list.
func By[T any](list []T, compare func(a, b T) int) {
	sorted := make([]T, len(list))
	for to, from := range places(len(list), func(a, b int) int { return compare(list[a], list[b]) }) {
		sorted[to] = list[from]
	}
	copy(list, sorted)
}

// places are the numbers below n in the order of what they stand for.
func places(n int, compare func(a, b int) int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	slices.SortFunc(all, func(a, b int) int { return cmp.Or(compare(a, b), cmp.Compare(a, b)) })
	return all
}
