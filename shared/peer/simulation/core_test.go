package simulation

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// two is a calm world of Ada and Bo.
func two(t *testing.T, plant func(*world)) (w *world, ada, bo *peerNode) {
	t.Helper()
	w = newWorld(1)
	w.script = &script{w: w, t: t} // nobody keeps count of what is said
	plant(w)
	ada = w.found("Ada")
	bo = w.join(ada, "Bo")
	if w.failed != nil {
		t.Fatal(w.failed)
	}
	return w, ada, bo
}

func texts(p *peerNode) (all []string) {
	for _, m := range p.messages() {
		all = append(all, m.Text)
	}
	return all
}

// TestStreamWaitsForKeys: what comes while a key is slow waits, bounded; the rest is left on the relay and fetched later.
func TestStreamWaitsForKeys(t *testing.T) {
	w, ada, bo := two(t, nothing)
	bo.mute = true
	var want []string
	for i := range 12 {
		text := fmt.Sprintf("%d%s", i, strings.Repeat(".", 450_000)) // together more than a stream may hold
		want = append(want, text[:2])
		ada.input(peer.Send{Draft: peer.Draft{Target: "Bo", Text: text}})
	}
	w.run(w.now.Add(20 * time.Second))
	if got := texts(bo); len(got) != 0 {
		t.Fatalf("%d messages were opened without a key", len(got))
	}
	if len(bo.asked) != 1 {
		t.Errorf("the keys were asked %d times", len(bo.asked))
	}
	bo.mute = false
	for _, answer := range bo.asked {
		answer()
	}
	w.run(w.now.Add(20 * time.Second))
	var got []string
	for _, text := range texts(bo) {
		got = append(got, text[:2])
	}
	if !slices.Equal(got, want) || !bo.core.Live() {
		t.Errorf("Bo has %q, live %v; want %q", got, bo.core.Live(), want)
	}
}

// TestRateLimited: a relay that asks for patience gets it, and everything arrives in order.
func TestRateLimited(t *testing.T) {
	w, ada, bo := two(t, func(w *world) { w.relay.sends = mesh.Rate{PerSecond: 2, Burst: 3} })
	var want []string
	for i := range 12 {
		want = append(want, fmt.Sprint(i))
		ada.input(peer.Send{Draft: peer.Draft{Target: "#general", Text: fmt.Sprint(i)}})
	}
	waits := func(m peer.MessageView) bool {
		return m.State == peer.Sending && m.Error != nil && m.Error.Code == wire.CodeRateLimited
	}
	w.run(w.now.Add(time.Second))
	if !slices.ContainsFunc(ada.messages(), waits) {
		t.Error("no message says why it waits")
	}
	w.run(w.now.Add(3 * time.Minute))
	if slices.ContainsFunc(ada.messages(), func(m peer.MessageView) bool { return m.Error != nil }) {
		t.Error("an accepted message says why it waited")
	}
	if got := texts(bo); !slices.Equal(got, want) || ada.core.Waiting() != 0 {
		t.Errorf("Bo has %q, %d wait; want %q", got, ada.core.Waiting(), want)
	}
	if w.came["refused rate_limited"] == 0 {
		t.Error("nobody was asked for patience")
	}
}

// TestKeysThatFail: a message whose signature cannot be made fails with the reason; the next one goes.
func TestKeysThatFail(t *testing.T) {
	w, ada, bo := two(t, nothing)
	ada.mute = true
	ada.input(peer.Send{Draft: peer.Draft{Target: "#general", Text: "unsigned"}})
	ada.input(peer.Signed{Ref: ada.signed, Err: fmt.Errorf("the key store is locked")})
	ada.mute, ada.asked = false, nil
	ada.input(peer.Send{Draft: peer.Draft{Target: "#general", Text: "signed"}})
	w.run(w.now.Add(5 * time.Second))
	own := ada.messages()
	if own[0].State != peer.Failed || own[0].Error == nil || own[1].State != peer.Accepted {
		t.Errorf("Ada has %v %v, %v", own[0].State, own[0].Error, own[1].State)
	}
	if got := texts(bo); !slices.Equal(got, []string{"signed"}) {
		t.Errorf("Bo has %q", got)
	}

	// What cannot be opened because the keys fail is not lost: the next connection asks again.
	bo.mute = true
	ada.input(peer.Send{Draft: peer.Draft{Target: "Bo", Text: "sealed"}})
	w.run(w.now.Add(time.Second))
	bo.mute, bo.asked = false, nil
	bo.input(peer.Shared{Box: ada.device.Public.Box, Err: fmt.Errorf("the key store is locked")})
	w.run(w.now.Add(10 * time.Second))
	if got := texts(bo); !slices.Equal(got, []string{"signed", "sealed"}) || !bo.core.Live() {
		t.Errorf("Bo has %q, live %v", got, bo.core.Live())
	}
}

// TestLateHello: a hello that arrives behind that of the next connection makes the relay close the newer one. The device comes
// back; it was superseded by itself.
func TestLateHello(t *testing.T) {
	w, ada, _ := two(t, nothing)
	old := ada.link
	old.broken()
	w.settle(time.Minute, func() bool { return ada.link != nil && ada.link != old })
	ada.link.toRelay = w.now.Add(2 * time.Second)
	w.run(w.now.Add(10 * time.Millisecond))
	ada.skew = 11 * time.Second // its clock is set, and it takes the handshake for overdue
	ada.input(peer.Tick{})
	before := w.came["close"]
	w.run(w.now.Add(time.Minute))
	if w.came["close"] == before {
		t.Fatal("nobody was superseded: the test does not do what it is for")
	}
	if ada.ended || !ada.core.Live() {
		t.Errorf("the device is %v", ada.core.View().Problem)
	}
}
