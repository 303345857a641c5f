package peer

import (
	"math"
	"slices"
	"time"

	"claudemesh.com/mesh/shared/message"
	"claudemesh.com/mesh/shared/wire"
)

// outbox is what this device wants to say and the relay has not accepted, in order. Counters are given when a message comes
// in; it is sealed when it can be sent, because what was sealed earlier may name yesterday's devices.
type outbox struct {
	entries []*entry
	counter uint64 // the last one given
	last    uint64 // the relay's: of the last send that it accepted

	next    int      // entries[:next] were sent on this connection
	flights []flight // sent on this connection and not answered, in order
	round   int      // rises when everything is sent again; answers to earlier rounds mean nothing

	hold    time.Time // nothing is sent before
	refresh bool      // nothing is sealed before the roster was read to its head again
}

// entry is one message to be sent; its exported fields are its row.
type entry struct {
	Message MessageView `json:"message"`
	// Read is set in a receipt, which is in no log.
	Read []wire.MessageID `json:"read,omitempty"`
	// Envelope is what is sent; it never changes while the counter stays. Nil: not sealed.
	Envelope []byte `json:"envelope,omitempty"`
	// Roster is the number of statements on which it was sealed.
	Roster int `json:"roster,omitempty"`
	// Refusals counts those after which it was sealed again.
	Refusals int `json:"refusals,omitempty"`

	counter uint64
	head    wire.Head // on which it was sealed
	signing bool
	first   uint64 // connection on which it was sent first; 0: none
}

// earlier stands in entry.first for a connection that this core knows nothing of.
const earlier = math.MaxUint64

type flight struct {
	counter uint64
	round   int
	size    int
}

// Bounds of what is on its way: enough to fill a slow line, little enough to send again.
const (
	maxFlights     = 64
	maxFlightBytes = 4 << 20
)

// maxRefusals is how often a message is sealed again before it has failed.
const maxRefusals = 8

func (o *outbox) disconnected() {
	o.next, o.flights, o.refresh, o.hold = 0, nil, false, time.Time{}
}

// enqueue gives a message its counter and id and stores it.
func (c *Core) enqueue(e *entry) {
	c.number(e)
	c.outbox.entries = append(c.outbox.entries, e)
	c.changed = true
}

func (c *Core) number(e *entry) {
	c.outbox.counter++
	e.counter, e.Envelope, e.signing, e.first = c.outbox.counter, nil, false, 0
	e.Message.ID = wire.MessageIDOf(c.self.Mesh, c.id, e.counter)
	c.put(BucketMeta, metaKey(metaCounter), u64(c.outbox.counter))
	c.put(BucketOutbox, u64(e.counter), encode(e))
}

// renumber gives new counters to the message at i and all behind it, so that their order stays, and forgets what was sealed.
// None of them was accepted: a relay takes nothing behind what it refused until it is sent with another after.
func (c *Core) renumber(i int) {
	for _, e := range c.outbox.entries[i:] {
		c.delete(BucketOutbox, u64(e.counter))
		if !e.isReceipt() && e.Message.Topic.IsZero() && !c.toSelf(&e.Message) {
			c.delete(BucketMessageID, slices.Clone(e.Message.ID[:])) // else a session here may know it by this id
		}
		c.number(e)
		if !e.isReceipt() {
			c.update(&e.Message, false)
		}
	}
	c.outbox.next = min(c.outbox.next, i)
	c.outbox.round++
}

func (e *entry) isReceipt() bool { return e.Message.Type == string(message.TypeReceipt) }

// resume goes on from the last counter that the relay accepted.
func (o *outbox) resume(c *Core, last uint64) {
	o.last, o.next = last, 0
	o.round++
	if last > o.counter {
		// This store is older than what the device sent: a counter is never used twice.
		o.counter = last
		c.put(BucketMeta, metaKey(metaCounter), u64(last))
	}
	for i, e := range o.entries {
		if e.Envelope == nil && e.counter <= last {
			c.renumber(i)
			return
		}
	}
}

// pumpOutbox seals what can be sent, and sends what is sealed.
func (c *Core) pumpOutbox() {
	o := &c.outbox
	if c.held(&o.hold) || c.link.phase != phaseLive || c.enrollment != nil || c.link.final != nil || c.isBehind() || c.jobs.counting() {
		return
	}
	o.refresh = o.refresh && c.streams.refreshing
	if !o.refresh {
		c.sealWaiting()
	}
	if len(o.flights) == 0 && o.next > 0 {
		o.next = 0 // every send is answered; what was not taken goes again
		o.round++
	}
	size := 0
	for _, f := range o.flights {
		size += f.size
	}
	for o.next < len(o.entries) && len(o.flights) < maxFlights && size < maxFlightBytes {
		e := o.entries[o.next]
		if e.Envelope == nil {
			return
		}
		after := o.last
		if o.next > 0 {
			after = max(after, o.entries[o.next-1].counter)
		}
		c.send(wire.AppendSend(nil, wire.Send{After: after, Envelope: e.Envelope}))
		if e.first == 0 {
			e.first = c.link.conn
		}
		o.flights = append(o.flights, flight{e.counter, o.round, len(e.Envelope)})
		size += len(e.Envelope)
		o.next++
	}
}

// land forgets the unanswered sends of a counter.
func (o *outbox) land(counter uint64) {
	o.flights = slices.DeleteFunc(o.flights, func(f flight) bool { return f.counter == counter })
}

func (o *outbox) find(counter uint64) int {
	return slices.IndexFunc(o.entries, func(e *entry) bool { return e.counter == counter })
}

// remove takes an entry out of the outbox.
func (c *Core) remove(i int) *entry {
	o := &c.outbox
	e := o.entries[i]
	o.entries = slices.Delete(o.entries, i, i+1)
	if o.next > i {
		o.next--
	}
	c.delete(BucketOutbox, u64(e.counter))
	c.changed = true
	return e
}

func (c *Core) hearAccepted(payload []byte) error {
	a, err := wire.ParseAccepted(payload, nil)
	if err != nil {
		return err
	}
	o := &c.outbox
	o.land(a.Counter)
	o.last = max(o.last, a.Counter)
	i := o.find(a.Counter)
	if i < 0 || o.entries[i].Envelope == nil {
		return nil
	}
	e := c.remove(i)
	if e.isReceipt() {
		return nil
	}
	taken := e.Message.State == Read // by a session here, before the relay had it
	if !taken {
		e.Message.State = Accepted
	}
	e.Message.Error = nil
	e.Message.ReceivedAt = int64(a.Time)
	if a.Time == 0 { // a repeat of long ago
		e.Message.ReceivedAt = c.milliseconds()
	}
	c.update(&e.Message, false)
	if taken {
		return nil
	}
	c.sent.add(c, &e.Message, e, a.Placed)
	if e.first != c.link.conn {
		// Another connection sent it, and whatever was delivered since then was told there.
		c.track(e.Message.ID)
	}
	return nil
}

func (c *Core) hearResume(payload []byte) error {
	last, err := wire.ParseResume(payload)
	if err != nil {
		return err
	}
	o := &c.outbox
	if len(o.flights) == 0 {
		return wire.Errorf(wire.CodeMalformed, "the relay resumed without a send")
	}
	first := o.flights[0]
	o.flights = o.flights[1:]
	if first.round == o.round {
		o.resume(c, last)
	}
	return nil
}

func (c *Core) hearRefused(payload []byte) error {
	var r wire.Refused
	if err := wire.DecodeJSON(payload, wire.MaxJSON, &r); err != nil {
		return err
	}
	o := &c.outbox
	o.land(r.Counter)
	i := o.find(r.Counter)
	if i < 0 {
		return nil
	}
	e := o.entries[i]
	stale := r.Code == wire.CodeStaleRoster || r.Code == wire.CodeStaleEpoch
	switch {
	case stale && e.Refusals < maxRefusals:
		if e.head == c.roster.Head() {
			o.refresh = true
			c.refreshRoster()
		}
	case !stale && r.Retry:
		o.hold = c.now.Add(min(time.Second<<min(e.Refusals, 5), 30*time.Second))
		for _, held := range o.entries[i:] {
			if held.Message.State == Sending {
				held.Message.Error = &r.Error
			}
		}
	default:
		c.failEntry(i, &r.Error)
		return nil
	}
	e.Refusals++
	c.renumber(i)
	return nil
}

// failEntry gives up on a message; a person can send it again.
func (c *Core) failEntry(i int, why *wire.Error) {
	e := c.remove(i)
	if e.isReceipt() || e.Message.State == Read {
		return
	}
	e.Message.State, e.Message.Error = Failed, why
	c.update(&e.Message, false)
}

// abandon fails everything that waits.
func (o *outbox) abandon(c *Core, why *wire.Error) {
	for len(o.entries) > 0 {
		c.failEntry(0, why)
	}
}
