package simulation

import (
	"maps"
	"slices"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
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

// TestExpiredJoinsWaitForTheirIssuer: the lost join by an invite that has expired since is taken from nobody but who could issue that
// invite. Until then the others read, and what they send waits.
func TestExpiredJoinsWaitForTheirIssuer(t *testing.T) {
	w, ada, bo := two(t, nothing)
	saved := w.relay.backUp()
	cy := w.joinBy(ada, peer.InviteOptions{Seconds: 60}, "Cy")
	w.run(w.now.Add(5 * time.Second))
	everyone := []*peerNode{ada, bo, cy}
	for _, p := range everyone {
		p.away = true
		p.link.broken()
	}
	w.run(w.now.Add(5 * time.Minute))
	w.relay.putBack(saved)
	back := func(p *peerNode) {
		p.away = false
		p.redial(0)
		w.run(w.now.Add(20 * time.Second))
	}
	back(bo)
	bo.input(peer.Send{Draft: peer.Draft{Target: "#general", Text: "waits"}})
	back(cy)
	if v := bo.core.View(); v.Connection != peer.Connected || v.Problem == nil || v.Problem.Code != wire.CodeUnavailable || !bo.core.Live() || bo.core.Waiting() != 1 {
		t.Errorf("without Ada, Bo is %s, live %v, with %d waiting: %v", v.Connection, bo.core.Live(), bo.core.Waiting(), v.Problem)
	}
	if v := cy.core.View(); v.Problem == nil || v.Problem.Code != wire.CodeUnknownDevice || cy.ended {
		t.Errorf("without Ada, Cy is %s: %v", v.Connection, v.Problem)
	}
	var refused peer.Result
	bo.do(func(ref uint64) peer.Input { return peer.MakeTopic{Ref: ref, Name: "plans"} }, func(r peer.Result) { refused = r })
	if wire.CodeOf(refused.Err) != wire.CodeUnavailable {
		t.Errorf("Bo writes a statement: %+v", refused)
	}
	back(ada)
	w.run(w.now.Add(time.Minute))
	for _, p := range everyone {
		if v := p.core.View(); v.Problem != nil || !p.core.Live() || p.core.Waiting() != 0 {
			t.Errorf("with Ada, %s is live %v, with %d waiting: %v", p.name, p.core.Live(), p.core.Waiting(), v.Problem)
		}
	}
	if got := texts(cy); !slices.Equal(got, []string{"waits"}) {
		t.Errorf("Cy has %q", got)
	}
	if w.failed != nil {
		t.Fatal(w.failed)
	}
}
