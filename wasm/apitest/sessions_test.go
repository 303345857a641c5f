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

func (b *browser) asks(mesh string) (texts []string) {
	b.Helper()
	for _, a := range b.mesh(mesh).Asks {
		texts = append(texts, a.Text)
	}
	return texts
}

// pair are two browsers in one mesh.
func pair(t *testing.T) (ada, bo *browser, mesh string) {
	r := relaytest.Serve(t)
	ada, bo = newBrowser(t, r), newBrowser(t, r)
	mesh = ada.create("Lab").MeshID
	bo.must(nil, "joinMesh", api.JoinMeshOptions{Link: ada.invite(mesh).Link, DisplayName: "Bo"})
	bo.online(mesh)
	ada.until("Bo is online", func() bool {
		members := ada.mesh(mesh).Members
		return len(members) == 2 && members[1].Name == "Bo" && members[1].Presence == api.Presence(peer.Online)
	})
	return ada, bo, mesh
}

func TestAsksWaitForTheirAnswers(t *testing.T) {
	t.Parallel()
	ada, bo, mesh := pair(t)
	asks := func(want ...string) {
		t.Helper()
		ada.until("asks", func() bool { return slices.Equal(ada.asks(mesh), want) })
	}
	asks()
	var direct, topic api.Message
	bo.must(&direct, "send", api.SendOptions{MeshID: mesh, Target: "Ada", Text: "direct?", Type: "ask"})
	asks("direct?")
	bo.must(&topic, "send", api.SendOptions{MeshID: mesh, Target: "#general", Text: "@Ada here?", Type: "ask"})
	asks("direct?", "@Ada here?")
	first := ada.mesh(mesh).Asks[0]
	if first.MessageID != direct.ID || first.From != bo.meshes()[0].MemberID || first.FromName != "Bo" ||
		string(first.Conversation) != "direct:"+first.From || first.FromSession != direct.FromSession || first.At == 0 || direct.FromSession == "" {
		t.Errorf("the ask is %+v, the message %+v", first, direct)
	}
	ada.reload()
	asks("direct?", "@Ada here?")
	ada.must(nil, "settleAsk", mesh, direct.ID)
	ada.must(nil, "settleAsk", mesh, direct.ID)
	asks("@Ada here?")
	var answer api.Message
	ada.must(&answer, "send", api.SendOptions{MeshID: mesh, Target: "#general", Text: "here", Type: "answer", ReplyTo: topic.ID})
	asks()
	if answer.Type != "answer" || answer.Session != topic.FromSession {
		t.Errorf("the answer is %+v", answer)
	}
	ada.refused(wire.CodeMalformed, "settleAsk", mesh, "x")
	ada.refused(wire.CodeMalformed, "send", api.SendOptions{MeshID: mesh, Target: "#general", Text: "x", Type: "answer"})
	ada.refused(wire.CodeMalformed, "send", api.SendOptions{MeshID: mesh, Target: "#general", Text: "x", Type: "receipt"})
	ada.refused(wire.CodeUnknownKind, "send", api.SendOptions{MeshID: mesh, Target: "#general", Text: "x", Type: "poem"})
	ada.refused(wire.CodeMalformed, "send", api.SendOptions{MeshID: mesh, Target: "#general", Text: "x", Session: "12"})
}

func TestOneSessionIsWrittenTo(t *testing.T) {
	t.Parallel()
	ada, bo, mesh := pair(t)
	bo.must(nil, "setStatus", mesh, "working", "Reading")
	var session api.Session
	ada.until("Bo works", func() bool {
		sessions := ada.mesh(mesh).Members[1].Sessions
		if len(sessions) != 1 || sessions[0].Status != "working" {
			return false
		}
		session = sessions[0]
		return true
	})
	if session.StatusSince == 0 {
		t.Errorf("the session is %+v", session)
	}
	var resolved api.Resolution
	ada.must(&resolved, "resolve", mesh, "Bo/"+session.SessionID[:6])
	if resolved.Problem != nil || resolved.SessionID != session.SessionID || resolved.Kind != "member" {
		t.Errorf("it resolves to %+v", resolved)
	}
	for _, options := range []api.SendOptions{
		{Target: "Bo/" + session.SessionID[:6], Text: "by its address"},
		{Target: string(resolved.Conversation), Session: session.SessionID, Text: "by its id"},
	} {
		options.MeshID = mesh
		var sent api.Message
		ada.must(&sent, "send", options)
		bo.until("the message", func() bool {
			return bo.told(func(e api.Event) bool {
				m, ok := e.(api.MessageEvent)
				return ok && m.IsNew && m.Message.Text == options.Text && m.Message.Session == session.SessionID && m.Message.FromSession == sent.FromSession
			})
		})
		if sent.Session != session.SessionID || sent.FromSession == "" {
			t.Errorf("%s: sent as %+v", options.Text, sent)
		}
	}
}
