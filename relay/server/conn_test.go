package server

import (
	"bytes"
	"slices"
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

func TestWholeFrames(t *testing.T) {
	var frames []byte
	for _, size := range []int{10, 100, 1000, 10, 10} {
		frames = wire.AppendFrame(frames, wire.FramePong, bytes.Repeat([]byte{1}, size))
	}
	for _, c := range []struct {
		limit int
		want  []int // sizes of the parts
	}{
		{1 << 20, []int{1155}},
		{150, []int{120, 1005, 30}},
		{30, []int{15, 105, 1005, 30}},
		{1, []int{15, 105, 1005, 15, 15}},
	} {
		var got []int
		for rest := frames; len(rest) > 0; {
			n := wholeFrames(rest, c.limit)
			got = append(got, n)
			rest = rest[n:]
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("at most %d bytes: parts of %v, want %v", c.limit, got, c.want)
		}
	}
}
