package daemon

import (
	"testing"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// Devices choose the ids of their sessions. A member that gives one of its sessions the id of another's changes nothing about
// where messages for that one go.
func TestElsewhereLooksAtTheOwnMemberAlone(t *testing.T) {
	session := wire.SessionID{7}
	here, there, eves := wire.DeviceID{1}, wire.DeviceID{2}, wire.DeviceID{3}
	of := func(device wire.DeviceID, state peer.Presence, self bool) peer.MemberView {
		return peer.MemberView{IsSelf: self, Sessions: []peer.SessionView{{Session: session, Device: device, State: state}}}
	}
	for name, c := range map[string]struct {
		members []peer.MemberView
		want    bool
	}{
		"on another own device":       {[]peer.MemberView{of(there, peer.Online, true)}, true},
		"behind a forged one":         {[]peer.MemberView{of(eves, peer.Online, false), of(there, peer.Away, true)}, true},
		"a forged one alone":          {[]peer.MemberView{of(eves, peer.Online, false)}, false},
		"on this device":              {[]peer.MemberView{of(here, peer.Online, true)}, false},
		"gone, and forged by another": {[]peer.MemberView{of(eves, peer.Online, false), of(there, peer.Offline, true)}, false},
	} {
		if got := elsewhere(&peer.MeshView{Device: here, Members: c.members}, session); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
