//go:build unix

package daemon_test

import (
	"os"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// Without a relay, what is sent is kept and goes out later; peers are what was known last.
func TestRelayGone(t *testing.T) {
	r, ada, m := world(t)
	c := m.client()
	one := someone(1)
	attach(t, c, one)
	sees(t, ada, one.Session)
	r.Stop()
	until(t, "the daemon to notice", func() bool {
		report, err := c.Report(limit(t))
		return err == nil && len(report.Meshes) == 1 && report.Meshes[0].Connection != peer.Connected
	})
	kept, err := c.Send(limit(t), daemon.Send{Caller: daemon.Caller{Session: one.Session}, To: "@Ada", Text: "kept"})
	if err != nil || kept.State != peer.Sending {
		t.Fatalf("sent %+v, %v", kept, err)
	}
	peers, err := c.Peers(limit(t), daemon.Caller{Session: one.Session}, "")
	if err != nil || len(peers) != 1 || peers[0].Online || len(peers[0].Members) != 2 {
		t.Errorf("the peers are %+v, %v", peers, err)
	}
	r.Start()
	until(t, "what was kept", func() bool {
		got, err := ada.Messages(t.Context(), peer.DirectConversation(ada.Mesh().Member, mustFind(ada, "Bo")), 0, 1)
		return err == nil && len(got) == 1 && got[0].Text == "kept"
	})
	sees(t, ada, one.Session)
}

// A folder that is deleted under the daemon is let go of; one that is used by another is taken over when that ends.
func TestFolders(t *testing.T) {
	_, ada, m := world(t)
	lock, err := m.folder.Lock()
	if err != nil {
		t.Fatal(err)
	}
	c := m.client()
	one := someone(1)
	attach(t, c, one)
	if err := c.Rescan(limit(t)); err != nil {
		t.Fatal(err)
	}
	report := must(c.Report(limit(t)))
	if len(report.Meshes) != 1 || wire.CodeOf(report.Meshes[0].Problem) != wire.CodeInUse {
		t.Fatalf("the meshes are %+v", report.Meshes)
	}
	_, err = c.Send(limit(t), daemon.Send{Caller: daemon.Caller{Session: one.Session}, To: "@Ada", Text: "x"})
	if wire.CodeOf(err) != wire.CodeNotFound {
		t.Errorf("sent without a mesh: %v", err)
	}
	lock.Unlock()
	sees(t, ada, one.Session)

	if err := c.Release(limit(t), m.folder.Name()); err != nil {
		t.Fatal(err)
	}
	if lock, err = m.folder.Lock(); err != nil {
		t.Fatalf("the folder is not free: %v", err)
	}
	lock.Unlock()
	until(t, "the session's end there", func() bool { return len(sessions(ada)) == 0 })
	if err := c.Rescan(limit(t)); err != nil {
		t.Fatal(err)
	}
	sees(t, ada, one.Session)

	if err := m.folder.Remove(); err != nil {
		t.Fatal(err)
	}
	until(t, "the mesh to be let go of", func() bool {
		report, err := c.Report(limit(t))
		return err == nil && len(report.Meshes) == 0 && len(report.Sessions) == 1
	})
	until(t, "the session's end there", func() bool { return len(sessions(ada)) == 0 })
}

// An agents' store that cannot be opened is told of, and the mesh comes when it can.
func TestStoreFails(t *testing.T) {
	_, ada, m := world(t)
	if err := os.Mkdir(m.folder.Agent(), 0o700); err != nil {
		t.Fatal(err)
	}
	c := m.client()
	one := someone(1)
	attach(t, c, one)
	if err := c.Rescan(limit(t)); err != nil {
		t.Fatal(err)
	}
	if report := must(c.Report(limit(t))); len(report.Meshes) != 1 || report.Meshes[0].Problem == nil {
		t.Fatalf("the meshes are %+v", report.Meshes)
	}
	if err := os.Remove(m.folder.Agent()); err != nil {
		t.Fatal(err)
	}
	if err := c.Rescan(limit(t)); err != nil {
		t.Fatal(err)
	}
	sees(t, ada, one.Session)
}

func mustFind(d interface{ Resolve(string) peer.Resolution }, name string) wire.MemberID {
	return d.Resolve(name).Recipients[0].Member
}
