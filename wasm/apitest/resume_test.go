//go:build !js

package apitest

import (
	"context"
	"strings"
	"sync"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/dial"
	relayapi "claudemesh.com/mesh/relay/api"
	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/api"
)

// cutOff is a network on which the answer to a POST is lost as long as it is cut.
type cutOff struct {
	dial.Relay
	mu   sync.Mutex
	cut  bool
	lost int
}

func (c *cutOff) Do(ctx context.Context, method, url string, header map[string]string, body []byte) (int, []byte, error) {
	status, answer, err := c.Relay.Do(ctx, method, url, header, body)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut && method == "POST" {
		c.lost++
		return 0, nil, wire.Refuse(wire.CodeUnreachable)
	}
	return status, answer, err
}

func (c *cutOff) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
}

// cut gives the browser a network that is cut.
func (b *browser) cut() *cutOff {
	c := &cutOff{cut: true}
	b.http = c
	b.reload()
	return c
}

func TestACutOffClaimGoesOnAfterAReload(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada, bo := newBrowser(t, r), newBrowser(t, r)
	mesh := ada.create("Lab")
	link := ada.invite(mesh.MeshID).Link // for one use
	network := bo.cut()
	bo.refused(wire.CodeUnreachable, "joinMesh", api.JoinMeshOptions{Link: link, DisplayName: "Bo"})
	listed := bo.meshes()
	if len(listed) != 1 || listed[0].Connection != api.Connection(peer.Joining) || listed[0].Name != "Lab" ||
		listed[0].Problem == nil || listed[0].Problem.Code != string(wire.CodeUnreachable) {
		t.Fatalf("while joining the list is %+v", listed)
	}
	if state := bo.mesh(mesh.MeshID); state.Connection != api.Connection(peer.Joining) || len(state.Members) != 0 {
		t.Errorf("while joining the mesh is %+v", state)
	}
	bo.refused(wire.CodeUnreachable, "send", api.SendOptions{MeshID: mesh.MeshID, Target: "#general", Text: "x"})

	network.set(false)
	bo.reload()
	bo.online(mesh.MeshID)
	ada.until("Bo is a member once", func() bool {
		members := ada.mesh(mesh.MeshID).Members
		return len(members) == 2 && members[1].Name == "Bo"
	})
	var invites []api.Invite
	ada.must(&invites, "invites", mesh.MeshID)
	if len(invites) != 1 || invites[0].Used != 1 || invites[0].State != string(peer.InviteExhausted) {
		t.Errorf("the invites are %+v", invites)
	}
}

func TestAClaimIsRepeatedByHand(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada, bo := newBrowser(t, r), newBrowser(t, r)
	mesh := ada.create("Lab")
	options := api.JoinMeshOptions{Link: ada.invite(mesh.MeshID).Link, DisplayName: "Bo"}
	network := bo.cut()
	bo.refused(wire.CodeUnreachable, "joinMesh", options)
	network.set(false)
	var joined api.MeshSummary
	bo.must(&joined, "joinMesh", options)
	if joined.MeshID != mesh.MeshID || joined.Name != "Lab" || bo.storage.count() != 1 {
		t.Errorf("joined %+v with %d stores", joined, bo.storage.count())
	}
	bo.online(mesh.MeshID)
	if members := bo.mesh(mesh.MeshID).Members; len(members) != 2 {
		t.Errorf("the members are %+v", members)
	}
}

func TestAClaimIsCalledOff(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada, bo := newBrowser(t, r), newBrowser(t, r)
	mesh := ada.create("Lab")
	bo.cut()
	bo.refused(wire.CodeUnreachable, "joinMesh", api.JoinMeshOptions{Link: ada.invite(mesh.MeshID).Link, DisplayName: "Bo"})
	bo.must(nil, "leaveMesh", mesh.MeshID)
	if n := bo.storage.count(); n != 0 || len(bo.meshes()) != 0 {
		t.Errorf("there are %d stores and %+v", n, bo.meshes())
	}
}

func TestARefusedClaimLeavesNothing(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada, bo, cy := newBrowser(t, r), newBrowser(t, r), newBrowser(t, r)
	mesh := ada.create("Lab")
	invite := ada.invite(mesh.MeshID)
	bo.must(nil, "joinMesh", api.JoinMeshOptions{Link: invite.Link, DisplayName: "Bo"})
	cy.refused(wire.CodeExhausted, "joinMesh", api.JoinMeshOptions{Link: invite.Link, DisplayName: "Cy"})
	invite = ada.invite(mesh.MeshID)
	ada.must(nil, "retireInvite", mesh.MeshID, invite.InviteID)
	cy.refused(wire.CodeRevoked, "joinMesh", api.JoinMeshOptions{Link: invite.Link, DisplayName: "Cy"})
	// A name that nobody can bear is refused after the device was registered.
	cy.refused(wire.CodeMalformed, "joinMesh", api.JoinMeshOptions{Link: ada.invite(mesh.MeshID).Link, DisplayName: strings.Repeat("x", 100)})
	cy.until("nothing is left", func() bool { return cy.storage.count() == 0 && len(cy.meshes()) == 0 })
}

func TestAMeshIsMadeOnce(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada := newBrowser(t, r)
	network := ada.cut()
	options := api.CreateMeshOptions{Name: "Lab", DisplayName: "Ada"}
	ada.refused(wire.CodeUnreachable, "createMesh", options)
	if len(ada.meshes()) != 0 {
		t.Errorf("a mesh that is not made yet is listed: %+v", ada.meshes())
	}
	network.set(false)
	var first, other api.MeshSummary
	ada.must(&first, "createMesh", options)
	if n := ada.storage.count(); n != 1 || len(ada.meshes()) != 1 {
		t.Errorf("%d stores, %+v", n, ada.meshes())
	}
	// Two meshes may bear one name, once the first is made.
	ada.must(&other, "createMesh", options)
	if other.MeshID == first.MeshID {
		t.Error("the second mesh of the name is the first")
	}
}

func TestAMeshThatWasBegunIsMadeAfterAReload(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada := newBrowser(t, r)
	network := ada.cut()
	ada.refused(wire.CodeUnreachable, "createMesh", api.CreateMeshOptions{Name: "Lab", DisplayName: "Ada"})
	network.set(false)
	ada.reload()
	ada.until("the mesh is there", func() bool { return len(ada.meshes()) == 1 && ada.meshes()[0].Name == "Lab" })
}

// A crash between the making of a mesh and the register's knowing of it: the register's commits fail from the second on.
func TestAMeshThatTheRegisterMissedIsNotLost(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada := newBrowser(t, r)
	var mu sync.Mutex
	commits, broken := 0, true
	ada.storage.register.Fault = func(done bool) error {
		mu.Lock()
		defer mu.Unlock()
		if !done {
			commits++
		}
		if broken && commits > 1 {
			return wire.Refuse(wire.CodeStorage)
		}
		return nil
	}
	ada.refused(wire.CodeStorage, "createMesh", api.CreateMeshOptions{Name: "Lab", DisplayName: "Ada"})
	ada.close()
	mu.Lock()
	broken = false
	mu.Unlock()
	ada.load()
	ada.until("the mesh is there", func() bool { return len(ada.meshes()) == 1 && ada.meshes()[0].Name == "Lab" })
	ada.online(ada.meshes()[0].MeshID)
	if n := ada.storage.count(); n != 1 {
		t.Errorf("there are %d stores", n)
	}
}

func TestAnotherMeshTakesThePlaceOfOneThatCouldNotBeMade(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada := newBrowser(t, r)
	network := ada.cut()
	ada.refused(wire.CodeUnreachable, "createMesh", api.CreateMeshOptions{Name: "Lba", DisplayName: "Ada"})
	network.set(false)
	ada.must(nil, "createMesh", api.CreateMeshOptions{Name: "Lab", DisplayName: "Ada"})
	if meshes := ada.meshes(); len(meshes) != 1 || meshes[0].Name != "Lab" || ada.storage.count() != 1 {
		t.Errorf("%d stores, %+v", ada.storage.count(), meshes)
	}
}

func TestARelayThatMakesNoMeshes(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	r.Stop()
	r.Creation = relayapi.CreateClosed
	r.Start()
	ada := newBrowser(t, r)
	ada.refused(wire.CodeCreationClosed, "createMesh", api.CreateMeshOptions{Name: "Lab", DisplayName: "Ada"})
	ada.until("nothing is left", func() bool { return ada.storage.count() == 0 })
}

func TestEvictedStorageIsToldAndNotReplaced(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada, bo := newBrowser(t, r), newBrowser(t, r)
	mesh := ada.create("Lab")
	bo.must(nil, "joinMesh", api.JoinMeshOptions{Link: ada.invite(mesh.MeshID).Link, DisplayName: "Bo"})
	bo.online(mesh.MeshID)
	stale := bo.kept()
	bo.close()
	bo.storage.evict()
	bo.load()
	lost := func() {
		t.Helper()
		meshes := bo.meshes()
		if len(meshes) != 1 || meshes[0].MeshID != mesh.MeshID || meshes[0].Name != "Lab" ||
			meshes[0].Connection != api.Connection(peer.Removed) || meshes[0].Problem.Code != string(wire.CodeStorage) {
			t.Fatalf("after the eviction the list is %+v", meshes)
		}
	}
	lost()
	if !bo.told(func(e api.Event) bool {
		s, ok := e.(api.StorageEvent)
		return ok && s.Problem.Code == string(wire.CodeStorage)
	}) {
		t.Error("no event told of the eviction")
	}
	bo.refused(wire.CodeStorage, "send", api.SendOptions{MeshID: mesh.MeshID, Target: "#general", Text: "x"})
	bo.reload()
	lost()
	// Joining again takes the place of what was lost, and an old marker brings it not back.
	bo.must(nil, "joinMesh", api.JoinMeshOptions{Link: ada.invite(mesh.MeshID).Link, DisplayName: "Bo again"})
	bo.online(mesh.MeshID)
	bo.close()
	bo.mu.Lock()
	bo.marker = stale
	bo.mu.Unlock()
	bo.load()
	if meshes := bo.meshes(); len(meshes) != 1 || meshes[0].DisplayName != "Bo again" {
		t.Errorf("after joining again the list is %+v", meshes)
	}
}

func TestAStoreThatIsGoneAloneIsTold(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada := newBrowser(t, r)
	mesh := ada.create("Lab")
	ada.close()
	clear(ada.storage.devices)
	ada.load()
	meshes := ada.meshes()
	if len(meshes) != 1 || meshes[0].Connection != api.Connection(peer.Removed) || meshes[0].Problem.Code != string(wire.CodeStorage) {
		t.Fatalf("the list is %+v", meshes)
	}
	if ada.storage.count() != 0 {
		t.Error("a store that was gone was made anew")
	}
	if !ada.told(func(e api.Event) bool {
		s, ok := e.(api.StorageEvent)
		return ok && s.Problem.Code == string(wire.CodeStorage)
	}) {
		t.Error("no event told of the loss")
	}
	ada.must(nil, "leaveMesh", mesh.MeshID)
	if len(ada.meshes()) != 0 {
		t.Errorf("after deleting it the list is %+v", ada.meshes())
	}
}

func TestAnotherProgramOnTheStoresIsToldOnce(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada := newBrowser(t, r)
	mesh := ada.create("Lab")
	ada.storage.mu.Lock()
	for _, store := range ada.storage.devices {
		store.Fault = func(bool) error { return wire.Refuse(wire.CodeInUse) }
	}
	ada.storage.mu.Unlock()
	ada.refused(wire.CodeInUse, "send", api.SendOptions{MeshID: mesh.MeshID, Target: "#general", Text: "x"})
	ada.until("the page is told", func() bool {
		return ada.told(func(e api.Event) bool { _, ok := e.(api.SupersededEvent); return ok })
	})
}
