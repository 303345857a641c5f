package simulation

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

// peerNode is one peer: a core, its store, its keys, and the adapter between them.
type peerNode struct {
	w       *world
	name    string
	keys    *identity.Software
	store   *driver.Memory
	core    *peer.Core
	device  peer.Device
	member  wire.MemberID
	skew    time.Duration // of its clock
	conns   uint64
	link    *conn
	dialing bool
	ended   bool // it may not come back
	leaving bool
	out     bool // it was cut off when the relay's store was put back
	away    bool // a script took its line
	mute    bool // its keys do not answer; what they were asked waits in asked
	asked   []func()
	signed  uint64 // reference of the last signature asked for
	life    int
	ticks   int
	ref     uint64
	results map[uint64]func(peer.Result)
	says    map[wire.SessionID]peer.Card // what its program says of its sessions, its own among them
}

func (w *world) newPeer(name string) *peerNode {
	keys, err := identity.Generate(w.entropy)
	if err != nil {
		panic(err)
	}
	p := &peerNode{w: w, name: name, keys: keys, store: driver.NewMemory(), results: map[uint64]func(peer.Result){}}
	p.device = peer.Device{Public: keys.Public(), Session: w.newSession(), OneShot: w.daemons && name != "Ada"}
	p.says = map[wire.SessionID]peer.Card{}
	if !p.device.OneShot {
		p.says[p.device.Session] = peer.Card{Kind: peer.KindPerson, Status: peer.StatusIdle, Summary: name + " is here"}
	}
	w.peers = append(w.peers, p)
	return p
}

func (p *peerNode) now() time.Time { return p.w.now.Add(p.skew) }

// put stores rows before the peer runs.
func (p *peerNode) put(ops []peer.Op) {
	if err := p.store.Commit(context.Background(), ops); err != nil {
		panic(err)
	}
}

// start runs the peer on what its store holds.
func (p *peerNode) start() {
	rows := map[string][]peer.Row{}
	for _, bucket := range peer.LoadBuckets() {
		found, err := p.store.Scan(context.Background(), bucket, driver.Range{})
		if err != nil {
			panic(err)
		}
		if p.w.amnesia && (bucket == peer.BucketCursor || bucket == peer.BucketSeen) {
			found = slices.DeleteFunc(found, func(row peer.Row) bool { return row.Key[0] != byte(wire.StreamRoster) })
		}
		if waiting, _ := p.store.Scan(context.Background(), peer.BucketOutbox, allRows); p.w.recounts && bucket == peer.BucketMeta && len(waiting) == 0 {
			found = slices.DeleteFunc(found, func(row peer.Row) bool { return string(row.Key) == "counter" })
		}
		rows[bucket] = found
	}
	core, err := peer.Load(p.speaking(), rows)
	if err != nil {
		p.w.fail("%s cannot be loaded from its store: %v", p.name, err)
		return
	}
	p.core = core
	p.life++
	p.dialing, p.ended = false, false
	p.results = map[uint64]func(peer.Result){}
	p.redial(0)
}

// crash ends the peer as a power cut does; it starts again on what was committed.
func (p *peerNode) crash(reason string) {
	p.w.note("%s crashes %s", p.name, reason)
	if p.link != nil {
		p.link.peerGone = true
		p.link.broken()
		p.link = nil
	}
	p.start()
}

// redial connects after a while, unless the peer may not come back.
func (p *peerNode) redial(least time.Duration) {
	if p.dialing || p.ended {
		return
	}
	p.dialing = true
	life := p.life
	p.w.after(max(least, p.w.delay(4*p.w.faults.slowest)), func() {
		if p.life != life {
			return
		}
		p.dialing = false
		if p.away {
			return
		}
		if p.w.happens(p.w.faults.dialFails) {
			p.input(peer.Closed{Problem: wire.Refuse(wire.CodeUnreachable)})
			p.redial(0)
			return
		}
		p.input(peer.Dialing{})
		if p.life != life {
			return
		}
		p.conns++
		p.link = p.w.connect(p)
		p.input(peer.Opened{Conn: p.conns})
	})
}

func (p *peerNode) heard(c *conn, message []byte) {
	if p.link == c {
		p.w.count(message)
		p.w.oracle.heard(p, message)
		p.input(peer.Heard{Conn: c.number, Message: message})
	}
}

func (p *peerNode) lost(c *conn) {
	if p.link != c {
		return
	}
	p.link = nil
	p.input(peer.Closed{Conn: c.number, Problem: wire.Refuse(wire.CodeUnreachable)})
	p.redial(0)
}

// input hands something to the core, commits and lets go. Anything may go wrong on the way.
func (p *peerNode) input(in peer.Input) {
	if p.w.happens(p.w.faults.peerCrash) {
		p.crash("between commits")
		return
	}
	if p.w.happens(p.w.faults.clockJump) {
		p.skew = time.Duration(p.w.rand.Int64N(int64(4*time.Minute))) - 2*time.Minute
	}
	p.core.Handle(p.now(), p.w.entropy, in)
	batch := p.core.Take()
	if len(batch.Ops) > 0 {
		if p.w.happens(p.w.faults.peerCommit) {
			p.crash("before a commit")
			return
		}
		if err := p.store.Commit(context.Background(), batch.Ops); err != nil {
			p.w.fail("%s: %v", p.name, err)
			return
		}
		p.w.oracle.stored(p, batch.Ops)
		if p.w.happens(p.w.faults.peerCommit) {
			p.crash("after a commit, before it knew")
			return
		}
	}
	life := p.life
	for _, output := range batch.Committed() {
		if p.life == life {
			p.release(output)
		}
	}
	p.schedule()
}

func (p *peerNode) release(output peer.Output) {
	switch o := output.(type) {
	case peer.Frames:
		if p.link != nil && p.link.number == o.Conn {
			p.link.sendToRelay(o.Bytes)
		}
	case peer.Hangup:
		p.hangUp(o)
	case peer.WantSignature:
		p.signed = o.Ref
		p.answer(func() peer.Input {
			signature, err := p.keys.Sign(context.Background(), o.Message)
			return peer.Signed{Ref: o.Ref, Signature: signature, Err: err}
		})
	case peer.WantSharedKey:
		p.answer(func() peer.Input {
			key, err := p.keys.SharedKey(context.Background(), o.Box)
			return peer.Shared{Box: o.Box, Key: key, Err: err}
		})
	case peer.WantStatement:
		if p.w.reticent {
			return
		}
		p.w.came["offer"]++
		p.answer(func() peer.Input {
			row, err := p.store.Get(context.Background(), peer.BucketRoster, binary.BigEndian.AppendUint64(nil, o.Number))
			if err != nil {
				panic(err)
			}
			return peer.StatementRow{Number: o.Number, Row: row}
		})
	case peer.Notify:
		if p.w.script != nil {
			p.w.script.notified(p, o)
		}
	case peer.Result:
		if then := p.results[o.Ref]; then != nil {
			delete(p.results, o.Ref)
			then(o)
		}
	case peer.Complaint:
		if p.w.script != nil {
			p.w.script.line("the relay complains about %s: %v", p.name, &o.Problem)
			return
		}
		p.w.oracle.complained(p, o)
	case peer.Dropped:
		if p.w.script != nil {
			p.w.script.dropped(p, o)
			return
		}
		p.w.oracle.dropped(p, o)
	}
}

func (p *peerNode) hangUp(o peer.Hangup) {
	if p.link == nil || p.link.number != o.Conn {
		return
	}
	p.w.note("%s hangs up: %v", p.name, o.Problem)
	if p.w.script != nil {
		p.w.script.hungUp(p, o)
	}
	p.link.closedByPeer()
	p.link = nil
	if p.ended = o.Final; !o.Final {
		p.redial(o.RetryAfter)
	}
}

// answer gives the core what a key made of its question, later.
func (p *peerNode) answer(make func() peer.Input) {
	life := p.life
	do := func() {
		if p.life == life {
			p.input(make())
		}
	}
	if p.mute {
		p.asked = append(p.asked, do)
		return
	}
	p.w.after(p.w.delay(p.w.faults.slowKeys), do)
}

func (p *peerNode) schedule() {
	at := p.core.Deadline()
	if at.IsZero() {
		return
	}
	p.ticks++
	life, tick := p.life, p.ticks
	p.w.after(max(at.Sub(p.now()), time.Millisecond), func() {
		if p.life == life && p.ticks == tick {
			p.input(peer.Tick{})
		}
	})
}

// do gives a command; then hears of its result, unless the peer crashes before.
func (p *peerNode) do(command func(ref uint64) peer.Input, then func(peer.Result)) {
	p.ref++
	p.results[p.ref] = then
	p.input(command(p.ref))
}

// messages are what the peer's log holds, in the order in which it came.
func (p *peerNode) messages() []peer.MessageView {
	var all []peer.MessageView
	arrivals, err := p.store.Scan(context.Background(), peer.BucketArrival, driver.Range{})
	if err != nil {
		panic(err)
	}
	for _, arrival := range arrivals {
		row, _ := p.store.Get(context.Background(), peer.BucketMessage, arrival.Value)
		state, _ := p.store.Get(context.Background(), peer.BucketState, arrival.Value)
		m, err := peer.ParseMessage(row, state)
		if err != nil {
			panic(fmt.Sprintf("%s: %v", p.name, err))
		}
		all = append(all, p.core.Named(m))
	}
	return all
}
