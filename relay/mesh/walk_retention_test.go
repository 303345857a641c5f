package mesh_test

import (
	"fmt"
	"slices"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// contents is what the store has of every stream that walkers write to.
func (s *walk) contents() map[wire.Stream][]mesh.Entry {
	all := make(map[wire.Stream][]mesh.Entry)
	for _, p := range s.peers {
		for _, name := range p.streams(s.world) {
			all[name] = ok(s.store.Read(s.t.Context(), s.mesh, name, 0, 1<<30)).Entries
		}
	}
	return all
}

func size(entries []mesh.Entry) (bytes uint64) {
	for _, e := range entries {
		bytes += uint64(mesh.EntryOverhead + len(e.Bytes))
	}
	return bytes
}

// checkTrims gives what to ask behind the commit: what it dropped is the beginning of a stream, and the operator's rule takes it. What a batch both appends
// and drops stands in no read, so pass commits before it ticks.
func (s *walk) checkTrims(batch mesh.Batch) (after func()) {
	if !slices.ContainsFunc(batch.Ops, func(op mesh.Op) bool { _, trim := op.(*mesh.Trim); return trim }) {
		return func() {}
	}
	before := s.contents()
	return func() { s.checkGone(before) }
}

func (s *walk) checkGone(before map[wire.Stream][]mesh.Entry) {
	keep := s.config.Keep
	for name, left := range s.contents() {
		n := 0
		for n < len(before[name]) && (len(left) == 0 || before[name][n].Position < left[0].Position) {
			n++
		}
		for i, e := range before[name][:n] {
			old := keep.Age > 0 && s.now.UnixMilli()-int64(e.Time) > keep.Age.Milliseconds()
			many := keep.Count > 0 && uint64(len(left)) >= keep.Count
			large := keep.Bytes > 0 && size(left) >= keep.Bytes
			if !old && !many && !large {
				s.rt.Fatalf("%d of %d of %s, sent at %s, is gone, and %d with %d bytes are left", i, len(before[name]), name.Kind, s.since(e.Time), len(left), size(left))
			}
		}
		s.gone[name] = append(s.gone[name], before[name][:n]...)
	}
}

// checkStored: the core counts what the store has.
func (s *walk) checkStored(side *side) {
	snapshot := ok(s.store.Load(s.t.Context(), s.mesh))
	streams, members, all := side.core.Stored()
	wantStreams, wantMembers, wantAll := make(map[wire.Stream]mesh.Amount), make(map[wire.MemberID]uint64), uint64(0)
	for _, head := range snapshot.Heads {
		if head.Kept.Count > 0 && head.Stream.Kind != wire.StreamRoster {
			wantStreams[head.Stream] = head.Kept
			wantAll += head.Kept.Bytes
		}
	}
	for _, counter := range snapshot.Counters {
		for _, p := range s.peers {
			if p.id == counter.Device && counter.Bytes > 0 {
				wantMembers[p.member] += counter.Bytes
			}
		}
	}
	if got, want := fmt.Sprint(streams, members, all), fmt.Sprint(wantStreams, wantMembers, wantAll); got != want {
		s.rt.Fatalf("the core counts %s and the store has %s", got, want)
	}
}
