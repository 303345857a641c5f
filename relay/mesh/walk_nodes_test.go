package mesh_test

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// side is a core of the walk on its store: the only one, or one of several nodes.
type side struct {
	core     *mesh.Core
	store    walkStore
	node     *memory.Node // nil: there are no others
	reads    []read
	requests []func() mesh.Event // for what other nodes did, which were not carried out or not answered yet
	moved    bool                // another node committed something
}

type walkStore interface {
	store.Store
	SetFaults(memory.Faults)
}

func (s *walk) side() *side {
	if len(s.sides) == 1 {
		return s.sides[0]
	}
	return s.sides[rapid.IntRange(0, len(s.sides)-1).Draw(s.rt, "side")]
}

// reload loads a core from the store of a side.
func (s *walk) reload(side *side) {
	config := s.config
	if side.node != nil {
		config.Node = side.node.Node()
	}
	core, err := mesh.New(config, ok(side.store.Load(context.Background(), s.mesh)), s.now)
	if err != nil {
		s.t.Fatal(err)
	}
	side.core, side.reads, side.requests, side.moved = core, nil, nil, false
}

// crash ends a relay and starts it again.
func (s *walk) crash(side *side) {
	if side.node != nil {
		side.node = side.node.Reopen(s.now)
		side.store, s.store = side.node, side.node.Store
		for _, other := range s.sides {
			other.moved = other.moved || other != side
		}
	} else {
		s.store = s.store.Reopen(s.now)
		side.store = s.store
	}
	for id, at := range s.open {
		if at == side {
			delete(s.open, id)
		}
	}
	for _, p := range s.peers {
		if p.conn != 0 && s.open[p.conn] == nil {
			p.gone()
		}
	}
	s.reload(side)
}

// race has another node commit between the moment when a batch is taken and its commit.
func (s *walk) race(taken *side) {
	if len(s.sides) == 1 || s.racing || rapid.IntRange(0, 2).Draw(s.rt, "race") > 0 {
		return
	}
	s.racing = true
	for _, side := range s.sides {
		if side != taken {
			s.commit(side)
		}
	}
	s.racing = false
}

// request takes what a core asks of its store on account of other nodes. The store is read now or when the answer is given.
func (s *walk) request(side *side, o mesh.Output) {
	ask := func() mesh.Event {
		if !s.ending && rapid.IntRange(0, 19).Draw(s.rt, "unanswered") == 0 {
			if o.Kind == mesh.OutputElsewhere {
				return mesh.Event{Kind: mesh.EventElsewhere, Failed: true}
			}
			return mesh.Event{Kind: mesh.EventFollowed, Tag: o.Tag, Followed: &mesh.Followed{Stream: o.Stream}, Failed: true}
		}
		if o.Kind == mesh.OutputElsewhere {
			e := ok(side.node.Elsewhere(context.Background(), s.mesh, o.Since))
			return mesh.Event{Kind: mesh.EventElsewhere, Elsewhere: &e}
		}
		page := ok(side.store.Read(context.Background(), s.mesh, o.Stream, o.After, rapid.IntRange(1, 60).Draw(s.rt, "page")))
		return mesh.Event{Kind: mesh.EventFollowed, Tag: o.Tag, Followed: &mesh.Followed{Stream: o.Stream, Page: page}}
	}
	if rapid.Bool().Draw(s.rt, "read at once") {
		event := ask()
		ask = func() mesh.Event { return event }
	}
	side.requests = append(side.requests, ask)
}

// answer gives a core the answer to one of its requests, in any order.
func (s *walk) answer(side *side) {
	if len(side.requests) == 0 {
		return
	}
	i := rapid.IntRange(0, len(side.requests)-1).Draw(s.rt, "request")
	ask := side.requests[i]
	side.requests = slices.Delete(side.requests, i, i+1)
	s.handle(side, ask())
}

func (s *walk) tellMoved(side *side) {
	if side.moved {
		side.moved = false
		s.handle(side, mesh.Event{Kind: mesh.EventMoved})
	}
}

// between is what only several nodes do, or devices that write statements on them.
func (s *walk) between(p *walker) {
	switch n := rapid.IntRange(0, 99).Draw(s.rt, "what"); {
	case n < 12:
		s.tellMoved(s.side())
	case n < 65:
		s.answer(s.side())
	case n < 67:
		s.pass(1)
	case n < 75:
		if p.welcome && p.asks {
			p.asks = false
			s.frame(p, wire.AppendJSONFrame(nil, wire.FrameTail, wire.Tail{Streams: []wire.TailItem{wire.NewTailItem(wire.RosterStream(s.mesh), p.roster)}}))
		}
	case n < 99:
		s.state(p, &roster.Topic{Sealed: sealed("topic of " + p.name)}, &roster.Profile{Sealed: sealed(p.name)})
	case p.member == s.actor("alice").member && !s.actorPeer("carol").removed:
		gone := s.roster.DevicesOf(s.actor("carol").member)
		if len(gone) > 0 {
			s.state(p, &roster.MemberRemoved{Member: s.actor("carol").member, Last: s.lastCounters(gone), Rotation: s.rotation(gone)})
		}
	}
}

func (s *walk) actorPeer(name string) *walker {
	return s.peers[slices.IndexFunc(s.peers, func(p *walker) bool { return p.name == name })]
}

// state appends one of the statements, on the newest head or on one that the device knew before.
func (s *walk) state(p *walker, bodies ...roster.Body) {
	if !p.welcome {
		return
	}
	if rapid.IntRange(0, 3).Draw(s.rt, "up to date") > 0 {
		s.sync()
	}
	p.ref++
	p.appended[p.ref] = s.draft(p.actor, rapid.SampledFrom(bodies).Draw(s.rt, "statement"))
	s.frame(p, wire.AppendJSONFrame(nil, wire.FrameAppend, wire.Append{Ref: p.ref, Statement: p.appended[p.ref]}))
}

func (s *walk) replied(p *walker, r wire.Reply) {
	if r.Error == nil {
		p.landed[r.Position] = p.appended[r.Ref]
		if statement := ok(roster.Parse(p.appended[r.Ref])); statement.Kind == roster.KindMemberRemoved {
			s.actorPeer("carol").removed = true
		}
		return
	}
	switch r.Error.Code {
	case wire.CodeStaleHead, wire.CodeReplayed, wire.CodeStaleEpoch, wire.CodeRemoved, wire.CodeUnknownMember, wire.CodeStaleRoster:
	default:
		s.rt.Fatalf("a statement of %s is refused: %v", p.name, r.Error)
	}
}

func (p *walker) wasRefused(rt *rapid.T, r wire.Refused) {
	switch r.Code {
	case wire.CodeUnknownMember, wire.CodeStaleRoster, wire.CodeStaleEpoch:
	default:
		rt.Fatalf("%s has %d refused: %v", p.name, r.Counter, &r.Error)
	}
	at := slices.IndexFunc(p.sent, func(m sending) bool { return m.counter == r.Counter })
	if at < 0 {
		return
	}
	p.sent = slices.Delete(p.sent, at, at+1)
	if at < p.accepted {
		p.accepted--
	}
}

// shown takes a statement: each once and in order, over all connections.
func (p *walker) shown(rt *rapid.T, s wire.Statement) {
	if s.Previous != p.roster {
		rt.Fatalf("%s was shown the statement %s after %s, and had %s", p.name, place(s.Position), place(s.Previous), place(p.roster))
	}
	p.roster = s.Position
}

// still lets go everything, with what follows from it, until nothing does.
func (s *walk) still() {
	for again := true; again; {
		again = false
		for _, side := range s.sides {
			s.tellMoved(side)
			if side.core.Waits() {
				s.handle(side, mesh.Event{Kind: mesh.EventTick})
			}
			s.commit(side)
			for len(side.reads) > 0 {
				s.finishRead(side)
			}
			for len(side.requests) > 0 {
				s.answer(side)
			}
			s.commit(side)
			again = again || len(side.reads)+len(side.requests) > 0 || side.moved || side.core.Waits()
		}
		for _, side := range s.sides {
			again = again || side.moved
		}
	}
}

// settleNodes lets all that happened become known everywhere, and holds the nodes against each other and the store.
func (s *walk) settleNodes() {
	s.ending = true
	if len(s.sides) == 1 {
		return
	}
	for range 4 {
		s.still()
		s.pass(1)
	}
	s.still()
	s.sync()
	rosterHead := s.folded
	carol := s.actorPeer("carol") // nobody may have lived to see that she was removed
	carol.removed = len(s.roster.DevicesOf(carol.member)) == 0
	all := make([]map[string]string, len(s.sides))
	for i, side := range s.sides {
		if side.core.Head() != s.roster.Head() {
			s.rt.Fatalf("node %d has another head than the store", i)
		}
		all[i] = side.core.Sessions()
	}
	for key, row := range all[0] {
		if other := all[1][key]; other != row && !strings.HasPrefix(row, wire.StateOffline) {
			s.rt.Fatalf("a session is %s, and to the other node %q", row, other)
		}
	}
	for key, row := range all[1] {
		if other := all[0][key]; other != row && !strings.HasPrefix(row, wire.StateOffline) {
			s.rt.Fatalf("a session is %s to the second node, and to the first %q", row, other)
		}
	}
	entries := ok(s.store.Read(context.Background(), s.mesh, wire.RosterStream(s.mesh), 0, 1<<30)).Entries
	for _, p := range s.peers {
		for at, statement := range p.landed {
			if !slices.ContainsFunc(entries, func(e mesh.Entry) bool { return e.Position == at && bytes.Equal(e.Bytes, statement) }) {
				s.rt.Fatalf("a statement of %s was taken at %s, where another stands", p.name, place(at))
			}
		}
		if p.removed && p.conn != 0 && p.welcome {
			s.rt.Fatalf("%s was removed and keeps its connection", p.name)
		}
		if !p.welcome {
			continue
		}
		if !p.asks && p.roster != rosterHead {
			s.rt.Fatalf("%s was shown the roster to %s, which goes on to %s", p.name, place(p.roster), place(rosterHead))
		}
		for _, name := range p.streams(s.world) {
			var head wire.Position
			for _, h := range ok(s.store.Load(context.Background(), s.mesh)).Heads {
				if h.Stream == name {
					head = h.Position
				}
			}
			if p.live[name] && p.lastSeen(name) != head {
				s.rt.Fatalf("%s is live on %s and was shown up to %s of %s", p.name, name.Kind, place(p.lastSeen(name)), place(head))
			}
		}
	}
}
