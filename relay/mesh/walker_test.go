package mesh_test

import (
	"bytes"
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// walker is one device: what it stored, what it has sent, and its connection if it has one.
type walker struct {
	*actor
	conn     mesh.ConnID
	farewell wire.Code     // why the last connection was closed
	removed  bool          // it is out of the mesh
	barred   bool          // it was before it connected
	asks     bool          // it has not tailed the roster over this connection
	roster   wire.Position // of the last statement that it was shown
	ref      uint64
	appended map[uint64][]byte        // statements, by ref
	landed   map[wire.Position][]byte // those that were taken
	nonce    []byte
	welcome  bool
	sent     []sending // all that it ever sent, accepted or not
	accepted int       // how many of them are known to be accepted
	last     uint64    // counter that the relay told
	stored   map[uint64]bool
	seen     map[wire.Stream][]wire.Deliver
	gaps     map[wire.Stream][]mesh.Gap // that it was shown
	live     map[wire.Stream]bool
	tailed   map[wire.Stream]bool // over this connection
	version  uint64
	conns    []mesh.ConnID        // all that it ever had
	told     map[string]string    // of sessions, over this connection
	anew     map[wire.Stream]bool // while it was read: what the first tail still gives may come twice
}

// sending is one message of a device: its bytes never change.
type sending struct {
	counter, after uint64
	envelope       []byte
	streams        []wire.Stream
}

// take is what a peer does with frames.
func (s *walk) take(p *walker, frames []byte) {
	for len(frames) > 0 {
		f, rest, err := wire.NextFrame(frames)
		if err != nil {
			s.rt.Fatal(err)
		}
		frames = rest
		switch f.Type {
		case wire.FrameChallenge:
			var c wire.Challenge
			s.json(f, &c)
			p.nonce = c.Nonce
		case wire.FrameWelcome:
			var v wire.Welcome
			s.json(f, &v)
			p.welcome, p.asks, p.last = true, true, v.LastCounter
			if p.barred {
				s.rt.Fatalf("%s is welcome, and was removed before it came", p.name)
			}
			p.live, p.tailed, p.anew = make(map[wire.Stream]bool), make(map[wire.Stream]bool), make(map[wire.Stream]bool)
		case wire.FrameAccepted:
			p.wasAccepted(s.rt, ok(wire.ParseAccepted(f.Payload, nil)).Counter)
		case wire.FrameResume:
			p.last = ok(wire.ParseResume(f.Payload))
		case wire.FrameLive:
			p.live[ok(wire.ParseCursor(f.Payload)).Stream] = true
		case wire.FrameDeliver:
			d := ok(wire.ParseDeliver(f.Payload))
			d.Envelope = bytes.Clone(d.Envelope)
			if had := p.lastSeen(d.Stream); d.Previous != had {
				if d.Position > had || !p.anew[d.Stream] {
					s.rt.Fatalf("%s was given %s after %s and had %s", p.name, place(d.Position), place(d.Previous), place(had))
				}
				continue
			}
			p.seen[d.Stream] = append(p.seen[d.Stream], d)
		case wire.FrameGap:
			var g wire.Gap
			s.json(f, &g)
			name := wire.Stream{Kind: g.Kind, ID: g.ID}
			if had := p.lastSeen(name); g.After > had || g.To <= g.After {
				s.rt.Fatalf("%s was shown a gap after %s to %s and had %s", p.name, place(g.After), place(g.To), place(had))
			} else if g.To > had {
				p.gaps[name] = append(p.gaps[name], mesh.Gap{After: had, To: g.To})
			}
		case wire.FramePresence:
			var presence wire.Presence
			s.json(f, &presence)
			p.tell(presence)
		case wire.FrameError:
			var e wire.Error
			s.json(f, &e)
			if !complaints[e.Code] {
				s.rt.Fatalf("%s got the error %v", p.name, &e)
			}
		case wire.FrameRefused:
			var r wire.Refused
			s.json(f, &r)
			p.wasRefused(s.rt, r)
		case wire.FrameReply:
			var r wire.Reply
			s.json(f, &r)
			s.replied(p, r)
		case wire.FrameStatement:
			p.shown(s.rt, ok(wire.ParseStatement(f.Payload)))
		case wire.FrameClose:
			var c wire.Close
			s.json(f, &c)
			p.farewell = c.Code
		case wire.FrameDelivered:
		default:
			s.rt.Fatalf("%s got frame %#x", p.name, f.Type)
		}
	}
}

func (p *walker) wasAccepted(rt *rapid.T, counter uint64) {
	if !slices.ContainsFunc(p.sent, func(m sending) bool { return m.counter == counter }) {
		rt.Fatalf("%s was told that %d is accepted, which it never sent", p.name, counter)
	}
	if counter > p.last { // else it may repeat one that a later one overtook, which the relay never took
		p.stored[counter] = true
		p.last = counter
	}
	for p.accepted < len(p.sent) && p.sent[p.accepted].counter <= counter {
		p.accepted++
	}
}

// check holds what a device saw against itself: each message once, each sender's in order.
func (p *walker) check(rt *rapid.T) {
	for name, seen := range p.seen {
		last := make(map[wire.DeviceID]uint64)
		for _, d := range seen {
			e := ok(wire.ParseEnvelope(d.Envelope))
			if e.Counter <= last[d.Sender] {
				rt.Fatalf("%s saw %d of a device behind %d in %s", p.name, e.Counter, last[d.Sender], name.Kind)
			}
			last[d.Sender] = e.Counter
		}
	}
}

// settle brings everyone up to date and compares with what the store has.
func (s *walk) settle() {
	s.settleNodes()
	for _, side := range s.sides {
		s.crash(side)
	}
	counters := make(map[wire.DeviceID]uint64)
	for _, c := range ok(s.store.Load(s.t.Context(), s.mesh)).Counters {
		counters[c.Device] = c.Last
	}
	stored := make(map[wire.Stream][]string)
	for _, p := range s.peers {
		if p.removed {
			continue
		}
		s.connect(p)
		s.still()
		if !p.welcome {
			s.rt.Fatalf("%s is not welcome: %q", p.name, p.farewell)
		}
		if p.last != counters[p.id] {
			s.rt.Fatalf("%s is welcomed with counter %d, the store has %d", p.name, p.last, counters[p.id])
		}
		if p.accepted > 0 && counters[p.id] < p.sent[p.accepted-1].counter {
			s.rt.Fatalf("%s was told that %d is accepted, the store has %d", p.name, p.sent[p.accepted-1].counter, counters[p.id])
		}
		for _, name := range p.streams(s.world) {
			s.frame(p, wire.AppendJSONFrame(nil, wire.FrameTail, wire.Tail{Streams: []wire.TailItem{wire.NewTailItem(name, p.lastSeen(name))}}))
			s.still()
			if !p.live[name] {
				s.rt.Fatalf("%s is not live on %s", p.name, name.Kind)
			}
			page := ok(s.store.Read(s.t.Context(), s.mesh, name, 0, 1<<30))
			all := append(slices.Clone(s.gone[name]), page.Entries...)
			seen := p.seen[name]
			stored[name] = nil
			for i, e := range all {
				missed := slices.ContainsFunc(p.gaps[name], func(g mesh.Gap) bool { return g.After < e.Position && e.Position <= g.To })
				switch {
				case missed && i >= len(s.gone[name]):
					s.rt.Fatalf("%s was shown a gap where %s of %s is stored", p.name, place(e.Position), name.Kind)
				case missed:
				case len(seen) == 0:
					s.rt.Fatalf("%s saw neither %s of %s nor a gap", p.name, place(e.Position), name.Kind)
				case seen[0].Position != e.Position || seen[0].Sender != e.Sender || seen[0].Time != e.Time:
					s.rt.Fatalf("%s saw something else than is or was stored", p.name)
				default:
					seen = seen[1:]
				}
				stored[name] = append(stored[name], string(ok(wire.ParseEnvelope(e.Bytes)).Ciphertext))
			}
			if len(seen) > 0 {
				s.rt.Fatalf("%s saw %d entries of %s that are not stored", p.name, len(seen), name.Kind)
			}
		}
	}
	s.checkSent(stored, counters)
	for _, p := range s.peers {
		if p.conn != 0 {
			s.handle(s.open[p.conn], mesh.Event{Kind: mesh.EventClosed, Conn: p.conn})
			p.gone()
		}
	}
	for _, side := range s.sides {
		s.commit(side)
		if left := side.core.Remains(); left != "0 connections, 0 of devices, 0 live, 0 kept, 0 sessions held" {
			s.rt.Fatalf("when all are gone there are %s", left)
		}
	}
}

// checkSent: what a device sent and the relay answered as accepted stands in each of its streams exactly once, or did until
// retention took it.
func (s *walk) checkSent(stored map[wire.Stream][]string, counters map[wire.DeviceID]uint64) {
	for _, p := range s.peers {
		for _, m := range p.sent {
			text := fmt.Sprintf("%s %d", p.name, m.counter)
			for _, name := range m.streams {
				n := 0
				for _, other := range stored[name] {
					if other == text {
						n++
					}
				}
				if _, read := stored[name]; !read {
					continue
				}
				if n > 1 || n == 0 && (p.stored[m.counter] || m.counter == counters[p.id]) {
					s.rt.Fatalf("%q stands %d times in %s", text, n, name.Kind)
				}
			}
		}
	}
}
