package simulation

import (
	"maps"
	"slices"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store/memory"
)

// backup is what an operator keeps of the relay's store.
type backup struct {
	store memory.Backup
	life  int // of the relay, when it was made
}

func (r *relayNode) backUp() *backup {
	r.w.note("the relay's store is backed up")
	return &backup{r.store.Backup(), r.life}
}

// putBack ends the relay and starts it on a backup, with the generation raised as an operator is told to.
func (r *relayNode) putBack(b *backup) {
	r.w.note("the relay's store is put back")
	starts := uint32(r.life-b.life) + 1
	if r.plant.reuses {
		starts = 0
	}
	r.store = b.store.Restore(r.w.now, starts)
	r.start()
}

// start runs the relay anew, without the connections that it had.
func (r *relayNode) start() {
	for _, id := range slices.Sorted(maps.Keys(r.open)) {
		r.open[id].relayGone = true
		r.open[id].broken()
	}
	r.open = map[mesh.ConnID]*conn{}
	r.boot()
}
