package daemon_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/device"
	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

// evesMesh is a mesh of Eve's own on the same relay.
func evesMesh(t *testing.T, r *relaytest.Server, name string) *device.Device {
	t.Helper()
	_, folder := enter(t, filepath.Join(t.TempDir(), "eve"), func(host driver.Host) error {
		return driver.Create(limit(t), host, driver.CreateOptions{Relay: r.URL(), Name: name, DisplayName: "Eve"})
	})
	eve, err := device.Open(t.Context(), folder, device.Options{Card: &peer.Card{Kind: peer.KindPerson, Status: peer.StatusIdle}})
	if err != nil {
		t.Fatal(err)
	}
	eve.Connect(context.Background())
	t.Cleanup(func() { eve.Close() })
	if err := eve.WaitLive(limit(t)); err != nil {
		t.Fatal(err)
	}
	return eve
}

// joins brings the machine into another mesh, as Bo.
func (m *machine) joins(inviter *device.Device) {
	m.t.Helper()
	folder, err := m.home.Make("second")
	if err != nil {
		m.t.Fatal(err)
	}
	host, store, err := device.Host(folder, device.Options{})
	if err != nil {
		m.t.Fatal(err)
	}
	if err := errors.Join(join(m.t, inviter, "Bo")(host), store.Close()); err != nil {
		m.t.Fatal(err)
	}
}

// A mesh that is joined later and has the name of another one does not get the sessions that keep to that name, nor does it take
// them over: what they ask for is refused, with the ids. One that keeps to an id goes on.
func TestMeshesOfOneName(t *testing.T) {
	r, ada, m := world(t)
	c := m.client()
	if err := c.Rescan(limit(t)); err != nil {
		t.Fatal(err)
	}
	named, byID := someone(1), someone(2)
	id := ada.Mesh().Mesh.String()
	named.Mesh, byID.Mesh = "Harbour", id[:agent.Sure]
	// Each agent has a client of its own, as its requests are about its sessions.
	other := m.client()
	attach(t, c, named)
	attach(t, other, byID)
	sees(t, ada, named.Session)
	sees(t, ada, byID.Session)

	eve := evesMesh(t, r, "Harbour")
	m.joins(eve)
	if err := c.Rescan(limit(t)); err != nil {
		t.Fatal(err)
	}
	until(t, "the one that is kept to a name to leave", func() bool { return len(sessions(ada)) == 1 })
	sees(t, ada, byID.Session)
	send(t, eve, peer.Draft{Text: "who is there?"})
	send(t, ada, peer.Draft{Text: "for the one by its id"})
	caller := daemon.Caller{Session: named.Session}
	_, taking := c.Take(limit(t), daemon.Take{Caller: caller})
	_, listing := c.Peers(limit(t), caller, "")
	_, sending := c.Send(limit(t), daemon.Send{Caller: caller, To: "@Ada", Text: "x"})
	_, changing := c.Change(limit(t), daemon.Change{Caller: caller})
	for what, err := range map[string]error{"taking": taking, "listing": listing, "sending": sending, "changing": changing} {
		if wire.CodeOf(err) != wire.CodeAmbiguous || !strings.Contains(err.Error(), id[:agent.Sure]) || !strings.Contains(err.Error(), eve.Mesh().Mesh.String()[:agent.Sure]) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := c.Peers(limit(t), daemon.Caller{}, "Harbour"); wire.CodeOf(err) != wire.CodeAmbiguous {
		t.Errorf("the name alone: %v", err)
	}
	wants(t, takes(t, other, byID.Session, 1), ":for the one by its id")
	if got := sessions(eve); len(got) != 0 {
		t.Errorf("the later mesh sees %+v", got)
	}
}

// A session that keeps to one mesh learns nothing of the others of its machine, and they nothing of it: neither by the ids of
// messages, nor by names, nor by what is said to it at its start.
func TestMeshesAreApart(t *testing.T) {
	r, ada, m := world(t)
	eve := evesMesh(t, r, "Reef") // which Bo's machine is in too
	m.joins(eve)

	c := m.client()
	if err := c.Rescan(limit(t)); err != nil {
		t.Fatal(err)
	}
	pinned := someone(1)
	pinned.Mesh, pinned.Directory = "Reef", t.TempDir()
	attach(t, c, pinned)
	caller := daemon.Caller{Session: pinned.Session}
	private, err := ada.Send(limit(t), peer.Draft{Target: "@Bo", Text: "the key is under the mat"})
	if err != nil {
		t.Fatal(err)
	}
	comesTo(t, ada, private.ID, peer.Delivered)
	public, err := eve.Send(limit(t), peer.Draft{Target: "@Bo", Text: "for the agent"})
	if err != nil {
		t.Fatal(err)
	}
	wants(t, takes(t, c, pinned.Session, 1), ":for the agent")

	if seen, err := c.Read(limit(t), private.ID.String()); err == nil {
		t.Errorf("a session of Reef reads %q of Harbour", seen.Text)
	}
	if _, _, err := c.Message(limit(t), private.ID.String()[:8]); wire.CodeOf(err) != wire.CodeNotFound {
		t.Errorf("a session of Reef learns of a message of Harbour: %v", err)
	}
	if seen, err := c.Read(limit(t), public.ID.String()); err != nil || seen.Text != "for the agent" {
		t.Errorf("a session does not read its own mesh's message: %v", err)
	}
	peers, err := c.Peers(limit(t), caller, "")
	if err != nil || len(peers) != 1 || peers[0].Name != "Reef" {
		t.Errorf("it sees %+v, %v", peers, err)
	}
	if peers, err = c.Peers(limit(t), caller, "Harbour"); wire.CodeOf(err) != wire.CodeNotFound {
		t.Errorf("it sees %+v, %v", peers, err)
	}
	for _, send := range []daemon.Send{
		{Caller: caller, To: "@Ada", Text: "x"}, {Caller: caller, Mesh: "Harbour", To: "@Ada", Text: "x"}, {Caller: caller, ReplyTo: private.ID, Text: "x"},
	} {
		if sent, err := c.Send(limit(t), send); err == nil {
			t.Errorf("a session of Reef sends to Harbour: %+v", sent)
		}
	}
	if got := sessions(ada); len(got) != 0 {
		t.Errorf("Harbour sees %+v", got)
	}
	sees(t, eve, pinned.Session)

	// Who is no session of an agent has the whole machine: the person's own commands.
	if seen, err := m.client().Read(limit(t), private.ID.String()); err != nil || seen.Text != "the key is under the mat" {
		t.Errorf("the person does not read it: %v", err)
	}
}
