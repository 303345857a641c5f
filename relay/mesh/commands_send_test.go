package mesh_test

import (
	"bytes"
	"slices"
	"strings"

	"claudemesh.com/mesh/shared/wire"
)

func (w *world) send(a args) {
	l := w.links[a.word(0)]
	sender := l.actor
	h := wire.Header{Kind: wire.KindDirect, Priority: wire.PriorityNext, Epoch: uint32(a.number("epoch", uint64(w.roster.Epoch())))}
	h.Counter = a.number("counter", sender.counter+1)
	after := a.number("after", sender.counter)
	sender.counter = max(sender.counter, h.Counter)
	var devices []wire.DeviceID
	if topic, found := strings.CutPrefix(a.word(1), "#"); found {
		h.Kind, h.Recipients = wire.KindTopic, [][wire.IDSize]byte{w.topics[topic]}
	} else {
		members := []wire.MemberID{sender.member}
		for name := range strings.SplitSeq(a.word(1), ",") {
			h.Recipients = append(h.Recipients, w.actor(name).member)
			members = append(members, w.actor(name).member)
		}
		slices.SortFunc(h.Recipients, func(x, y [wire.IDSize]byte) int { return bytes.Compare(x[:], y[:]) })
		for _, member := range members {
			devices = append(devices, w.roster.DevicesOf(member)...)
		}
		if a.has("for") {
			devices = nil
			for _, name := range a.list("for") {
				devices = append(devices, w.actor(name).id)
			}
		}
		slices.SortFunc(devices, func(x, y wire.DeviceID) int { return bytes.Compare(x[:], y[:]) })
		devices = slices.DeleteFunc(slices.Compact(devices), func(id wire.DeviceID) bool { return id == sender.id && !a.has("for") })
	}
	stanzas := make([]wire.Stanza, len(devices))
	for i := range devices {
		stanzas[i].Device = devices[i]
	}
	var commitment *[wire.CommitmentSize]byte
	if h.Kind == wire.KindDirect {
		commitment = new([wire.CommitmentSize]byte)
	}
	text := []byte(a.rest(2))
	if size := a.number("size", 0); size > 0 {
		text = bytes.Repeat([]byte("x"), int(size))
	}
	envelope := wire.AppendEnvelope(nil, wire.AppendHeader(nil, h), commitment, new([wire.NonceSize]byte), stanzas, text)
	w.frame(l, wire.AppendSend(nil, wire.Send{After: after, Envelope: envelope}))
}
