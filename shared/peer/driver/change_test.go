//go:build !js

package driver_test

import (
	"slices"
	"strings"
	"testing"

	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

func TestTopicsInvitesNames(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	bo := ada.join("Bo")

	topic, err := bo.CreateTopic(limit(t), "builds", "what the machines say")
	if err != nil || topic.Name != "builds" || topic.Description != "what the machines say" {
		t.Fatalf("the topic is %+v, %v", topic, err)
	}
	_, err = bo.CreateTopic(limit(t), "builds", "")
	wantCode(t, err, wire.CodeMalformed)
	_, err = bo.CreateTopic(limit(t), "No Spaces", "")
	wantCode(t, err, wire.CodeMalformed)
	ada.until("the topic", func() bool { return len(ada.Mesh().Topics) == 2 })
	ada.send("#builds", "green")
	bo.hears(peer.TopicConversation(topic.Topic), "green")

	_, err = bo.CreateInvite(limit(t), peer.InviteOptions{})
	wantCode(t, err, wire.CodeForbidden)
	_, err = ada.CreateInvite(limit(t), peer.InviteOptions{Uses: wire.MaxInviteUses + 1})
	wantCode(t, err, wire.CodeMalformed)
	made, err := ada.CreateInvite(limit(t), peer.InviteOptions{Seconds: 60})
	if err != nil || made.State != peer.InviteOpen || !strings.HasPrefix(made.Link, relay.URL()+"/i/"+made.Code+"#") {
		t.Fatalf("the invite is %+v, %v", made, err)
	}
	bo.until("the invite, without its secret", func() bool {
		invites := bo.Invites()
		return len(invites) == 2 && invites[0].Invite == made.Invite && invites[0].Link == "" && invites[0].Issuer == ada.Mesh().Member
	})
	if err := ada.RetireInvite(limit(t), made.Invite); err != nil {
		t.Fatal(err)
	}
	if view := ada.Invites()[0]; view.State != peer.InviteRevoked {
		t.Errorf("the retired invite is %+v", view)
	}
	wantCode(t, ada.RetireInvite(limit(t), wire.InviteID{1}), wire.CodeNotFound)

	if err := bo.SetDisplayName(t.Context(), " Bob "); err != nil {
		t.Fatal(err)
	}
	if name := bo.Mesh().DisplayName; name != "Bob" {
		t.Errorf("the own name is %q", name)
	}
	ada.until("the new name", func() bool { return ada.Resolve("@Bob").Problem == nil })
	wantCode(t, bo.SetDisplayName(t.Context(), ""), wire.CodeMalformed)
	bo.stop()
	if bo.Driver, err = driver.Open(t.Context(), bo.host); err != nil {
		t.Fatal(err)
	}
	if err := bo.SetDisplayName(t.Context(), "Bee"); err != nil { // without a connection
		t.Fatal(err)
	}
	_, err = bo.CreateTopic(limit(t), "later", "")
	wantCode(t, err, wire.CodeUnreachable)
	bo.Driver.Close()
	bo.run()
	ada.until("the name from offline", func() bool { return ada.Resolve("@Bee").Problem == nil })
}

func TestResolveAndRefusedDrafts(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	bo, twin := ada.join("Bo"), ada.join("Bo")
	ada.until("both names", func() bool {
		return ada.Resolve("Bo").Problem != nil && len(ada.Resolve("Bo").Candidates) == 2
	})
	for draft, code := range map[peer.Draft]wire.Code{
		{Target: "Bo", Text: "x"}:                                             wire.CodeAmbiguous,
		{Target: "Nobody", Text: "x"}:                                         wire.CodeNotFound,
		{Target: "#nowhere", Text: "x"}:                                       wire.CodeNotFound,
		{Target: "#general", Text: " \n"}:                                     wire.CodeMalformed,
		{Target: "#general", Text: "x", Type: "receipt"}:                      wire.CodeMalformed,
		{Target: "#general", Text: "x", Priority: 3}:                          wire.CodeMalformed,
		{Target: "#general", Text: strings.Repeat("x", wire.MaxMessage)}:      wire.CodeTooLarge,
		{Conversation: "direct:nonsense", Text: "x"}:                          wire.CodeMalformed,
		{Conversation: peer.TopicConversation(wire.TopicID{1}), Text: "x"}:    wire.CodeNotFound,
		{Conversation: peer.DirectConversation(wire.MemberID{1}), Text: "x"}:  wire.CodeUnknownMember,
		{Conversation: peer.DirectConversation(ada.Mesh().Member), Text: "x"}: wire.CodeNotFound,
	} {
		_, err := ada.Send(t.Context(), draft)
		wantCode(t, err, code)
	}
	if view := ada.Mesh(); view.Waiting != 0 || len(view.Directs) != 0 {
		t.Errorf("refused drafts leave %+v", view)
	}

	id := bo.Mesh().Member.String()[:8]
	if r := ada.Resolve(id); r.Kind != peer.TargetMember || r.Devices != 1 || r.Recipients[0].Member != bo.Mesh().Member {
		t.Errorf("%s resolves to %+v", id, r)
	}
	if r := ada.Resolve("*"); r.Kind != peer.TargetMembers || len(r.Recipients) != 2 {
		t.Errorf("* resolves to %+v", r)
	}
	large := strings.Repeat("words and ", 40_000) // 400 kB
	sent := ada.send("*", large)
	for _, d := range []*device{bo, twin} {
		d.hears(peer.DirectConversation(d.Mesh().Member, ada.Mesh().Member, bo.Mesh().Member, twin.Mesh().Member), large)
	}
	if len(sent.To) != 2 {
		t.Errorf("sent to %v", sent.To)
	}
	ada.send("#general", "hello @"+id+", and @Bo")
	bo.until("the mention", func() bool {
		m, err := bo.Messages(t.Context(), bo.general(), 0, 1)
		return err == nil && len(m) == 1 && slices.Equal(m[0].Mentions, []wire.MemberID{bo.Mesh().Member})
	})
	if all := ada.Complete("B"); len(all) != 2 || all[0].Label != "Bo" || all[0].Kind != string(peer.KindPerson) {
		t.Errorf("completions are %+v", all)
	}
}

func TestLeave(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	bo, cy := ada.join("Bo"), ada.join("Cy")
	wantCode(t, ada.Leave(limit(t)), wire.CodeLastOwner)
	bo.send("#general", "farewell")
	bo.Flush(limit(t))
	if err := bo.Leave(limit(t)); err != nil {
		t.Fatal(err)
	}
	bo.end = nil
	wantCode(t, <-bo.ran, wire.CodeRemoved)
	if view := bo.Mesh(); view.Connection != peer.Removed || view.Problem == nil {
		t.Errorf("who left sees %+v", view)
	}
	if got := bo.texts(bo.general()); !slices.Equal(got, []string{"farewell"}) {
		t.Errorf("who left has %q", got)
	}
	_, err := bo.Send(t.Context(), peer.Draft{Target: "#general", Text: "still here"})
	wantCode(t, err, wire.CodeRemoved)
	bo.Driver.Close()

	// Whoever is left makes a new key, without which the next invites could not be trusted with the old one.
	ada.until("one member less", func() bool { return len(ada.Mesh().Members) == 2 })
	ada.send("#general", "after Bo")
	cy.hears(cy.general(), "farewell", "after Bo")
	dee := ada.join("Dee")
	dee.hears(dee.general(), "farewell", "after Bo") // both epochs open to a newcomer
}

func TestRetry(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	bo, cy := ada.join("Bo"), ada.join("Cy")
	// Bo leaves while Ada's device does not know of it yet.
	ada.stop()
	if err := bo.Leave(limit(t)); err != nil {
		t.Fatal(err)
	}
	bo.stop()
	var err error
	if ada.Driver, err = driver.Open(t.Context(), ada.host); err != nil {
		t.Fatal(err)
	}
	sent := ada.send("Bo", "too late")
	ada.Driver.Close()
	ada.run()
	failed := func() *wire.Error {
		m, err := ada.Messages(t.Context(), sent.Conversation, 0, 1)
		if err != nil || len(m) != 1 {
			t.Fatal(err, m)
		}
		return m[0].Error
	}
	ada.until("it failed", func() bool { return failed() != nil })
	wantCode(t, failed(), wire.CodeUnknownMember)
	_, err = ada.Retry(t.Context(), sent.ID)
	if err == nil { // it is sealed again, and fails again
		ada.until("it failed again", func() bool { return failed() != nil })
	} else {
		wantCode(t, err, wire.CodeUnknownMember)
	}
	_, err = ada.Retry(t.Context(), wire.MessageID{1})
	wantCode(t, err, wire.CodeNotFound)
	ada.send("Cy", "in time")
	cy.until("in time", func() bool { return cy.Mesh().Unread == 1 })
}
