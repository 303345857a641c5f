//go:build !js

package driver_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"claudemesh.com/mesh/relay/relaytest"
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
	relay := relaytest.Serve(t)
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
	relay := relaytest.Serve(t)
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
	relay.Stop()
	say(30)
	relay.Start()
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
	relay := relaytest.Serve(t)
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

func TestDraftsAndEvents(t *testing.T) {
	relay := relaytest.Serve(t)
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

func TestStoreFault(t *testing.T) {
	relay := relaytest.Serve(t)
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
