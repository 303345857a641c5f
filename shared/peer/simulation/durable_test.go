package simulation

import (
	"crypto/sha256"
	"slices"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// durable is what the relay's store took of one envelope.
type durable struct {
	sum     [sha256.Size]byte
	streams []wire.Stream
	// lost: it does not stand in the store since that was put back to an older state. rolled: that it was so once.
	lost, rolled bool
}

// appended: a counter is never used for two envelopes.
func (o *oracle) appended(a *mesh.AppendEnvelope) {
	d := &durable{}
	hash := sha256.New()
	for _, e := range a.Entries {
		hash.Write(e.Envelope)
		d.streams = append(d.streams, e.Stream)
		o.counts[e.Stream]++
	}
	d.sum = [sha256.Size]byte(hash.Sum(nil))
	id := wire.MessageIDOf(o.w.relay.mesh, a.Device, a.Counter)
	if before := o.durable[id]; before != nil {
		if !before.lost {
			o.w.fail("the relay took counter %d of %s twice", a.Counter, o.w.deviceOf(a.Device))
		}
		if before.sum != d.sum {
			o.w.fail("%s used the counter %d for two envelopes", o.w.deviceOf(a.Device), a.Counter)
		}
		d.rolled = true
	}
	o.durable[id] = d
}

// rollBack puts the relay's store back, once nobody is half way in.
func (w *world) rollBack(b *backup) {
	for _, p := range w.peers {
		if p.core == nil {
			w.after(w.delay(0), func() { w.rollBack(b) })
			return
		}
	}
	w.relay.putBack(b)
	for _, p := range w.peers {
		if w.recounts && !p.ended {
			p.crash("to forget its counter")
		}
	}
	w.oracle.lose()
}

// lose notes what the store does not hold any more.
func (o *oracle) lose() {
	o.rolled = true
	// What was taken and not yet answered is sent again, to some who have it.
	o.allowed[wire.CodeReplayed] = true
	// That may be behind what was shown to them of the first time.
	for _, witness := range o.nodes {
		clear(witness.last)
	}
	o.stand()
	for id, d := range o.durable {
		if !o.standing[standingAt{d.streams[0], id}] {
			d.lost, d.rolled = true, true
		}
	}
	for stream := range o.counts {
		o.counts[stream] = uint64(len(o.w.relay.entries(stream)))
	}
}

// standingAt is an envelope in a stream.
type standingAt struct {
	stream wire.Stream
	id     wire.MessageID
}

// stand reads what the store holds now.
func (o *oracle) stand() {
	o.standing = map[standingAt]bool{}
	for stream := range o.counts {
		for _, e := range o.w.relay.entries(stream) {
			envelope, err := wire.ParseEnvelope(e.Bytes)
			if err != nil {
				o.w.fail("the relay stored an envelope that does not parse: %v", err)
				return
			}
			o.standing[standingAt{stream, wire.MessageIDOf(o.w.relay.mesh, e.Sender, envelope.Counter)}] = true
		}
	}
}

// standsFor reports whether the store still holds every recipient's copy.
func (o *oracle) standsFor(m *peer.MessageView) bool {
	return !slices.ContainsFunc(m.To, func(to wire.MemberID) bool { return !o.standing[standingAt{wire.InboxStream(to), m.ID}] })
}

// excused: a peer may lack only what the relay lost when its store was put back, or what retention took, of which it was told.
func (o *oracle) excused(p *peerNode, s *said, own *peer.MessageView) bool {
	if o.durable[own.ID].lost && o.w.life.rolls == amid {
		return true
	}
	stream := wire.InboxStream(p.member)
	if s.topic {
		stream = wire.TopicStream(own.Topic)
	}
	if o.w.life.keep == 0 || o.standing[standingAt{stream, own.ID}] {
		return false
	}
	if s.topic {
		return o.witness(p).gaps[s.in]
	}
	return o.witness(p).told[stream]
}

// kept: retention leaves the newest.
func (o *oracle) kept() {
	for stream, n := range o.counts {
		least := n
		if o.w.life.keep > 0 {
			least = min(n, o.w.life.keep)
		}
		if got := uint64(len(o.w.relay.entries(stream))); got < least {
			o.w.fail("of %d entries of the %s the relay keeps %d", n, o.w.streamOf(stream), got)
		}
	}
}

// cutOff reports whether a peer may not come back because the relay's store was put back, and was told so: its roster is not a
// part of the relay's, or nobody who could let it in again is left.
func (o *oracle) cutOff(p *peerNode, relay *roster.State) bool {
	if !o.rolled || o.w.life.rolls != amid || p.core == nil {
		return false
	}
	problem := p.core.View().Problem
	if problem == nil {
		return false
	}
	switch problem.Code {
	case wire.CodeBadRoster:
		return p.ended && relay.Number(o.headOf(p)) == 0
	case wire.CodeUnknownDevice:
		id := p.device.Public.DeviceID()
		if _, known := relay.Device(id); known {
			return false
		}
		for _, other := range o.w.peers {
			if _, knows := o.w.rosterOf(other).Device(id); knows && other != p && !other.ended && other.core.Live() {
				return false
			}
		}
		return true
	}
	return false
}

// invites: an invite that its issuer's device holds for open can be looked up. One of which the code was lost is retired.
func (o *oracle) invites(relay *roster.State, present []*peerNode) {
	snapshot, err := o.w.relay.store.Load(o.w.context(), o.w.relay.mesh)
	if err != nil {
		o.w.fail("the relay's store does not load: %v", err)
		return
	}
	for invite := range relay.Invitations() {
		coded := slices.ContainsFunc(snapshot.Codes, func(c mesh.InviteCode) bool { return c.Invite == invite.ID })
		here := slices.ContainsFunc(present, func(p *peerNode) bool { return p.device.Public.DeviceID() == invite.Issuer })
		if here && !coded && invite.For.IsZero() && relay.Usable(invite.ID, o.w.now) == nil {
			o.w.fail("an invite of %s is open, and the relay has no code for it", o.w.deviceOf(invite.Issuer))
		}
	}
}
