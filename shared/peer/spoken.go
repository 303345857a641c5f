package peer

import (
	"slices"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// Spoken is a session beside its own that a device speaks for. Card nil: it has ended, and the relay may not know.
type Spoken struct {
	Session wire.SessionID
	Card    *Card
}

// speech is what this device says of its sessions: of its own, and of those beside it. Each card is told once on each connection,
// when it changed, and when the epoch moved. A relay takes few cards, and says which were taken only by showing them; so cards
// are paced, the latest of a session replaces what waits, and those that a refusal may have been about are told again.
type speech struct {
	all      []*spoken // the one that was told longest ago first, so that none waits for ever
	level    time.Time // pace: every card moves it by cardEvery, and it is never more than cardBurst cards ahead
	rest     time.Time // after a refusal no card is told before
	refusals int       // since a card was taken
	hold     time.Time // when the next card that waits can be told; zero: none waits for the time
}

// spoken is a session that this device speaks for.
type spoken struct {
	session wire.SessionID
	card    *Card     // nil: it has ended
	version uint64    // of the last card signed, or of a later one that the relay has
	epoch   uint32    // in which that was sealed
	due     bool      // the card was not told
	signing bool      // it is about to be
	unsure  bool      // it was told, and the relay has not shown it
	again   bool      // and has refused something since
	next    time.Time // not before
	bye     bool      // the end was told on this connection
}

func newSpeech(device *Device) speech {
	var s speech
	if device.Card != nil && !device.OneShot {
		s.all = append(s.all, &spoken{session: device.Session, card: device.Card})
	}
	for _, one := range device.Spoken {
		s.all = append(s.all, &spoken{session: one.Session, card: one.Card})
	}
	return s
}

// Device is the device as a core is made of it that takes this one's place.
func (c *Core) Device() Device {
	device := c.device
	device.Spoken = nil
	for _, s := range c.speech.all {
		if s.session == device.Session {
			device.Card = s.card
			continue
		}
		device.Spoken = append(device.Spoken, Spoken{s.session, s.card})
	}
	return device
}

func (s *speech) find(session wire.SessionID) *spoken {
	if i := slices.IndexFunc(s.all, func(one *spoken) bool { return one.session == session }); i >= 0 {
		return s.all[i]
	}
	return nil
}

func (s *speech) remove(one *spoken) {
	s.all = slices.DeleteFunc(s.all, func(other *spoken) bool { return other == one })
}

// disconnected forgets what the lost connection was told: on the next one everything is told anew.
func (s *speech) disconnected() {
	s.rest, s.refusals, s.hold = time.Time{}, 0, time.Time{}
	for _, one := range s.all {
		one.due, one.signing, one.unsure, one.again, one.bye = true, false, false, false, false
	}
}

func (c *Core) commandCard(in ShowCard) {
	session := in.Session
	if session.IsZero() {
		session = c.device.Session
	}
	if err := in.Card.check(); err != nil {
		c.fail(in.Ref, err)
		return
	}
	if session == c.device.Session && c.device.OneShot {
		c.fail(in.Ref, wire.Errorf(wire.CodeUnsupported, "A one-shot connection has no session of its own that could have a card."))
		return
	}
	one := c.speech.find(session)
	if session != c.device.Session && (one == nil || one.card == nil) && c.speech.live(c.device.Session) >= wire.MaxSpoken {
		c.fail(in.Ref, wire.Errorf(wire.CodeTooLarge, "A device shows at most %d sessions at once.", wire.MaxSpoken))
		return
	}
	if one == nil {
		one = &spoken{session: session}
		c.speech.all = append(c.speech.all, one)
	}
	c.setCard(one, in.Card)
	c.result(Result{Ref: in.Ref})
}

// live counts the sessions beside the own one that have not ended.
func (s *speech) live(own wire.SessionID) (n int) {
	for _, one := range s.all {
		if one.session != own && one.card != nil {
			n++
		}
	}
	return n
}

func (c *Core) setCard(one *spoken, card Card) {
	card.Tags = slices.Clone(card.Tags)
	before := one.card
	if card.StatusSince == 0 {
		card.StatusSince = c.milliseconds()
		if before != nil && before.Status == card.Status && before.StatusSince != 0 {
			card.StatusSince = before.StatusSince
		}
	}
	if before == nil || !before.equal(&card) {
		one.card, one.due, one.bye = &card, true, false
	}
}

func (c *Core) commandEndSession(in EndSession) {
	if in.Session == c.device.Session {
		c.fail(in.Ref, wire.Errorf(wire.CodeMalformed, "A connection's own session ends with the connection."))
		return
	}
	if one := c.speech.find(in.Session); one != nil && one.card != nil {
		one.card, one.bye = nil, false
		c.speech.forgetOldEnds()
	}
	c.result(Result{Ref: in.Ref})
}

// forgetOldEnds bounds the sessions whose end is still to be told; the relay ends the others itself, after the grace.
func (s *speech) forgetOldEnds() {
	ended := 0
	for _, one := range slices.Backward(s.all) {
		if one.card != nil {
			continue
		}
		if ended++; ended > wire.MaxSpoken {
			s.remove(one)
			return
		}
	}
}
