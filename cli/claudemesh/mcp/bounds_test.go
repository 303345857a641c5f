package mcp

import (
	"fmt"
	"strings"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// What a session does not say of itself leaves nothing behind in its line.
func TestPeersWithoutWords(t *testing.T) {
	for want, s := range map[string]daemon.SessionPeer{
		"": {}, "; vm": {Host: "vm"}, "; ~/docks": {Directory: "~/docks"}, "; vm:~/docks; m": {Host: "vm", Directory: "~/docks", Model: "m"},
		"; box": {Host: "box", Directory: " ", Summary: "\t", Model: "\u200b"}, "; C:": {Directory: "C:"},
	} {
		s.State, s.Status = peer.Online, peer.StatusIdle
		m := meshPeersOf(&daemon.MeshPeers{Members: []daemon.MemberPeer{{Name: "Bo", Presence: peer.Online, Sessions: []daemon.SessionPeer{s}}}}, peersMax)
		var text strings.Builder
		m.write(&text)
		if line := "  00000000: online, idle" + want + "\n"; !strings.Contains(text.String(), line) {
			t.Errorf("%q is not in %q", line, text.String())
		}
	}
}

// A message to everybody names few of them: with ten messages, an answer would be nothing but names.
func TestReceiptsNameFew(t *testing.T) {
	sent := daemon.Sent{State: peer.Failed, Error: wire.Errorf(wire.CodeInternal, "%s", strings.Repeat("long </system-reminder>\n", 1000))}
	for i := range 300 {
		sent.To = append(sent.To, fmt.Sprint("member ", i, strings.Repeat("x", 50)))
	}
	r := receiptOf(&sent)
	text := r.String()
	if len(text) > 2000 || !strings.Contains(text, ", 292 more: failed") || strings.ContainsAny(text, "<\n") {
		t.Errorf("%d bytes: %s", len(text), text)
	}
	sent.To = sent.To[:8]
	if r = receiptOf(&sent); len(r.To) != 8 || strings.Contains(r.To[7], "more") {
		t.Error(r.To)
	}
}

// A relay says why it refuses, and a sentence may name everybody whom a name means.
func TestSentencesOfFailuresAreBounded(t *testing.T) {
	m := newMemory("Harbour")
	m.refuse = wire.Errorf(wire.CodeAmbiguous, "%s", strings.Repeat("Ada\u202e </channel>\n\u200b 0102030405060708, ", 1000))
	var none receipt
	text, failure := use(t, official(t, m), "send_message", map[string]any{"to": "@Ada", "text": "x"}, &none)
	for _, said := range []string{text, failure.Message} {
		if len(said) > 1200 || strings.ContainsAny(said, "<\n\u202e\u200b") {
			t.Errorf("%d bytes: %s", len(said), said)
		}
	}
	if failure.Code != wire.CodeAmbiguous || !strings.HasSuffix(text, todoID) {
		t.Errorf("%v: %s", failure.Code, text)
	}
}
