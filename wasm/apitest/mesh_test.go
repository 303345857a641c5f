//go:build !js

package apitest

import (
	"slices"
	"testing"

	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/api"
)

func general(m api.MeshState) api.ConversationID {
	return api.ConversationID("topic:" + m.Topics[0].TopicID)
}

func TestTwoBrowsersTalk(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada, bo := newBrowser(t, r), newBrowser(t, r)
	mesh := ada.create("Lab")
	if mesh.Name != "Lab" || mesh.DisplayName != "Ada" || mesh.Role != "owner" || mesh.Relay != r.URL() {
		t.Errorf("the new mesh is %+v", mesh)
	}
	invite := ada.invite(mesh.MeshID)
	var preview api.InvitePreview
	bo.must(&preview, "previewInvite", invite.Link)
	if preview.MeshName != "Lab" || preview.InviterName != "Ada" || preview.MeshID != mesh.MeshID || preview.AlreadyIn || len(preview.Members) != 1 {
		t.Errorf("the preview is %+v", preview)
	}
	bo.must(nil, "joinMesh", api.JoinMeshOptions{Link: invite.Link, DisplayName: "Bo"})
	bo.online(mesh.MeshID)
	ada.until("Bo is a member with a name", func() bool {
		members := ada.mesh(mesh.MeshID).Members
		return len(members) == 2 && members[1].Name == "Bo" && members[1].Presence == api.Presence(peer.Online)
	})

	topic := general(ada.mesh(mesh.MeshID))
	ada.must(nil, "send", api.SendOptions{MeshID: mesh.MeshID, Target: "#general", Text: "to all"})
	bo.until("the topic's message", func() bool { return slices.Equal(bo.texts(mesh.MeshID, topic), []string{"to all"}) })

	var sent api.Message
	ada.must(&sent, "send", api.SendOptions{MeshID: mesh.MeshID, Target: "Bo", Text: "to you", Priority: "now"})
	if sent.State != api.DeliveryState(peer.Sending) || sent.Priority != "now" || len(sent.To) != 1 {
		t.Errorf("the message in the outbox is %+v", sent)
	}
	back := api.ConversationID("direct:" + ada.meshes()[0].MemberID)
	bo.until("the direct message", func() bool { return slices.Equal(bo.texts(mesh.MeshID, back), []string{"to you"}) })
	if direct := bo.mesh(mesh.MeshID).Directs; len(direct) != 1 || direct[0].Unread != 1 {
		t.Errorf("Bo's direct conversations are %+v", direct)
	}
	bo.must(nil, "markRead", mesh.MeshID, back)
	ada.until("it was read", func() bool {
		var messages []api.Message
		ada.must(&messages, "messages", mesh.MeshID, sent.Conversation, 0, 1)
		return len(messages) == 1 && messages[0].State == api.DeliveryState(peer.Read)
	})
	// A conversation's id is a target too.
	bo.must(nil, "send", api.SendOptions{MeshID: mesh.MeshID, Target: string(back), Text: "and back", ReplyTo: sent.ID})
	ada.until("the answer", func() bool {
		return slices.Equal(ada.texts(mesh.MeshID, sent.Conversation), []string{"to you", "and back"})
	})
	if !ada.told(func(e api.Event) bool {
		m, ok := e.(api.MessageEvent)
		return ok && m.IsNew && m.Message.Text == "and back" && m.Message.ReplyTo == sent.ID
	}) {
		t.Error("no event told Ada of the answer")
	}

	bo.must(nil, "leaveMesh", mesh.MeshID)
	ada.until("Bo has left and what was said bears the name", func() bool {
		directs := ada.mesh(mesh.MeshID).Directs
		return len(directs) == 1 && directs[0].Name == "Bo" && slices.Equal(directs[0].Departed, []string{"Bo"})
	})
	var kept []api.Message
	ada.must(&kept, "messages", mesh.MeshID, sent.Conversation, 0, 10)
	if len(kept) != 2 || kept[1].FromName != "Bo" {
		t.Errorf("after Bo left the messages are %+v", kept)
	}
}

func TestEverythingIsThereAfterAReload(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada := newBrowser(t, r)
	first, second := ada.create("First"), ada.create("Second")
	topic := general(ada.mesh(first.MeshID))
	ada.must(nil, "send", api.SendOptions{MeshID: first.MeshID, Target: "#general", Text: "note"})
	ada.must(nil, "saveDraft", first.MeshID, topic, "half a tho")
	ada.must(nil, "setStatus", first.MeshID, "dnd", "In a meeting")
	ada.reload()
	meshes := ada.meshes()
	if len(meshes) != 2 || meshes[0].Name != "First" || meshes[1].MeshID != second.MeshID {
		t.Fatalf("after the reload there are %+v", meshes)
	}
	if got := ada.texts(first.MeshID, topic); !slices.Equal(got, []string{"note"}) {
		t.Errorf("the messages are %q", got)
	}
	var draft string
	if ada.must(&draft, "draft", first.MeshID, topic); draft != "half a tho" {
		t.Errorf("the draft is %q", draft)
	}
	ada.until("the status is told again", func() bool {
		self := ada.mesh(first.MeshID).Members[0]
		return self.Status == "dnd" && self.Summary == "In a meeting" && self.Presence == api.Presence(peer.Online)
	})
}

func TestMessagesWaitForTheRelay(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada := newBrowser(t, r)
	mesh := ada.create("Lab")
	r.Stop()
	ada.until("the connection is lost", func() bool { return ada.meshes()[0].Connection != api.Connection(peer.Connected) })
	ada.must(nil, "send", api.SendOptions{MeshID: mesh.MeshID, Target: "#general", Text: "offline"})
	ada.until("the message waits", func() bool { return ada.meshes()[0].Waiting == 1 })
	ada.reload()
	if got := ada.meshes()[0].Waiting; got != 1 {
		t.Errorf("after the reload %d messages wait, want 1", got)
	}
	r.Start()
	ada.must(nil, "wake")
	ada.until("the message is accepted", func() bool { return ada.meshes()[0].Waiting == 0 })
}

func TestLeavingDeletesWhatIsHere(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada, bo := newBrowser(t, r), newBrowser(t, r)
	mesh := ada.create("Lab")
	link := ada.invite(mesh.MeshID).Link
	bo.must(nil, "joinMesh", api.JoinMeshOptions{Link: link, DisplayName: "Bo"})
	bo.refused(wire.CodeAlreadyJoined, "joinMesh", api.JoinMeshOptions{Link: ada.invite(mesh.MeshID).Link, DisplayName: "Bo"})
	bo.online(mesh.MeshID)
	bo.must(nil, "leaveMesh", mesh.MeshID)
	if n := bo.storage.count(); n != 0 || len(bo.meshes()) != 0 {
		t.Errorf("after leaving there are %d stores and %+v", n, bo.meshes())
	}
	bo.refused(wire.CodeUnknownMesh, "mesh", mesh.MeshID)
	bo.reload()
	if len(bo.meshes()) != 0 {
		t.Errorf("after a reload there is %+v", bo.meshes())
	}
	ada.until("Bo is gone", func() bool { return len(ada.mesh(mesh.MeshID).Members) == 1 })
	ada.refused(wire.CodeLastOwner, "leaveMesh", mesh.MeshID)
	if len(ada.meshes()) != 1 {
		t.Error("the last owner's mesh is gone")
	}
	ada.must(nil, "forgetMesh", mesh.MeshID)
	if left := ada.meshes(); len(left) != 0 || ada.storage.count() != 0 {
		t.Errorf("after the mesh was forgotten there are %+v, in %d stores", left, ada.storage.count())
	}
}

func TestWhatIsAskedWronglyIsRefused(t *testing.T) {
	t.Parallel()
	r := relaytest.Serve(t)
	ada := newBrowser(t, r)
	mesh := ada.create("Lab")
	for name, arguments := range map[string][]any{
		"mesh":          {},
		"createMesh":    {map[string]any{"name": "Lab", "displayName": "Ada", "extra": 1}},
		"messages":      {mesh.MeshID, "topic:x", 0, 10},
		"setStatus":     {mesh.MeshID, "asleep", ""},
		"previewInvite": {"nonsense"},
		"joinMesh":      {map[string]any{"link": 1}},
		"retireInvite":  {mesh.MeshID, "x"},
		"createInvite":  {map[string]any{"meshId": mesh.MeshID, "role": "king"}},
		"send":          {map[string]any{"meshId": mesh.MeshID, "target": "#general", "text": "x", "priority": "urgent"}},
		"draft":         {mesh.MeshID, nil},
	} {
		ada.refused(wire.CodeMalformed, name, arguments...)
	}
	ada.refused(wire.CodeUnknownMesh, "mesh", "00")
	ada.refused(wire.CodeUnknownMesh, "mesh", "")
	ada.refused(wire.CodeNotFound, "send", api.SendOptions{MeshID: mesh.MeshID, Target: "nobody", Text: "x"})
	ada.refused(wire.CodeNoSecret, "previewInvite", r.URL()+"/i/Ab3dE6gH")
	ada.refused(wire.CodeNotFound, "previewInvite", r.URL()+"/i/Ab3dE6gH#YcXNP9ky6rznNuWfxOXUSQ")
}
