package daemon_test

import (
	"errors"
	"path/filepath"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/device"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

// A session that keeps to one mesh learns nothing of the others of its machine, and they nothing of it: neither by the ids of
// messages, nor by names, nor by what is said to it at its start.
func TestMeshesAreApart(t *testing.T) {
	r, ada, m := world(t)
	// Eve has a mesh of her own on the same relay, which Bo's machine is in too.
	_, folder := enter(t, filepath.Join(t.TempDir(), "eve"), func(host driver.Host) error {
		return driver.Create(limit(t), host, driver.CreateOptions{Relay: r.URL(), Name: "Reef", DisplayName: "Eve"})
	})
	eve, err := device.Open(t.Context(), folder, device.Options{Card: &peer.Card{Kind: peer.KindPerson, Status: peer.StatusIdle}})
	if err != nil {
		t.Fatal(err)
	}
	eve.Connect(t.Context())
	t.Cleanup(func() { eve.Close() })
	if err := eve.WaitLive(limit(t)); err != nil {
		t.Fatal(err)
	}
	second, err := m.home.Make("reef")
	if err != nil {
		t.Fatal(err)
	}
	host, store, err := device.Host(second, device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(join(t, eve, "Bo")(host), store.Close()); err != nil {
		t.Fatal(err)
	}

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
