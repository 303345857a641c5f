package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/shared/wire"
)

// crowd is peers of several meshes on one relay. They send directs to one and to several, and to topics, append statements, read
// everything and store cursors, all at once, and connect again when their connection ends. They hold the relay to
// what it told: an envelope that it accepted stands where it said, once, in every stream, and each stream is one chain.
type crowd struct {
	t        testing.TB
	random   *rand.Rand
	groups   []*group
	accepted atomic.Int64
	more     chan struct{} // one is waiting when accepted rose
	allowed  map[wire.Code]bool
	size     func(*rand.Rand) int // of an envelope
}

// group is the peers of one mesh.
type group struct {
	*protocoltest.Mesh
	crowd    *crowd
	mu       sync.Mutex // of Mesh
	talkers  []*talker
	byDevice map[wire.DeviceID]*talker
	general  wire.Stream
	sent     map[wire.Stream]int // how many sends go to a stream; of mu
}

// count notes a send. It is called with the lock held, and so is nothing else that a talker holds its own lock for.
func (g *group) count(s *sent) {
	for _, stream := range s.streams {
		g.sent[stream]++
	}
}

// due is how many sends go to a stream.
func (g *group) due(stream wire.Stream) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sent[stream]
}

// newCrowd founds meshes with members. The relay may end connections with the codes.
func newCrowd(t *testing.T, target protocoltest.Target, seed uint64, meshes, members int, codes ...wire.Code) *crowd {
	t.Helper()
	t.Logf("seed %d (-fault-seed=%d)", seed, seed)
	c := &crowd{t: t, random: rand.New(rand.NewPCG(seed, 0)), more: make(chan struct{}, 1), allowed: make(map[wire.Code]bool)}
	c.size = small
	for _, code := range codes {
		c.allowed[code] = true
	}
	for range meshes {
		g := &group{Mesh: protocoltest.Found(t, target), crowd: c, byDevice: make(map[wire.DeviceID]*talker), sent: make(map[wire.Stream]int)}
		g.general = wire.TopicStream(wire.GeneralTopic(g.ID))
		devices := []*protocoltest.Device{g.Owner}
		owner := g.Connect(t, g.Owner)
		for range members - 1 {
			devices = append(devices, g.Add(t, owner))
		}
		owner.HangUp()
		for i, d := range devices {
			x := &talker{crowd: c, group: g, device: d, random: rand.New(rand.NewPCG(seed, c.random.Uint64())), logs: make(map[wire.Stream]*readLog)}
			x.changed = sync.NewCond(&x.mu)
			for _, stream := range []wire.Stream{wire.InboxStream(d.Member), g.general} {
				x.follow(stream, 0)
			}
			if i == 0 {
				x.follow(wire.RosterStream(g.ID), 0)
				x.rosterAt(t)
			}
			g.talkers, g.byDevice[d.ID] = append(g.talkers, x), x
		}
		c.groups = append(c.groups, g)
	}
	return c
}

// round has everyone talk until so many more sends are accepted, and then until crash has been.
func (c *crowd) round(sends int, crash func()) {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	until := c.accepted.Load() + int64(sends)
	var talking sync.WaitGroup
	for _, g := range c.groups {
		for _, x := range g.talkers {
			talking.Go(func() { x.talk(ctx, false) })
		}
	}
	limit := time.After(patience)
	for c.accepted.Load() < until && !c.t.Failed() {
		select {
		case <-c.more:
		case <-limit:
			c.t.Errorf("only %d of %d sends were accepted in %s", c.accepted.Load()+int64(sends)-until, sends, patience)
			until = 0
		}
	}
	crash()
	cancel()
	talking.Wait()
	if c.t.Failed() {
		c.t.FailNow()
	}
}

// patience ends a test that waits for what does not come.
const patience = 2 * time.Minute

// finish has everything that was not accepted sent again and everything read, and compares it.
func (c *crowd) finish() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	var talking sync.WaitGroup
	for _, g := range c.groups {
		for _, x := range g.talkers {
			talking.Go(func() { x.talk(ctx, true) })
		}
	}
	talking.Wait()
	if ctx.Err() != nil {
		c.t.Error("the peers did not come to an end")
	}
	if c.t.Failed() {
		c.t.FailNow()
	}
	entries := 0
	for _, g := range c.groups {
		for _, x := range g.talkers {
			entries += x.compare()
			x.readAgain()
		}
	}
	c.t.Logf("%d sends were accepted, %d entries read", c.accepted.Load(), entries)
	if c.t.Failed() {
		c.t.FailNow()
	}
}

// cursors compares what the store has with what peers stored: never less than what the relay confirmed, never more than what
// they said.
func (c *crowd) cursors(stored map[cursorAt]wire.Position) {
	c.t.Helper()
	for _, g := range c.groups {
		for _, x := range g.talkers {
			for stream, l := range x.logs {
				at := stored[cursorAt{x.device.ID, stream}]
				if at < l.confirmed || at > l.said {
					c.t.Errorf("the cursor of device %s in %s is at %d, want %d to %d", x.device.ID, stream.Kind, at, l.confirmed, l.said)
				}
			}
		}
	}
}

// cursorAt is what a cursor is of.
type cursorAt struct {
	device wire.DeviceID
	stream wire.Stream
}

// sent is a send in an outbox, with what the relay said of it.
type sent struct {
	envelope []byte
	streams  []wire.Stream
	placed   map[wire.Stream]wire.Position // nil: not accepted, as far as the sender knows
}

// content is what all recipients of an envelope get of it.
func content(envelope []byte) ([sha256.Size]byte, uint64, error) {
	e, err := wire.ParseEnvelope(envelope)
	return sha256.Sum256(bytes.Join([][]byte{e.Header, e.Nonce, e.Ciphertext}, nil)), e.Counter, err
}

// readLog is what a talker read of a stream.
type readLog struct {
	position        wire.Position // of the last entry
	entries         []entryAt
	last            map[wire.DeviceID]uint64 // counters
	said, confirmed wire.Position            // cursors
	live            bool                     // on this connection
}

type entryAt struct {
	position wire.Position
	sender   wire.DeviceID
	counter  uint64
	content  [sha256.Size]byte
}

// take adds an entry, which must follow the last one.
func (l *readLog) take(d wire.Deliver) error {
	if d.Previous != l.position {
		return fmt.Errorf("position %d follows %d, and %d was read before", d.Position, d.Previous, l.position)
	}
	sum, counter, err := content(d.Envelope)
	if err != nil {
		return err
	}
	if counter <= l.last[d.Sender] {
		return fmt.Errorf("counter %d of device %s comes at %d, and %d came before", counter, d.Sender, d.Position, l.last[d.Sender])
	}
	l.position, l.last[d.Sender] = d.Position, counter
	l.entries = append(l.entries, entryAt{d.Position, d.Sender, counter, sum})
	return nil
}

// compare holds what a talker read to what the others sent, and what it sent to where others read it.
func (x *talker) compare() (entries int) {
	t := x.crowd.t
	for stream, l := range x.logs {
		if stream.Kind == wire.StreamRoster {
			continue
		}
		entries += len(l.entries)
		if due := x.group.due(stream); len(l.entries) != due {
			t.Errorf("device %s read %d entries of its %s, and %d were sent to it", x.device.ID, len(l.entries), stream.Kind, due)
		}
		for _, e := range l.entries {
			from := x.group.byDevice[e.sender]
			if from == nil || e.counter > uint64(len(from.sent)) {
				t.Fatalf("an entry at %d is of counter %d of device %s, which sent no such thing", e.position, e.counter, e.sender)
			}
			s := from.sent[e.counter-1]
			if sum, _, err := content(s.envelope); err != nil || sum != e.content {
				t.Errorf("the entry at %d is not what device %s sent as %d (%v)", e.position, e.sender, e.counter, err)
			}
			if at, known := s.placed[stream]; known && at != e.position {
				t.Errorf("counter %d of device %s stands at %d, and the relay said %d", e.counter, e.sender, e.position, at)
			}
		}
	}
	return entries
}

// readAgain reads what the talker read again, from the beginning and on a connection of its own.
func (x *talker) readAgain() {
	t := x.crowd.t
	c := x.group.Connect(t, x.device)
	defer c.HangUp()
	for stream, l := range x.logs {
		if stream.Kind == wire.StreamRoster {
			continue
		}
		again := &readLog{last: make(map[wire.DeviceID]uint64)}
		c.Tail(0, stream)
		for i := range l.entries {
			d, _ := c.Delivery()
			if err := again.take(d); err != nil {
				t.Fatalf("device %s reads its %s again: %v", x.device.ID, stream.Kind, err)
			}
			if again.entries[i] != l.entries[i] {
				t.Fatalf("device %s reads %+v in its %s, and read %+v before", x.device.ID, again.entries[i], stream.Kind, l.entries[i])
			}
		}
		if head := c.Live(stream); head != l.position {
			t.Errorf("the head of a %s is %d, want %d", stream.Kind, head, l.position)
		}
	}
}

// small and large are sizes of envelopes, in bytes.
func small(r *rand.Rand) int { return 30 + r.IntN(1500) }

func large(r *rand.Rand) int { return 20_000 + r.IntN(60_000) }
