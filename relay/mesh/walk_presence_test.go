package mesh_test

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// session is one of the few that all connections of a device name, as their own or as one that they speak for.
func (p *walker) session(rt *rapid.T) wire.SessionID {
	return sessionOf(rapid.SampledFrom([]string{"1", "2", "3"}).Draw(rt, "session"))
}

// speak sends a card or a bye over one of the device's connections, the newest one or one that it left behind.
func (s *walk) speak(p *walker) {
	if !p.welcome {
		return
	}
	session := p.session(s.rt)
	if rapid.IntRange(0, 3).Draw(s.rt, "own") == 0 {
		session = wire.SessionID{}
	}
	p.version++
	frame := wire.AppendJSONFrame(nil, wire.FrameCard, wire.SetCard{
		Version: p.version - min(p.version-1, rapid.Uint64Range(0, 2).Draw(s.rt, "behind")),
		Card:    make([]byte, rapid.IntRange(1, 200).Draw(s.rt, "size")), Session: session,
	})
	if !session.IsZero() && rapid.IntRange(0, 2).Draw(s.rt, "bye") == 0 {
		frame = wire.AppendBye(nil, session)
	}
	conn := p.conn
	for _, id := range p.conns {
		if s.open[id] != nil && rapid.IntRange(0, 2).Draw(s.rt, "older") == 0 {
			conn = id
			break
		}
	}
	f, _, err := wire.NextFrame(frame)
	if err != nil {
		s.rt.Fatal(err)
	}
	s.handle(s.open[conn], mesh.Event{Kind: mesh.EventReceived, Conn: conn, Frame: f})
}

// pass lets time go by, with what is due then.
// pass commits first: what a batch both appends and drops would stand in no read (checkTrims).
func (s *walk) pass(seconds int) {
	for _, side := range s.sides {
		s.commit(side)
	}
	s.now = s.now.Add(time.Duration(seconds) * time.Second)
	for _, side := range s.sides {
		s.handle(side, mesh.Event{Kind: mesh.EventTick})
	}
}

// tell notes what a presence frame says.
func (p *walker) tell(presence wire.Presence) {
	if presence.Full {
		p.told = make(map[string]string)
	}
	for _, row := range presence.Sessions {
		p.told[row.Device.String()+row.Session.String()] = fmt.Sprintf("%s since %d with card %d", row.State, row.Since, row.CardVersion)
	}
}

// checkTold holds what a connection was told of who is there against what is so. Of those that are offline the relay may have
// forgotten some.
func (p *walker) checkTold(rt *rapid.T, sessions map[string]string) {
	for key, row := range p.told {
		if !strings.HasPrefix(row, wire.StateOffline) && sessions[key] != row && sessions[key] != mesh.Uncertain {
			rt.Fatalf("%s was told that %s is %s, and it is %q", p.name, key, row, sessions[key])
		}
	}
	for key, row := range sessions {
		if !strings.HasPrefix(row, wire.StateOffline) && p.told[key] != row && row != mesh.Uncertain {
			rt.Fatalf("%s was told that %s is %q, and it is %s", p.name, key, p.told[key], row)
		}
	}
}

// complaints are the errors that a device of the walk may earn.
var complaints = map[wire.Code]bool{
	wire.CodeUnsupported: true, wire.CodeInUse: true, wire.CodeSuperseded: true, wire.CodeNotFound: true, wire.CodeRateLimited: true, wire.CodeTooLarge: true,
}
