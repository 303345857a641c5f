//go:build !js

package apitest

import (
	"testing"

	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/api"
	"claudemesh.com/mesh/wasm/demo"
)

func (b *browser) agents(mesh string) (online int) {
	b.Helper()
	for _, m := range b.mesh(mesh).Members {
		if m.Kind == api.Kind(peer.KindAgent) && m.Presence == api.Presence(peer.Online) {
			online++
		}
	}
	return online
}

func TestDemoAgentsJoinAnswerAndComeBack(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada := newBrowser(t, r)
	mesh := ada.create("Lab").MeshID
	for range 2 { // asked again, they are not brought in twice
		ada.must(nil, "addDemoAgents", mesh)
		ada.until("both agents are online", func() bool { return ada.agents(mesh) == len(demo.Names) })
	}
	if n := len(ada.mesh(mesh).Members); n != 1+len(demo.Names) {
		t.Fatalf("there are %d members", n)
	}
	if n := len(ada.meshes()); n != 1 {
		t.Errorf("the person sees %d meshes", n)
	}
	var sent api.Message
	ada.must(&sent, "send", api.SendOptions{MeshID: mesh, Target: "Nina", Text: "What are you working on?"})
	ada.until("Nina answers", func() bool { return len(ada.texts(mesh, sent.Conversation)) == 2 })

	ada.reload()
	ada.until("both agents are back", func() bool { return ada.agents(mesh) == len(demo.Names) })
	if n := len(ada.mesh(mesh).Members); n != 1+len(demo.Names) {
		t.Errorf("after the reload there are %d members", n)
	}
	ada.refused(wire.CodeLastOwner, "leaveMesh", mesh)
	if n := ada.storage.count(); n != 1+len(demo.Names) {
		t.Errorf("a refused leave leaves %d stores", n)
	}
}

func TestDemoAgentsLeaveWithThePerson(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada, bo := newBrowser(t, r), newBrowser(t, r)
	mesh := ada.create("Lab").MeshID
	var invite api.Invite
	ada.must(&invite, "createInvite", api.CreateInviteOptions{MeshID: mesh, Role: "admin"})
	bo.must(nil, "joinMesh", api.JoinMeshOptions{Link: invite.Link, DisplayName: "Bo"})
	bo.online(mesh)
	bo.must(nil, "addDemoAgents", mesh)
	ada.until("all are there", func() bool { return len(ada.mesh(mesh).Members) == 4 })
	bo.must(nil, "leaveMesh", mesh)
	ada.until("all are gone", func() bool { return len(ada.mesh(mesh).Members) == 1 })
	if n := bo.storage.count(); n != 0 {
		t.Errorf("%d stores are left", n)
	}
}
