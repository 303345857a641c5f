//go:build !js

package driver_test

import (
	"slices"
	"testing"

	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/shared/peer"
)

// TestRelayPutBack: a relay whose store is put back to a backup gets back from its peers what it lost of the roster, and lets in
// again who joined since; the code of an invite stays lost, and its maker withdraws it.
func TestRelayPutBack(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	before := relay.Backup()
	bo := ada.join("Bo")
	topic, err := ada.CreateTopic(limit(t), "plans", "")
	if err != nil {
		t.Fatal(err)
	}
	invite, err := ada.CreateInvite(limit(t), peer.InviteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	bo.until("it has the invite", func() bool { return len(bo.Invites()) == 2 })
	relay.Stop()
	relay.Restore(before)
	relay.Start()
	ada.Wake()
	ada.until("the invite is withdrawn", func() bool {
		return slices.ContainsFunc(ada.Invites(), func(i peer.InviteView) bool {
			return i.Invite == invite.Invite && i.State == peer.InviteRevoked && i.Code == ""
		})
	})
	bo.Wake()
	bo.live()
	sent := bo.send("#plans", "here again")
	ada.until("it has what Bo says", func() bool { return slices.Contains(ada.texts(sent.Conversation), "here again") })
	if views := bo.Mesh().Topics; len(views) != 2 || views[1].Topic != topic.Topic {
		t.Errorf("Bo has the topics %+v", views)
	}
}
