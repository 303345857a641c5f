package peer

import (
	"slices"
	"time"

	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

// How fast cards are told: a session's one after another, and all of them together. The relay's bound is for all devices of a
// member and is met by resting.
const (
	cardPause = 500 * time.Millisecond
	cardEvery = 200 * time.Millisecond
	cardBurst = wire.MaxSpoken + 1
	maxRest   = 30 * time.Second
)

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
