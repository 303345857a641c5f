//go:build !js

package driver_test

import (
	"crypto/rand"
	"errors"
	"reflect"
	"sync/atomic"
	"testing"

	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

func newSession() (id wire.SessionID) {
	rand.Read(id[:])
	return id
}

// daemon brings in one more member whose connection has no session of its own.
func (d *device) daemon(name string) *device {
	d.t.Helper()
	member := d.join(name)
	if err := member.stop(); err != nil {
		d.t.Fatal(err)
	}
	member.host.OneShot, member.host.Session = true, newSession()
	member.run()
	member.live()
	return member
}

func (d *device) member(name string) (m peer.MemberView) {
	for _, one := range d.Mesh().Members {
		if one.Name == name {
			m = one
		}
	}
	return m
}

// shows reports whether a member is shown with exactly these sessions, online.
func (d *device) shows(name string, want map[wire.SessionID]peer.Card) bool {
	m := d.member(name)
	got := map[wire.SessionID]peer.Card{}
	for _, s := range m.Sessions {
		if s.State == peer.Online {
			got[s.Session] = s.Card
		}
	}
	return reflect.DeepEqual(got, want) && (m.Presence == peer.Online) == (len(want) > 0)
}

func agent(summary string, status peer.Status, since int64) peer.Card {
	return peer.Card{Kind: peer.KindAgent, Status: status, StatusSince: since, Summary: summary, Directory: "~/" + summary, Tags: []string{}}
}

func TestSessions(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	bo := ada.daemon("Bo")
	ada.until("a daemon without sessions is offline", func() bool { return ada.shows("Bo", map[wire.SessionID]peer.Card{}) })

	first, second := newSession(), newSession()
	want := map[wire.SessionID]peer.Card{}
	set := func(id wire.SessionID, card peer.Card) {
		t.Helper()
		if err := bo.SetSession(t.Context(), id, card); err != nil {
			t.Fatal(err)
		}
		want[id] = card
	}
	set(first, agent("web", peer.StatusWorking, 1000))
	set(second, agent("api", peer.StatusNeedsApproval, 2000))
	ada.until("both sessions", func() bool { return ada.shows("Bo", want) })
	if m := ada.member("Bo"); m.Status != peer.StatusNeedsApproval || m.Summary != "api" || m.Kind != peer.KindAgent {
		t.Errorf("at a glance Bo is %s, %q", m.Status, m.Summary)
	}
	bo.until("one's own sessions", func() bool { return bo.shows("Bo", want) })
	set(second, agent("api", peer.StatusIdle, 3000))
	ada.until("the change", func() bool { return ada.shows("Bo", want) && ada.member("Bo").Summary == "web" })

	relay.Stop()
	third := newSession()
	set(third, agent("docs", peer.StatusIdle, 4000))
	relay.Start()
	bo.Wake()
	ada.Wake()
	ada.until("all sessions after the relay's restart", func() bool { return ada.shows("Bo", want) })

	// The core starts anew on the store, and says what it said.
	var broken atomic.Bool
	bo.host.Store.(*driver.Memory).Fault = func(bool) error {
		if broken.Swap(false) {
			return errors.New("the disk is full")
		}
		return nil
	}
	if err := bo.EndSession(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	delete(want, first)
	broken.Store(true)
	_, err := bo.Send(t.Context(), peer.Draft{Target: "#general", Text: "not stored"})
	wantCode(t, err, wire.CodeStorage)
	bo.Wake()
	bo.live()
	set(second, agent("api", peer.StatusDND, 5000))
	ada.until("the sessions of the core that was restarted", func() bool { return ada.shows("Bo", want) })

	for id := range want {
		if err := bo.EndSession(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	ada.until("all have ended", func() bool { return ada.shows("Bo", map[wire.SessionID]peer.Card{}) })
	if err := bo.EndSession(t.Context(), first); err != nil {
		t.Errorf("a session that has ended cannot be ended: %v", err)
	}
	set(first, agent("again", peer.StatusIdle, 6000))
	ada.until("a session that began again", func() bool {
		return ada.shows("Bo", map[wire.SessionID]peer.Card{first: want[first]})
	})
	if err := bo.stop(); err != nil {
		t.Fatal(err)
	}
	ada.until("the sessions end with the connection", func() bool { return ada.shows("Bo", map[wire.SessionID]peer.Card{}) })
}

func TestSessionsRefused(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	bo := ada.daemon("Bo")
	good := agent("web", peer.StatusIdle, 0)
	wantCode(t, bo.SetSession(t.Context(), wire.SessionID{}, good), wire.CodeMalformed)
	wantCode(t, bo.SetSession(t.Context(), bo.host.Session, good), wire.CodeUnsupported)
	wantCode(t, bo.SetCard(t.Context(), good), wire.CodeUnsupported)
	wantCode(t, bo.EndSession(t.Context(), bo.host.Session), wire.CodeMalformed)
	wantCode(t, bo.SetSession(t.Context(), newSession(), peer.Card{Kind: "robot"}), wire.CodeMalformed)
	early := good
	early.StatusSince = -1
	wantCode(t, bo.SetSession(t.Context(), newSession(), early), wire.CodeMalformed)

	// A session's own connection can name it too; when its status began is known without being told.
	if err := ada.SetSession(t.Context(), ada.host.Session, peer.Card{Kind: peer.KindPerson, Status: peer.StatusWorking}); err != nil {
		t.Fatal(err)
	}
	since := func() int64 {
		if s := bo.member("Ada").Sessions; len(s) == 1 && s[0].Session == ada.host.Session && s[0].Card.Status == peer.StatusWorking {
			return s[0].Card.StatusSince
		}
		return 0
	}
	bo.until("Ada works", func() bool { return since() > 0 })
	began := since()
	if err := ada.SetCard(t.Context(), peer.Card{Kind: peer.KindPerson, Status: peer.StatusWorking, Summary: "still"}); err != nil {
		t.Fatal(err)
	}
	bo.until("Ada still works", func() bool { return bo.member("Ada").Summary == "still" })
	if since() != began {
		t.Errorf("the status began at %d, and then at %d", began, since())
	}
}

func TestMessagesBetweenSessions(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	bo := ada.daemon("Bo")
	cy := ada.join("Cy")
	web := newSession()
	if err := bo.SetSession(t.Context(), web, agent("web", peer.StatusIdle, 1)); err != nil {
		t.Fatal(err)
	}
	ada.until("the session", func() bool { return ada.member("Bo").Presence == peer.Online })
	send := func(d *device, draft peer.Draft) peer.MessageView {
		t.Helper()
		m, err := d.Send(t.Context(), draft)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	// get waits for a message at another device.
	get := func(d *device, id wire.MessageID) (m peer.MessageView) {
		t.Helper()
		d.until("the message", func() bool {
			var err error
			m, err = d.Message(t.Context(), id)
			return err == nil
		})
		return m
	}

	for _, target := range []string{"Bo/web", "bo/" + web.String()[:4], web.String()[:8]} {
		if r := ada.Resolve(target); r.Problem != nil || r.Session != web || r.Kind != peer.TargetMember || len(r.Recipients) != 1 {
			t.Errorf("%q means %+v", target, r)
		}
		if m := get(bo, send(ada, peer.Draft{Target: target, Text: "to one"}).ID); m.Session != web || m.FromSession != ada.host.Session {
			t.Errorf("%q: Bo got %+v", target, m)
		}
	}
	if r := ada.Resolve("Bo/nothing"); r.Problem == nil || r.Problem.Code != wire.CodeNotFound {
		t.Errorf("a session that is not there means %+v", r)
	}
	if s := ada.Complete("Bo/"); len(s) != 1 || s[0].Target != "Bo/web" || s[0].Kind != string(peer.KindAgent) || s[0].Detail != "web" {
		t.Errorf("behind a slash %+v is suggested", s)
	}
	plain := get(ada, send(bo, peer.Draft{Target: "Ada", Text: "from nobody in particular"}).ID)
	if !plain.FromSession.IsZero() {
		t.Errorf("what a daemon says comes from %s", plain.FromSession)
	}
	said := get(ada, send(bo, peer.Draft{Target: "Ada", Text: "from one", FromSession: web}).ID)
	if said.FromSession != web {
		t.Fatalf("Ada got %+v", said)
	}
	topic := get(ada, send(bo, peer.Draft{Target: "#general", Text: "from one to all", FromSession: web}).ID)
	for name, c := range map[string]struct {
		draft peer.Draft
		want  wire.SessionID
	}{
		"a reply":                     {peer.Draft{Target: "Bo", ReplyTo: said.ID}, web},
		"a reply to another session":  {peer.Draft{Target: "Bo", ReplyTo: said.ID, Session: wire.SessionID{9}}, wire.SessionID{9}},
		"a reply to nobody":           {peer.Draft{Target: "Bo", ReplyTo: plain.ID}, wire.SessionID{}},
		"a reply to what is not here": {peer.Draft{Target: "Bo", ReplyTo: wire.MessageID{1}}, wire.SessionID{}},
		"a reply to others too":       {peer.Draft{Target: "Bo,Cy", ReplyTo: said.ID}, web},
		"a reply out of a topic":      {peer.Draft{Target: "Bo", ReplyTo: topic.ID}, web},
		"a reply elsewhere":           {peer.Draft{Target: "Cy", ReplyTo: said.ID}, wire.SessionID{}},
		"a reply in a topic":          {peer.Draft{Target: "#general", ReplyTo: topic.ID}, web},
		"no reply":                    {peer.Draft{Target: "Bo"}, wire.SessionID{}},
	} {
		c.draft.Text = name
		at := bo
		if c.draft.Target == "Cy" {
			at = cy
		}
		if m := get(at, send(ada, c.draft).ID); m.Session != c.want {
			t.Errorf("%s goes to the session %s, want %s", name, m.Session, c.want)
		}
	}
}
