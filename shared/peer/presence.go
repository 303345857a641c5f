package peer

import (
	"cmp"
	"slices"
	"time"

	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

// presence is what the relay says of the mesh's sessions, with their cards as far as they verify.
type presence struct {
	sessions map[sessionKey]*session
	reopen   bool // keys or roster moved: cards that did not open may open now
}

type sessionKey struct {
	device  wire.DeviceID
	session wire.SessionID
}

// maxSessions bounds what a relay can make this device remember.
const maxSessions = 1 << 16

// session is one session of a member.
type session struct {
	key    sessionKey
	member wire.MemberID
	state  Presence
	since  int64
	sealed []byte
	// version is that of sealed, and opened whether card shows it.
	version uint64
	opened  bool
	card    Card
}

func newPresence() presence { return presence{sessions: map[sessionKey]*session{}} }

// deadline is when what was last known is too old to be shown: a person sees it for as long as the relay would wait for this
// device itself.
func (p *presence) deadline(c *Core) time.Time {
	if c.link.lost.IsZero() || c.stalePresence() {
		return time.Time{}
	}
	return c.link.lost.Add(wire.GraceSeconds * time.Second)
}

// stalePresence reports whether nothing can be said about who is online.
func (c *Core) stalePresence() bool {
	return c.link.phase < phaseRoster && (c.link.lost.IsZero() || !c.now.Before(c.link.lost.Add(wire.GraceSeconds*time.Second)))
}

func (c *Core) hearPresence(payload []byte) error {
	var p wire.Presence
	if err := wire.DecodeJSON(payload, wire.MaxFrame, &p); err != nil {
		return err
	}
	if p.Full {
		c.presence.sessions = map[sessionKey]*session{}
	}
	for _, s := range p.Sessions {
		c.hearSession(&s)
	}
	c.presence.reopen, c.changed = true, true
	return nil
}

func (c *Core) hearSession(s *wire.SessionState) {
	key := sessionKey{s.Device, s.Session}
	state := Presence(s.State)
	if state != Online && state != Away && state != Offline {
		c.dropped(wire.CodeUnknownKind, wire.Stream{}, s.Device)
		return
	}
	known := c.presence.sessions[key]
	if known == nil && len(c.presence.sessions) >= maxSessions {
		c.dropped(wire.CodeTooLarge, wire.Stream{}, s.Device)
		return
	}
	if known == nil {
		known = &session{key: key}
		c.presence.sessions[key] = known
	}
	known.member, known.state, known.since = s.Member, state, s.Since
	if len(s.Card) > 0 && len(s.Card) <= wire.MaxCard && s.CardVersion > known.version {
		known.sealed, known.version, known.opened = s.Card, s.CardVersion, false
	}
	if state == Offline {
		c.forgetOffline(known)
	}
	if s.Device == c.id {
		c.showsOwn(s)
	}
}

// forgetOffline keeps one offline session of a member, as the relay does.
func (c *Core) forgetOffline(last *session) {
	for key, s := range c.presence.sessions {
		if s != last && s.member == last.member && s.state == Offline {
			delete(c.presence.sessions, key)
		}
	}
}

// pumpPresence opens the cards that came, as far as keys and roster are here.
func (c *Core) pumpPresence() {
	if !c.presence.reopen || c.link.phase < phaseLive || c.enrollment != nil {
		return
	}
	c.presence.reopen = false
	for _, s := range c.sessions() {
		if s.sealed == nil || s.opened {
			continue
		}
		if err := c.openCard(s); err != nil {
			c.dropped(wire.CodeOf(err), wire.Stream{}, s.key.device)
		}
		c.changed = true
	}
}

func (c *Core) openCard(s *session) error {
	epoch, err := seal.CardEpoch(s.sealed)
	if err != nil {
		return err
	}
	device, ok := c.roster.Device(s.key.device)
	if !ok || device.Member != s.member {
		return wire.Refuse(wire.CodeUnknownDevice)
	}
	root, ok := c.ring.Root(epoch)
	if !ok {
		return nil // when its key is here, the ring says so
	}
	of := seal.CardOf{Mesh: c.self.Mesh, Device: s.key.device, Session: s.key.session, Version: s.version}
	text, err := seal.OpenCard(keyring.CardKey(root, epoch), of, device.Public.Sign, s.sealed)
	if err != nil {
		return err
	}
	card, err := parseCard(text)
	if err == nil {
		s.card, s.opened = card, true
	}
	return err
}

// sessions are all sessions in an order of their own.
func (c *Core) sessions() []*session {
	all := make([]*session, 0, len(c.presence.sessions))
	for _, s := range c.presence.sessions {
		all = append(all, s)
	}
	order.By(all, func(a, b *session) int {
		return cmp.Or(slices.Compare(a.key.device[:], b.key.device[:]), slices.Compare(a.key.session[:], b.key.session[:]))
	})
	return all
}
