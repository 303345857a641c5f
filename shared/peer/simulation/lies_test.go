package simulation

import (
	"bytes"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// lie lets the relay do one dishonest thing to a peer, with what it has in its store: the last envelope of the peer's inbox or
// of #general.
func (w *world) lie(what string, to *peerNode) {
	direct := w.lastOf(inbox(to))
	general := wire.TopicStream(wire.GeneralTopic(w.relay.mesh))
	spoken := w.lastOf(general)
	own := to.device.Public.DeviceID()
	switch what {
	case "replays":
		w.deliver(to, inbox(to), direct.sender, direct.forDevice(own))
	case "readdresses": // as if another had sent it
		w.deliver(to, inbox(to), w.otherThan(direct.sender, own), direct.forDevice(own))
	case "recounts": // under another counter
		e := direct.forDevice(own)
		e[15]++
		w.deliver(to, inbox(to), direct.sender, e)
	case "bends": // the ciphertext
		e := direct.forDevice(own)
		e[len(e)-1] ^= 1
		w.deliver(to, inbox(to), direct.sender, raised(e))
	case "truncates":
		e := direct.forDevice(own)
		w.deliver(to, inbox(to), direct.sender, e[:len(e)-7])
	case "strips": // the stanza
		w.deliver(to, inbox(to), direct.sender, raised(direct.forDevice(wire.DeviceID{})))
	case "moves": // from the topic to the inbox
		w.deliver(to, inbox(to), spoken.sender, spoken.bytes)
	case "forges": // the speaker of a topic
		w.deliver(to, general, w.otherThan(spoken.sender, own), spoken.bytes)
	case "repeats": // in the topic
		w.deliver(to, general, spoken.sender, spoken.bytes)
	case "invents": // a device
		w.deliver(to, inbox(to), wire.DeviceID{1, 2, 3}, direct.forDevice(own))
	case "garbles":
		to.link.sendToPeer([]byte{0x83, 0, 0, 0, 2, 1, 2})
	case "hushes": // a message without a frame
		to.link.sendToPeer(nil)
	case "adds": // a statement that its author did not sign
		w.lieRoster(to, func(raw []byte) { raw[len(raw)-1] ^= 1 })
	case "rewrites": // a statement
		w.lieRoster(to, func(raw []byte) { raw[120] ^= 1 })
	default:
		w.fail("the relay knows no lie %q", what)
	}
}

// lieRoster appends a bent profile of the peer itself to its roster.
func (w *world) lieRoster(to *peerNode, bend func([]byte)) {
	state := w.rosterOf(to)
	unsigned := state.Draft(to.device.Public.DeviceID(), uint64(w.now.UnixMilli()), &roster.Profile{Sealed: bytes.Repeat([]byte{7}, roster.MinSealedName)}).Unsigned()
	signature, err := to.keys.Sign(w.context(), roster.SigningBytes(unsigned))
	if err != nil {
		panic(err)
	}
	raw := roster.Assemble(unsigned, signature)
	bend(raw)
	row, err := to.store.Get(w.context(), peer.BucketCursor, wire.AppendStream(nil, wire.RosterStream(w.relay.mesh)))
	if err != nil {
		panic(err)
	}
	r := wire.NewReader(row)
	last := wire.ReadPosition(&r)
	to.link.sendToPeer(wire.AppendStatement(nil, wire.Statement{Position: last + 1, Previous: last, Time: uint64(w.now.UnixMilli()), Bytes: raw}))
}

// stored is an envelope as the relay has it.
type stored struct {
	sender wire.DeviceID
	bytes  []byte
}

func (w *world) lastOf(stream wire.Stream) stored {
	entries := w.relay.entries(stream)
	if len(entries) == 0 {
		return stored{}
	}
	last := entries[len(entries)-1]
	return stored{last.Sender, last.Bytes}
}

// forDevice is the envelope as the relay hands it to a device.
func (s stored) forDevice(device wire.DeviceID) []byte {
	e, err := wire.ParseEnvelope(s.bytes)
	if err != nil {
		panic(err)
	}
	return e.AppendForDevice(nil, device)
}

// raised gives an envelope a counter that nobody used.
func raised(envelope []byte) []byte {
	copy(envelope[8:16], wire.AppendU64(nil, 1<<40))
	return envelope
}

// otherThan is the device of a peer that is neither.
func (w *world) otherThan(a, b wire.DeviceID) wire.DeviceID {
	for _, p := range w.peers {
		if id := p.device.Public.DeviceID(); id != a && id != b {
			return id
		}
	}
	panic("there are only two")
}
