package main

import (
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"claudemesh.com/mesh/relay/relaytest"
)

// TestTwoAgentsOnOneMachine: what a developer with two agents tries first, in a mesh that has nobody else in it.
func TestTwoAgentsOnOneMachine(t *testing.T) {
	r := &relaytest.Process{Program: relayProgram, Data: t.TempDir()}
	r.Run(t)
	box := newStation(t)
	box.do("create", "Harbour", "--relay", r.URL, "--as", "Ada")
	connect := func(name string) *sdk.ClientSession {
		session, err := sdk.NewClient(&sdk.Implementation{Name: name, Version: "1"}, nil).Connect(t.Context(), &sdk.CommandTransport{Command: box.agent()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { session.Close() })
		return session
	}
	claude, codex := connect("claude"), connect("codex")
	use(t, codex, "set_summary", map[string]any{"summary": "moving the parser"})
	var sibling string // as list_peers shows it
	until(t, "claude sees codex's session", func() bool {
		for _, mesh := range use(t, claude, "list_peers", nil)["meshes"].([]any) {
			for _, member := range mesh.(map[string]any)["members"].([]any) {
				sessions, _ := member.(map[string]any)["sessions"].([]any)
				for _, one := range sessions {
					if s := one.(map[string]any); s["summary"] == "moving the parser" && s["you"] != true {
						sibling, _ = s["session"].(string)
					}
				}
			}
		}
		return sibling != ""
	})
	received := func(session *sdk.ClientSession) (about map[string]any, framed string) {
		until(t, "a message came", func() bool {
			answer := use(t, session, "check_messages", nil)
			messages := answer["messages"].([]any)
			if len(messages) > 0 {
				about, framed = messages[0].(map[string]any), answer["framed"].(string)
			}
			return len(messages) > 0
		})
		return about, framed
	}
	quiet := func(session *sdk.ClientSession) {
		t.Helper()
		if messages := use(t, session, "check_messages", nil)["messages"].([]any); len(messages) != 0 {
			t.Errorf("there came %v", messages)
		}
	}

	asked := use(t, claude, "send_message", map[string]any{"to": "@Ada/" + sibling, "text": "which port?", "ask": true})
	about, framed := received(codex)
	if about["id"] != asked["id"] || about["type"] != "ask" || about["here"] != true || about["session"] == sibling[:8] {
		t.Errorf("%v", about)
	}
	for _, attribute := range []string{`from="Ada"`, `session="` + about["session"].(string) + `"`, `sent_on="this machine"`} {
		if !strings.Contains(framed, attribute) {
			t.Errorf("the frame lacks %s: %s", attribute, framed)
		}
	}
	until(t, "the ask is read", func() bool {
		return use(t, claude, "check_messages", nil)["sent"].([]any)[0].(map[string]any)["state"] == "read"
	})
	answered := use(t, codex, "send_message", map[string]any{"text": "8080", "reply_to": asked["id"]})
	if about, _ := received(claude); about["id"] != answered["id"] || about["reply_to"] != asked["id"] || about["type"] != "answer" {
		t.Errorf("%v", about)
	}
	public := use(t, codex, "send_message", map[string]any{"to": "#general", "text": "the parser is moved"})
	if about, _ := received(claude); about["id"] != public["id"] || about["topic"] != "general" {
		t.Errorf("%v", about)
	}
	quiet(claude)
	quiet(codex)

	for _, to := range []string{"*", "@Ada"} {
		result, err := claude.CallTool(t.Context(), &sdk.CallToolParams{Name: "send_message", Arguments: map[string]any{"to": to, "text": "x"}})
		if err != nil || !result.IsError || !strings.Contains(result.Content[0].(*sdk.TextContent).Text, sibling[:8]) {
			t.Errorf("to %s: %v %+v", to, err, result.Content[0])
		}
	}
}
