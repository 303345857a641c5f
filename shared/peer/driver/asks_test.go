//go:build !js

package driver_test

import (
	"slices"
	"testing"

	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

func (d *device) asks() (texts []string) {
	for _, a := range d.Mesh().Asks {
		texts = append(texts, a.Text)
	}
	return texts
}

// say sends and waits until the relay has it.
func (d *device) say(draft peer.Draft) peer.MessageView {
	d.t.Helper()
	m, err := d.Send(d.t.Context(), draft)
	if err != nil {
		d.t.Fatalf("%s sends %+v: %v", d.name, draft, err)
	}
	if err := d.Flush(limit(d.t)); err != nil {
		d.t.Fatal(err)
	}
	return m
}

func TestAsks(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	bo := ada.join("Bo")
	cy := ada.join("Cy")
	asks := func(want ...string) {
		t.Helper()
		ada.until("asks", func() bool { return slices.Equal(ada.asks(), want) })
	}
	session := wire.SessionID{7}
	direct := bo.say(peer.Draft{Target: "Ada", Text: "direct?", Type: "ask", FromSession: session})
	asks("direct?")
	if a := ada.Mesh().Asks[0]; a.Message != direct.ID || a.From != bo.Mesh().Member || a.FromName != "Bo" || a.FromSession != session ||
		a.Conversation != peer.DirectConversation(ada.Mesh().Member, bo.Mesh().Member) || a.At == 0 {
		t.Errorf("the ask is %+v", a)
	}
	topic := cy.say(peer.Draft{Target: "#general", Text: "@Ada in a topic?", Type: "ask"})
	asks("direct?", "@Ada in a topic?")
	group := cy.say(peer.Draft{Target: "Ada,Bo", Text: "in a group?", Type: "ask"})
	asks("direct?", "@Ada in a topic?", "in a group?")
	cy.say(peer.Draft{Target: "#general", Text: "@Bo not Ada?", Type: "ask"})
	cy.say(peer.Draft{Target: "#general", Text: "nobody?", Type: "ask"})
	bo.say(peer.Draft{Target: "Ada", Text: "only said"})
	ada.say(peer.Draft{Target: "#general", Text: "@Ada oneself?", Type: "ask"})
	last := bo.say(peer.Draft{Target: "Ada", Text: "again?", Type: "ask"})
	asks("direct?", "@Ada in a topic?", "in a group?", "again?")
	bo.until("Bo is asked", func() bool { return slices.Equal(bo.asks(), []string{"in a group?", "@Bo not Ada?"}) })

	// They are there after a restart, and are not answered by being read, or by what is said elsewhere.
	ada.stop()
	ada.run()
	ada.live()
	asks("direct?", "@Ada in a topic?", "in a group?", "again?")
	if err := ada.MarkRead(t.Context(), peer.DirectConversation(ada.Mesh().Member, bo.Mesh().Member)); err != nil {
		t.Fatal(err)
	}
	ada.say(peer.Draft{Target: "#general", Text: "to all"})
	ada.say(peer.Draft{Target: "Cy", Text: "to one of them"})
	ada.say(peer.Draft{Target: "Bo,Cy", Text: "to both"})
	asks("direct?", "@Ada in a topic?", "in a group?", "again?")

	ada.say(peer.Draft{Target: "#general", Text: "yes", Type: "answer", ReplyTo: topic.ID})
	asks("direct?", "in a group?", "again?")
	ada.say(peer.Draft{Target: "Bo", Text: "yes and yes"})
	asks("in a group?")
	if err := ada.SettleAsk(t.Context(), group.ID); err != nil {
		t.Fatal(err)
	}
	asks()
	for _, id := range []wire.MessageID{group.ID, last.ID, {1}} {
		if err := ada.SettleAsk(t.Context(), id); err != nil {
			t.Errorf("what is no ask cannot be settled: %v", err)
		}
	}
	ada.stop()
	ada.run()
	asks()
	ada.live()
	asks()

	// Whoever left waits for nobody.
	cy.say(peer.Draft{Target: "Ada", Text: "anybody?", Type: "ask"})
	asks("anybody?")
	if err := cy.Leave(limit(t)); err != nil {
		t.Fatal(err)
	}
	asks()
}

func TestMarkMessagesRead(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	bo := ada.join("Bo")
	var sent []peer.MessageView
	for _, text := range []string{"one", "two", "three"} {
		sent = append(sent, ada.say(peer.Draft{Target: "Bo", Text: text}))
	}
	topic := ada.say(peer.Draft{Target: "#general", Text: "to all"})
	bo.until("all came", func() bool { return bo.Mesh().Unread == 4 })
	for range 2 { // the second time there is nothing to say
		err := bo.MarkMessagesRead(t.Context(), []wire.MessageID{sent[2].ID, {1, 2, 3}, sent[0].ID, sent[0].ID, topic.ID})
		if err != nil {
			t.Fatal(err)
		}
		if n := bo.Mesh().Unread; n != 1 {
			t.Errorf("%d are unread", n)
		}
		if err := bo.Flush(limit(t)); err != nil {
			t.Fatal(err)
		}
	}
	states := func() (states []peer.Delivery) {
		for _, m := range sent {
			now, err := ada.Message(t.Context(), m.ID)
			if err != nil {
				t.Fatal(err)
			}
			states = append(states, now.State)
		}
		return states
	}
	ada.until("the first and the last were read", func() bool {
		return slices.Equal(states(), []peer.Delivery{peer.Read, peer.Delivered, peer.Read})
	})
	bo.stop()
	bo.run()
	bo.live()
	if n := bo.Mesh().Unread; n != 1 {
		t.Errorf("after a restart %d are unread", n)
	}
	if err := bo.InboxShown(t.Context(), 2); err != nil || bo.Shown() != 2 {
		t.Errorf("the inbox was shown up to %d, %v", bo.Shown(), err)
	}
}
