//go:build !js

package driver_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

func (d *device) general() peer.ConversationID {
	return peer.TopicConversation(wire.GeneralTopic(d.Mesh().Mesh))
}

// hears waits until a conversation holds exactly these texts, in this order.
func (d *device) hears(conversation peer.ConversationID, texts ...string) {
	d.t.Helper()
	d.until(fmt.Sprintf("%q", texts), func() bool { return slices.Equal(d.texts(conversation), texts) })
}

func TestOfflineAndBack(t *testing.T) {
	relay := startRelay(t)
	ada := found(t, relay, "Ada")
	bo := ada.join("Bo")
	bo.stop()

	ada.send("#general", "one")
	sent := ada.send("Bo", "two")
	if err := ada.Flush(limit(t)); err != nil {
		t.Fatal(err)
	}
	// Bo writes without a connection; the program ends and starts again before there is one.
	var err error
	if bo.Driver, err = driver.Open(t.Context(), bo.host); err != nil {
		t.Fatal(err)
	}
	bo.send("#general", "three")
	bo.send("Ada", "four")
	if view := bo.Mesh(); view.Waiting != 2 || view.Connection != peer.Unconnected || view.Name != "Lab" {
		t.Errorf("offline the mesh is %+v", view)
	}
	bo.Driver.Close()

	bo.run()
	bo.live()
	if err := bo.Flush(limit(t)); err != nil {
		t.Fatal(err)
	}
	bo.hears(bo.general(), "three", "one") // in the order in which this device came to have them
	ada.hears(ada.general(), "one", "three")
	ada.hears(sent.Conversation, "two", "four")
}

// TestRelayRestart: the relay is stopped and started in the middle of a conversation; nothing is lost, nothing comes twice.
func TestRelayRestart(t *testing.T) {
	relay := startRelay(t)
	ada := found(t, relay, "Ada")
	bo := ada.join("Bo")
	var want []string
	say := func(n int) {
		for range n {
			text := fmt.Sprintf("line %d", len(want)+1)
			want = append(want, text)
			ada.send("#general", text)
		}
	}
	say(30)
	relay.stop()
	say(30)
	relay.start()
	ada.Wake()
	bo.Wake()
	say(30)
	bo.hears(bo.general(), want...)
	if err := ada.Flush(limit(t)); err != nil {
		t.Fatal(err)
	}
	ada.hears(ada.general(), want...)
}

func TestInbox(t *testing.T) {
	relay := startRelay(t)
	ada := found(t, relay, "Ada")
	ada.send("#general", "before Bo came")
	if err := ada.Flush(limit(t)); err != nil {
		t.Fatal(err)
	}
	bo := ada.join("Bo")
	texts := func(messages []peer.MessageView, err error) (all []string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			all = append(all, m.Text)
		}
		return all
	}
	if got := texts(bo.Inbox(t.Context(), 10)); len(got) != 0 || bo.Mesh().Unread != 0 {
		t.Errorf("after the join the inbox holds %q", got)
	}
	if got := texts(bo.Log(t.Context(), 0, 10)); !slices.Equal(got, []string{"before Bo came"}) {
		t.Errorf("the log holds %q", got)
	}

	ada.send("#general", "one")
	ada.send("Bo", "two")
	ada.send("Bo", "three")
	bo.send("Ada", "mine")
	bo.until("three", func() bool { return bo.Mesh().Unread == 3 })
	first, err := bo.Inbox(t.Context(), 2)
	if got := texts(first, err); len(got) != 2 {
		t.Fatalf("the inbox holds %q", got)
	}
	if err := bo.InboxShown(t.Context(), first[1].Arrival); err != nil {
		t.Fatal(err)
	}
	rest, err := bo.Inbox(t.Context(), 10)
	if got := append(texts(first, nil), texts(rest, err)...); len(got) != 3 || !slices.Contains(got, "one") ||
		slices.Index(got, "two") > slices.Index(got, "three") {
		t.Errorf("the inbox held %q", got)
	}
	if err := bo.InboxShown(t.Context(), rest[0].Arrival); err != nil {
		t.Fatal(err)
	}
	if err := bo.InboxShown(t.Context(), first[0].Arrival); err != nil { // it never moves back
		t.Fatal(err)
	}
	bo.stop()
	bo.run()
	if got := texts(bo.Inbox(t.Context(), 10)); len(got) != 0 {
		t.Errorf("shown twice: %q", got)
	}
	if last, err := bo.LastArrival(t.Context()); err != nil || last != 5 {
		t.Errorf("the last arrival is %d, %v", last, err)
	}
}

func TestTopicsInvitesNames(t *testing.T) {
	relay := startRelay(t)
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
	if err != nil || made.State != peer.InviteOpen || !strings.HasPrefix(made.Link, relay.url()+"/i/"+made.Code+"#") {
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
	relay := startRelay(t)
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
	relay := startRelay(t)
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

func TestStoreFault(t *testing.T) {
	relay := startRelay(t)
	ada := found(t, relay, "Ada")
	bo := ada.join("Bo")
	store := bo.host.Store.(*driver.Memory)
	var mu sync.Mutex
	left := 0
	store.Fault = func(done bool) error {
		mu.Lock()
		defer mu.Unlock()
		if left > 0 {
			left--
			return errors.New("the disk is full")
		}
		return nil
	}
	fail := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		left = n
	}
	problems := make(chan *wire.Error, 10)
	cancel := bo.Subscribe(func(e peer.Event) {
		if e.Kind == peer.EventStorage {
			problems <- e.Problem
		}
	})
	defer cancel()
	fail(1)
	_, err := bo.Send(t.Context(), peer.Draft{Target: "#general", Text: "not stored"})
	wantCode(t, err, wire.CodeStorage)
	if problem := <-problems; problem.Code != wire.CodeStorage {
		t.Errorf("told of %v", problem)
	}
	bo.Wake()
	bo.live()
	fail(1)
	ada.send("#general", "one")
	<-problems
	bo.Wake()
	bo.hears(bo.general(), "one")
	bo.send("#general", "two")
	ada.hears(ada.general(), "one", "two")
}

func TestRetry(t *testing.T) {
	relay := startRelay(t)
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

func TestDraftsAndEvents(t *testing.T) {
	relay := startRelay(t)
	ada := found(t, relay, "Ada")
	general := ada.general()
	if err := ada.SaveDraft(t.Context(), general, "half a th"); err != nil {
		t.Fatal(err)
	}
	if text, err := ada.Draft(t.Context(), general); err != nil || text != "half a th" {
		t.Errorf("the draft is %q, %v", text, err)
	}
	if err := ada.SaveDraft(t.Context(), general, ""); err != nil {
		t.Fatal(err)
	}
	if text, err := ada.Draft(t.Context(), general); err != nil || text != "" {
		t.Errorf("the draft is %q, %v", text, err)
	}
	wantCode(t, ada.SaveDraft(t.Context(), "elsewhere", "x"), wire.CodeMalformed)

	var mu sync.Mutex
	var states []string
	cancel := ada.Subscribe(func(e peer.Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Kind == peer.EventMessage {
			states = append(states, fmt.Sprintf("%s %s %v %s", e.Message.Text, e.Message.State, e.IsNew, e.Message.FromName))
		}
	})
	sent := ada.send("#general", "thought")
	if err := ada.Flush(limit(t)); err != nil {
		t.Fatal(err)
	}
	want := []string{"thought sending true Ada", "thought accepted false Ada"}
	ada.until("both events", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.Equal(states, want)
	})
	cancel()
	if m, err := ada.Message(t.Context(), sent.ID); err != nil || m.Text != "thought" || m.State != peer.Accepted || m.ReceivedAt == 0 {
		t.Errorf("the message is %+v, %v", m, err)
	}
	for i := range 5 {
		ada.send("#general", fmt.Sprint(i))
	}
	page, err := ada.Messages(t.Context(), general, 4, 2)
	if err != nil || len(page) != 2 || page[0].Seq != 2 || page[1].Seq != 3 {
		t.Errorf("a page is %+v, %v", page, err)
	}
}

func TestPresence(t *testing.T) {
	relay := startRelay(t)
	ada := found(t, relay, "Ada")
	bo := newDevice(t, "Bo")
	link, err := ada.CreateInvite(limit(t), peer.InviteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := driver.Join(limit(t), bo.host, driver.JoinOptions{Link: link.Link, DisplayName: "Bo"}); err != nil {
		t.Fatal(err)
	}
	member := func() (m peer.MemberView) {
		for _, one := range ada.Mesh().Members {
			if one.Name == "Bo" {
				m = one
			}
		}
		return m
	}
	if m := member(); m.Presence != peer.Offline || m.Kind != peer.KindPerson {
		t.Errorf("after joining Bo is %+v", m)
	}
	bo.host.Card = &peer.Card{Kind: peer.KindAgent, Status: peer.StatusWorking, Summary: "tests", Tags: []string{"repo:lab"}}
	bo.run()
	ada.until("Bo works", func() bool {
		m := member()
		return m.Presence == peer.Online && m.Kind == peer.KindAgent && m.Status == peer.StatusWorking && m.Summary == "tests"
	})
	if r := ada.Resolve("tag:repo:lab"); r.Problem != nil || len(r.Recipients) != 1 {
		t.Errorf("the tag resolves to %+v", r)
	}
	card := *bo.host.Card
	card.Status = peer.StatusNeedsApproval
	if err := bo.SetCard(t.Context(), card); err != nil {
		t.Fatal(err)
	}
	ada.until("Bo needs approval", func() bool { return member().Status == peer.StatusNeedsApproval })
	card.Summary = strings.Repeat("x", 10_000)
	wantCode(t, bo.SetCard(t.Context(), card), wire.CodeMalformed)
	if err := bo.stop(); err != nil {
		t.Fatal(err)
	}
	ada.until("Bo said goodbye", func() bool { m := member(); return m.Presence == peer.Offline && m.Since > 0 })
}

func TestRunEnds(t *testing.T) {
	relay := startRelay(t)
	ada := found(t, relay, "Ada")
	wantCode(t, ada.Run(t.Context()), wire.CodeInUse)

	t.Run("superseded", func(t *testing.T) {
		second := *ada
		second.t = t
		second.run()
		second.live()
		wantCode(t, <-ada.ran, wire.CodeSuperseded)
		ada.end = nil
		if err := second.stop(); err != nil {
			t.Errorf("a run that was stopped ends with %v", err)
		}
	})
	t.Run("closed", func(t *testing.T) {
		third := *ada
		third.t = t
		third.host.Session[0]++
		third.run()
		third.live()
		third.Driver.Close()
		if err := <-third.ran; err != nil {
			t.Errorf("a driver that was closed ends with %v", err)
		}
		third.end = nil
	})
	t.Run("unreachable", func(t *testing.T) {
		relay.stop()
		fourth := *ada
		fourth.t = t
		fourth.host.Session[0] += 2
		fourth.run()
		fourth.until("offline", func() bool {
			view := fourth.Mesh()
			return view.Connection == peer.Unconnected && view.Problem != nil && view.Problem.Code == wire.CodeUnreachable
		})
		relay.start()
		fourth.Wake()
		fourth.live()
		fourth.stop()
	})
}

func TestWrongOriginAndClock(t *testing.T) {
	relay := startRelay(t)
	ada := found(t, relay, "Ada")
	ada.stop()

	row, err := ada.host.Store.Get(t.Context(), peer.BucketMeta, []byte("identity"))
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(relay.address, ":")
	moved := strings.Replace(string(row), relay.url(), "http://127.0.0.2:"+port, 1)
	if err := ada.host.Store.Commit(t.Context(), []peer.Op{{Bucket: peer.BucketMeta, Key: []byte("identity"), Value: []byte(moved)}}); err != nil {
		t.Fatal(err)
	}
	relayMoved := *ada
	relayMoved.host.Dialer = elsewhere{relayMoved.host.Dialer, relay.address}
	relayMoved.run()
	wantCode(t, relayMoved.WaitLive(limit(t)), wire.CodeWrongOrigin)
	wantCode(t, <-relayMoved.ran, wire.CodeWrongOrigin)
	relayMoved.end = nil
	relayMoved.Driver.Close()

	if err := ada.host.Store.Commit(t.Context(), []peer.Op{{Bucket: peer.BucketMeta, Key: []byte("identity"), Value: row}}); err != nil {
		t.Fatal(err)
	}
	ada.host.Now = func() time.Time { return time.Now().Add(time.Hour) }
	ada.run()
	ada.live() // a wrong clock does not keep anyone from talking
	if problem := ada.Mesh().Problem; problem == nil || problem.Code != wire.CodeClockSkew {
		t.Errorf("with a clock that is wrong the problem is %v", problem)
	}
	_, err = ada.CreateInvite(limit(t), peer.InviteOptions{})
	wantCode(t, err, wire.CodeClockSkew)
}
