package daemon

import (
	"testing"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

func TestHanded(t *testing.T) {
	self, other := wire.MemberID{1}, wire.MemberID{2}
	here, there := wire.DeviceID{1}, wire.DeviceID{2}
	view := &peer.MeshView{Member: self, Device: here}
	for name, c := range map[string]struct {
		message peer.MessageView
		want    bool
	}{
		"another's":                       {peer.MessageView{FromDevice: wire.DeviceID{3}, From: other, To: []wire.MemberID{self}, State: peer.Received}, true},
		"to a session here":               {peer.MessageView{FromDevice: here, From: self, To: []wire.MemberID{self}, Session: wire.SessionID{1}, State: peer.Sending}, true},
		"in a topic":                      {peer.MessageView{FromDevice: here, From: self, Topic: wire.TopicID{1}, State: peer.Accepted}, true},
		"to several, its own among them":  {peer.MessageView{FromDevice: here, From: self, To: []wire.MemberID{self, other}, State: peer.Accepted}, true},
		"to another member's session":     {peer.MessageView{FromDevice: here, From: self, To: []wire.MemberID{other}, Session: wire.SessionID{2}, State: peer.Accepted}, false},
		"what could not be sent":          {peer.MessageView{FromDevice: here, From: self, To: []wire.MemberID{self}, State: peer.Failed}, false},
		"of another device of the member": {peer.MessageView{FromDevice: there, From: self, To: []wire.MemberID{self}, State: peer.Accepted}, false},
		"a gap":                           {peer.MessageView{Gap: true, State: peer.Received}, false},
	} {
		if got := handed(view, &c.message); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
