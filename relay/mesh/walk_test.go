package mesh_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

// TestWalk lets devices connect, send, repeat, tail, store and crash in any order over a store that fails, and holds the core
// to its promises: what was accepted is stored, once, and whoever tails sees every stream whole and in order.
func TestWalk(t *testing.T) {
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) { newWalk(t, rt, 1).run() })
}

// TestWalkNodes is TestWalk over two cores on one store: devices come to either, statements are written on both, and what one core
// did the other hears of late.
func TestWalkNodes(t *testing.T) {
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) { newWalk(t, rt, 2).run() })
}

// walk is a world whose peers are simulated rather than scripted.
type walk struct {
	*world
	rt     *rapid.T
	sides  []*side
	racing bool // a commit runs within another node's
	ending bool // everything is answered now
	peers  []*walker
	gone   map[wire.Stream][]mesh.Entry // what was trimmed
	open   map[mesh.ConnID]*side        // half-open ones too: a device that connects anew leaves its old connection behind
}

func newWalk(t *testing.T, rt *rapid.T, nodes int) *walk {
	w := newWorld(t)
	first := memory.NewNode(start)
	if nodes > 1 {
		w.store = first.Store
	}
	w.config.Sends, w.config.Appends, w.config.Shows = mesh.Rate{}, mesh.Rate{}, mesh.Rate{}
	w.config.MemberSessions, w.config.Sessions, w.config.MemberCards = 5, 11, 500
	if nodes > 1 {
		w.config.Sessions = 100 // each node holds the bound by what it knows, so all together may pass it
	}
	w.config.Keep = mesh.Retention{
		Age:   time.Duration(rapid.SampledFrom([]int{0, 40}).Draw(rt, "keep seconds")) * time.Second,
		Count: rapid.SampledFrom([]uint64{0, 6}).Draw(rt, "keep count"),
		Bytes: rapid.SampledFrom([]uint64{0, 1500}).Draw(rt, "keep bytes"),
	}
	for _, line := range []string{
		"found alice", "connect a alice", "append a invite door member uses=9", "claim door bob", "claim door carol",
		"append a invite phone owner member=alice", "claim phone alice-phone member=alice", "bye a",
	} {
		w.run(line)
	}
	w.sync()
	s := &walk{world: w, rt: rt, open: make(map[mesh.ConnID]*side), gone: make(map[wire.Stream][]mesh.Entry)}
	if nodes == 1 {
		s.sides = []*side{{store: w.store, core: w.core}}
	} else {
		s.sides = []*side{{store: first, node: first}, {}}
		s.sides[1].node = first.Beside(start)
		s.sides[1].store = s.sides[1].node
		s.reload(s.sides[0])
		s.reload(s.sides[1])
	}
	for _, name := range []string{"alice", "alice-phone", "bob", "carol"} {
		s.peers = append(s.peers, &walker{actor: w.actor(name), stored: make(map[uint64]bool), seen: make(map[wire.Stream][]wire.Deliver), gaps: make(map[wire.Stream][]mesh.Gap), appended: make(map[uint64][]byte), landed: make(map[wire.Position][]byte)})
	}
	return s
}

func (s *walk) peer() *walker { return rapid.SampledFrom(s.peers).Draw(s.rt, "peer") }

func (s *walk) run() {
	for range 150 * len(s.sides) {
		p := s.peer()
		if len(s.sides) > 1 && rapid.IntRange(0, 1).Draw(s.rt, "between nodes") == 0 {
			s.between(p)
		}
		switch n := rapid.IntRange(0, 99).Draw(s.rt, "action"); {
		case p.conn == 0 || n < 1:
			s.connect(p)
		case n < 3:
			s.handle(s.open[p.conn], mesh.Event{Kind: mesh.EventClosed, Conn: p.conn})
			delete(s.open, p.conn)
			p.gone()
		case n < 11:
			s.tail(p)
		case n < 20:
			s.speak(p)
		case n < 23:
			s.pass(rapid.IntRange(1, 20).Draw(s.rt, "seconds"))
		case n < 50:
			s.send(p)
		case n < 53:
			if len(p.sent) > 0 && p.welcome {
				s.transmit(p, p.sent[len(p.sent)-1-rapid.IntRange(0, min(5, len(p.sent)-1)).Draw(s.rt, "which")])
			}
		case n < 60:
			s.cursor(p)
		case n < 78:
			s.commit(s.side())
		case n < 96:
			s.finishRead(s.side())
		case n < 98:
			fault := func([]mesh.Batch) error { return errors.New("fault") }
			if n == 96 {
				s.side().store.SetFaults(memory.Faults{Before: fault})
			} else {
				s.side().store.SetFaults(memory.Faults{After: fault})
			}
		case n < 99:
			s.crash(s.side())
		}
		p.check(s.rt)
		for _, side := range s.sides {
			if wrong := side.core.Unsound(); wrong != "" {
				s.rt.Fatal(wrong)
			}
		}
	}
	s.settle()
}

func (p *walker) gone() { p.conn, p.nonce, p.welcome, p.live, p.told = 0, nil, false, nil, nil }

func (s *walk) handle(side *side, ev mesh.Event) { side.core.Handle(s.now, s.entropy, ev) }

func (s *walk) frame(p *walker, frame []byte) {
	f, _, err := wire.NextFrame(frame)
	if err != nil {
		s.rt.Fatal(err)
	}
	s.handle(s.open[p.conn], mesh.Event{Kind: mesh.EventReceived, Conn: p.conn, Frame: f})
}

func (s *walk) connect(p *walker) {
	s.conns++
	p.gone()
	p.conn = s.conns
	p.barred, p.farewell = p.removed, ""
	side := s.side()
	s.open[p.conn], p.conns = side, append(p.conns, p.conn)
	s.handle(side, mesh.Event{Kind: mesh.EventOpened, Conn: p.conn})
	s.commit(side)
	if p.nonce == nil {
		return // the commit failed, of what others did before
	}
	// Not always the same session: then the older connection stays, with what it speaks for.
	h := wire.Hello{Device: p.id, Session: p.session(s.rt), OneShot: rapid.Bool().Draw(s.rt, "one-shot"), Origin: origin}
	h.Signature = s.sign(p.actor, wire.HelloBytes(p.nonce, s.mesh, h))
	s.frame(p, wire.AppendJSONFrame(nil, wire.FrameHello, h))
}

func (p *walker) streams(w *world) []wire.Stream {
	return []wire.Stream{wire.InboxStream(p.member), wire.TopicStream(w.topics["general"])}
}

func (s *walk) tail(p *walker) {
	if !p.welcome {
		return
	}
	name := rapid.SampledFrom(p.streams(s.world)).Draw(s.rt, "stream")
	p.anew[name] = p.anew[name] || p.tailed[name] && !p.live[name]
	p.tailed[name] = true
	delete(p.live, name)
	after := p.lastSeen(name)
	s.frame(p, wire.AppendJSONFrame(nil, wire.FrameTail, wire.Tail{Streams: []wire.TailItem{wire.NewTailItem(name, after)}}))
}

func (p *walker) lastSeen(name wire.Stream) wire.Position {
	var last wire.Position
	if n := len(p.seen[name]); n > 0 {
		last = p.seen[name][n-1].Position
	}
	if n := len(p.gaps[name]); n > 0 {
		last = max(last, p.gaps[name][n-1].To)
	}
	return last
}

// send makes a message on the device's last known counter, which may be behind what the relay has.
func (s *walk) send(p *walker) {
	if !p.welcome {
		return
	}
	p.counter++
	m := sending{counter: p.counter, after: p.last}
	if rapid.IntRange(0, 9).Draw(s.rt, "pipelined") > 0 && len(p.sent) > p.accepted {
		m.after = p.sent[len(p.sent)-1].counter
	}
	h := wire.Header{Kind: wire.KindTopic, Epoch: s.roster.Epoch(), Counter: m.counter, Recipients: [][wire.IDSize]byte{s.topics["general"]}}
	m.streams = []wire.Stream{wire.TopicStream(s.topics["general"])}
	var stanzas []wire.Stanza
	var commitment *[wire.CommitmentSize]byte
	if to := s.peer(); to.member != p.member {
		h.Kind, h.Recipients, commitment = wire.KindDirect, [][wire.IDSize]byte{to.member}, new([wire.CommitmentSize]byte)
		m.streams = []wire.Stream{wire.InboxStream(to.member)}
		devices := append(slices.Clone(s.roster.DevicesOf(to.member)), s.roster.DevicesOf(p.member)...)
		slices.SortFunc(devices, func(x, y wire.DeviceID) int { return bytes.Compare(x[:], y[:]) })
		for _, d := range devices {
			if d != p.id {
				stanzas = append(stanzas, wire.Stanza{Device: d})
			}
		}
	}
	m.envelope = wire.AppendEnvelope(nil, wire.AppendHeader(nil, h), commitment, new([wire.NonceSize]byte), stanzas, fmt.Appendf(nil, "%s %d", p.name, m.counter))
	p.sent = append(p.sent, m)
	s.transmit(p, m)
}

func (s *walk) transmit(p *walker, m sending) {
	s.frame(p, wire.AppendSend(nil, wire.Send{After: m.after, Envelope: m.envelope}))
}

func (s *walk) cursor(p *walker) {
	if !p.welcome {
		return
	}
	name := rapid.SampledFrom(p.streams(s.world)).Draw(s.rt, "stream")
	if at := p.lastSeen(name); at > 0 {
		s.frame(p, wire.AppendCursor(nil, wire.Cursor{Stream: name, Position: at}))
	}
}

// commit lets go everything that waits.
func (s *walk) commit(side *side) {
	batch := side.core.Take()
	s.race(side)
	var verdicts []mesh.Verdict
	if !batch.Empty() {
		check := s.checkTrims(batch)
		all, err := side.store.Commit(s.t.Context(), []mesh.Batch{batch})
		check()
		for _, other := range s.sides {
			other.moved = other.moved || other != side
		}
		if err != nil {
			s.crash(side)
			return
		}
		verdicts = all[0]
	}
	outputs := side.core.Committed(s.now, verdicts)
	if len(verdicts) > 0 && len(s.sides) == 1 {
		s.checkStored(side)
	}
	for i, o := range outputs {
		// A connection that the core dropped may have been closed before that was let go.
		dropped := func(later mesh.Output) bool { return later.Kind == mesh.OutputDrop && later.Conn == o.Conn }
		if s.open[o.Conn] != nil || !slices.ContainsFunc(outputs[i:], dropped) {
			s.release(side, o)
		}
	}
	for _, p := range s.peers {
		if p.welcome && s.open[p.conn] == side {
			p.checkTold(s.rt, side.core.Sessions())
		}
	}
}

func (s *walk) release(side *side, o mesh.Output) {
	switch o.Kind {
	case mesh.OutputElsewhere, mesh.OutputFollow:
		s.request(side, o)
		return
	case mesh.OutputReload:
		s.rt.Fatal("reload, with no writer that is not a node")
	}
	if (o.Kind == mesh.OutputSend || o.Kind == mesh.OutputRead || o.Kind == mesh.OutputDrop) && s.open[o.Conn] != side {
		s.rt.Fatalf("an output for a connection that is gone")
	}
	if o.Kind == mesh.OutputDrop {
		delete(s.open, o.Conn)
	}
	at := slices.IndexFunc(s.peers, func(p *walker) bool { return p.conn == o.Conn })
	if at < 0 || o.Conn == 0 {
		return
	}
	p := s.peers[at]
	switch o.Kind {
	case mesh.OutputSend:
		s.take(p, o.Bytes)
	case mesh.OutputDrop:
		s.take(p, o.Bytes)
		p.gone()
	case mesh.OutputRead:
		page, err := side.store.Read(s.t.Context(), s.mesh, o.Stream, o.After, rapid.IntRange(1, 60).Draw(s.rt, "page"))
		side.reads = append(side.reads, read{o, page, err})
	}
}

// finishRead writes what was read for one connection, some time after it was read.
func (s *walk) finishRead(side *side) {
	if len(side.reads) == 0 {
		return
	}
	i := rapid.IntRange(0, len(side.reads)-1).Draw(s.rt, "read")
	r := side.reads[i]
	side.reads = slices.Delete(side.reads, i, i+1)
	if s.open[r.Conn] == nil {
		return
	}
	frames, err := mesh.AppendPage(nil, r.Stream, r.Device, &r.page)
	if err != nil || r.err != nil {
		s.rt.Fatal(err, r.err)
	}
	for _, p := range s.peers {
		if p.conn == r.Conn {
			s.take(p, frames)
		}
	}
	s.handle(side, mesh.Event{Kind: mesh.EventReadDone, Conn: r.Conn, Tag: r.Tag, Last: r.page.Last(r.After)})
}
