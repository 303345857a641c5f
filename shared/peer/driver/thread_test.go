//go:build !js

package driver_test

import (
	"slices"
	"testing"

	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

func TestTwoDevicesTalk(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	bo := ada.join("Bo")

	view := bo.Mesh()
	if view.Name != "Lab" || view.DisplayName != "Bo" || view.Role != wire.RoleMember || view.Connection != peer.Connected {
		t.Errorf("Bo's mesh is %+v", view)
	}
	ada.until("Bo has a name", func() bool {
		members := ada.Mesh().Members
		return len(members) == 2 && members[1].Name == "Bo"
	})

	general := peer.TopicConversation(wire.GeneralTopic(view.Mesh))
	ada.send("#general", "hello all")
	bo.until("hello all", func() bool { return slices.Equal(bo.texts(general), []string{"hello all"}) })
	bo.send("#general", "hello Ada")
	ada.until("hello Ada", func() bool { return slices.Equal(ada.texts(general), []string{"hello all", "hello Ada"}) })

	sent := ada.send("Bo", "just you")
	direct := peer.DirectConversation(view.Member, sent.From)
	bo.until("just you", func() bool { return slices.Equal(bo.texts(direct), []string{"just you"}) })
	state := func() peer.Delivery {
		m, err := ada.Messages(t.Context(), sent.Conversation, 0, 1)
		if err != nil || len(m) != 1 {
			t.Fatal(err, m)
		}
		return m[0].State
	}
	ada.until("delivered", func() bool { return state() == peer.Delivered })
	if err := bo.MarkRead(t.Context(), direct); err != nil {
		t.Fatal(err)
	}
	ada.until("read", func() bool { return state() == peer.Read })
	if unread := bo.Mesh().Unread; unread != 1 { // hello all
		t.Errorf("%d unread", unread)
	}
}
