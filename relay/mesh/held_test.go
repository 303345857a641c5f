package mesh_test

import (
	"context"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// hushed is a world on one node of several, whose store does not tell what the others did until it is asked to.
type hushed struct {
	*world
	node *memory.Node
}

func newHushed(t *testing.T) *hushed {
	w := newWorld(t)
	node := memory.NewNode(start)
	w.store, w.config.Node = node.Store, node.Node()
	w.run("found alice")
	return &hushed{w, node}
}

// tell has the store answer, and once more what was asked for meanwhile.
func (h *hushed) tell() {
	for range 2 {
		e, err := h.node.Elsewhere(context.Background(), h.mesh, 0)
		if err != nil {
			h.t.Fatal(err)
		}
		h.event(mesh.Event{Kind: mesh.EventElsewhere, Elsewhere: &e})
	}
}

// connect brings a device in.
func (h *hushed) connect(name string) *link {
	h.run("connect " + name + " " + name)
	h.tell()
	if !strings.Contains(h.out.String(), "welcome") {
		h.t.Fatalf("it was not let in:\n%s", h.out.String())
	}
	h.out.Reset()
	return h.links[name]
}

// grown is by how many bytes the heap grew.
func grown(do func()) int {
	heap := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before := heap()
	do()
	return heap() - before
}

// TestWhatAMemberHasWaitIsBounded: while the store does not tell what other nodes did, a member cannot have the relay hold more than
// some of its frames.
func TestWhatAMemberHasWaitIsBounded(t *testing.T) {
	const most = 8 << 20
	for name, c := range map[string]struct {
		times int
		frame func(h *hushed, a *actor, n int) []byte
	}{
		"cards": {2000, func(_ *hushed, _ *actor, n int) []byte {
			card := make([]byte, wire.MaxCard)
			return wire.AppendJSONFrame(nil, wire.FrameCard, wire.SetCard{Session: wire.SessionID{9, byte(n), byte(n >> 8)}, Version: 1, Card: card})
		}},
		"statements": {250, func(h *hushed, a *actor, n int) []byte {
			body := &roster.Profile{Sealed: make([]byte, 60_000)}
			raw := h.statement(a, roster.Draft{Mesh: h.mesh, Prev: wire.Head{byte(n)}, Author: a.id, Time: uint64(h.now.UnixMilli()), Epoch: 1, Body: body})
			return wire.AppendJSONFrame(nil, wire.FrameAppend, wire.Append{Ref: uint64(n + 1), Statement: raw})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHushed(t)
			l := h.connect("alice")
			held := grown(func() {
				for n := range c.times {
					h.frame(l, c.frame(h, l.actor, n))
					h.out.Reset()
				}
			})
			if held > most {
				t.Errorf("%d bytes are held", held)
			}
			runtime.KeepAlive(h)
		})
	}
}

// TestWaitingIsGivenBack: what waited is counted no more when it was done, so that nobody is refused for ever.
func TestWaitingIsGivenBack(t *testing.T) {
	h := newHushed(t)
	l := h.connect("alice")
	for n := range 100 {
		raw := h.statement(l.actor, roster.Draft{Mesh: h.mesh, Prev: wire.Head{1}, Author: l.actor.id, Time: uint64(h.now.UnixMilli()), Epoch: 1, Body: &roster.Profile{Sealed: make([]byte, 60_000)}})
		h.out.Reset()
		h.frame(l, wire.AppendJSONFrame(nil, wire.FrameAppend, wire.Append{Ref: uint64(n + 1), Statement: raw}))
		h.tell()
		if got := h.out.String(); !strings.Contains(got, "malformed") {
			t.Fatalf("statement %d was answered with %q", n+1, got)
		}
	}
}

// TestHellosWaitWithinBounds: strangers cannot have the relay keep more hellos than handshakes while the store does not answer.
func TestHellosWaitWithinBounds(t *testing.T) {
	h := newHushed(t)
	h.config.Handshakes = 64
	h.load()
	refused := 0
	for n := range 1000 {
		h.out.Reset()
		name := "stranger" + strconv.Itoa(n)
		h.run("open " + name)
		hello := wire.Hello{Session: wire.SessionID{1}, Origin: origin, Signature: make([]byte, 64)}
		h.frame(h.links[name], wire.AppendJSONFrame(nil, wire.FrameHello, hello))
		if strings.Contains(h.out.String(), "unavailable") {
			refused++
		}
	}
	if refused != 1000-64 {
		t.Errorf("of 1000 hellos %d were refused", refused)
	}
	h.tell()
	h.connect("alice")
}
