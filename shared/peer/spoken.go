package peer

import (
	"slices"
	"time"

	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/seal"
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

// How fast cards are told: a session's one after another, and all of them together. The relay's bound is for all devices of a
// member and is met by resting.
const (
	cardPause = 500 * time.Millisecond
	cardEvery = 200 * time.Millisecond
	cardBurst = wire.MaxSpoken + 1
	maxRest   = 30 * time.Second
)

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

// pumpSpeech tells what is due, as far as the pace allows.
func (c *Core) pumpSpeech() {
	p := &c.speech
	p.hold = time.Time{}
	if c.link.phase != phaseLive || c.enrollment != nil || c.link.final != nil {
		return
	}
	epoch := c.roster.Epoch()
	root, have := c.ring.Root(epoch)
	self, known := c.roster.Device(c.id)
	for _, one := range slices.Clone(p.all) {
		switch {
		case one.card == nil:
			c.tellEnd(one)
		case !have, !known, self.Standing != roster.Present, one.signing, !one.due && !one.again && one.epoch == epoch:
		default:
			if at := p.ready(one, c.now); c.now.Before(at) {
				p.hold = earliest(p.hold, at)
				continue
			}
			c.tellCard(one, epoch, root)
		}
	}
}

// ready is when a session's card may be told. Times too far off are of a clock that was set back since.
func (p *speech) ready(one *spoken, now time.Time) time.Time {
	most := now.Add(cardBurst * cardEvery)
	if p.level.Before(now) {
		p.level = now
	} else if p.level.After(most) {
		p.level = most
	}
	at := p.level.Add(cardEvery - cardBurst*cardEvery)
	for _, bound := range []struct {
		until *time.Time
		most  time.Duration
	}{{&one.next, cardPause}, {&p.rest, maxRest}} {
		if bound.until.After(now.Add(bound.most)) {
			*bound.until = time.Time{}
		}
		if bound.until.After(at) {
			at = *bound.until
		}
	}
	return at
}

func (c *Core) tellCard(one *spoken, epoch uint32, root keyring.Root) {
	p := &c.speech
	if one.card.StatusSince == 0 { // as the core was made with it
		card := *one.card
		card.StatusSince = c.milliseconds()
		one.card = &card
	}
	text := one.card.encode()
	// A version is never used twice, not even by a session that was started again with the same id.
	one.version = max(one.version+1, uint64(c.milliseconds()))
	of := seal.CardOf{Mesh: c.self.Mesh, Device: c.id, Session: one.session, Version: one.version}
	one.due, one.again, one.signing, one.epoch, one.next = false, false, true, epoch, c.now.Add(cardPause)
	p.level = p.level.Add(cardEvery)
	p.remove(one)
	p.all = append(p.all, one)
	conn := c.link.conn
	c.sign(of.SigningBytes(text), func(signature []byte, err error) {
		if c.link.conn != conn || c.link.phase != phaseLive {
			return
		}
		one.signing = false
		if one.card == nil {
			return // it ended meanwhile
		}
		var sealed []byte
		if err == nil {
			sealed, err = seal.SealCard(c.entropy, keyring.CardKey(root, epoch), epoch, text, signature)
		}
		if err != nil {
			c.dropped(wire.CodeOf(err), wire.Stream{}, c.id)
			return
		}
		card := wire.SetCard{Version: of.Version, Card: sealed}
		if one.session != c.device.Session {
			card.Session = one.session
		}
		one.unsure = true
		c.send(wire.AppendJSONFrame(nil, wire.FrameCard, card))
	})
}

// tellEnd ends a session at the relay, where that may know it: once on each connection, until the relay shows it as offline.
func (c *Core) tellEnd(one *spoken) {
	known := c.presence.sessions[sessionKey{c.id, one.session}]
	switch {
	case one.bye:
	case one.unsure, known != nil && known.state != Offline:
		one.bye, one.unsure, one.again = true, false, false
		c.send(wire.AppendBye(nil, one.session))
	default:
		c.speech.remove(one)
	}
}

// showsOwn compares what the relay shows of a session of this device with what it was told.
func (c *Core) showsOwn(s *wire.SessionState) {
	one := c.speech.find(s.Session)
	switch {
	case one == nil:
	case one.card == nil:
		if s.State == wire.StateOffline {
			c.speech.remove(one)
		}
	case s.CardVersion > one.version && s.CardVersion < wire.MaxJSONNumber:
		// The session was spoken for by another run, by a clock that was ahead: the next card has to be above that.
		one.version, one.due = s.CardVersion, true
	case s.CardVersion == one.version && !one.signing:
		one.unsure, one.again = false, false
		c.speech.refusals = 0
	}
}

// cardsRefused takes a refusal that says the same thing can succeed later. It names no card, so all that were not shown since
// are told again, after a rest.
func (c *Core) cardsRefused() {
	p, told := &c.speech, false
	for _, one := range p.all {
		if one.unsure && !one.again {
			one.again, told = true, true
		}
	}
	if told {
		p.rest = c.now.Add(min(time.Second<<min(p.refusals, 5), maxRest))
		p.refusals++
	}
}
