package simulation

import (
	"bytes"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/enroll"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/message"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

// What follows is done with a peer's own keys, beside its core: statements that no program makes yet, and messages that no
// honest one makes.

// rosterOf is the roster as a peer has stored it.
func (w *world) rosterOf(p *peerNode) *roster.State {
	rows, err := p.store.Scan(w.context(), peer.BucketRoster, driver.Range{})
	if err != nil {
		panic(err)
	}
	state := roster.New()
	for _, row := range rows {
		if _, err := state.Follow(row.Value[8:]); err != nil {
			panic(err)
		}
	}
	return state
}

func (w *world) rootOf(p *peerNode) (uint32, keyring.Root) {
	row, err := p.store.Get(w.context(), peer.BucketMeta, []byte("ring"))
	if err != nil {
		panic(err)
	}
	ring, err := keyring.ParseRing(row)
	if err != nil {
		panic(err)
	}
	epoch, root, _ := ring.Latest()
	return epoch, root
}

// append puts a statement into the relay's store as a relay on another machine would, and starts the relay on it.
func (w *world) append(p *peerNode, body roster.Body, offered *mesh.NewInvite) {
	state := w.rosterOf(p)
	signed, err := enroll.Sign(w.context(), p.keys, state.Draft(p.device.Public.DeviceID(), uint64(w.now.UnixMilli()), body))
	if err != nil {
		panic(err)
	}
	stmt, err := state.Follow(signed)
	if err != nil {
		w.fail("the statement of %s does not fold: %v", p.name, err)
		return
	}
	verdicts, err := w.relay.commit(mesh.Batch{Mesh: w.relay.mesh, Ops: []mesh.Op{&mesh.AppendStatement{
		After: stmt.Prev, Head: state.Head(), Author: stmt.Author, Statement: signed, Time: uint64(w.now.UnixMilli()), Invite: offered,
	}}})
	if err != nil || verdicts[0].Outcome != mesh.Done {
		w.fail("the relay does not take the statement of %s: %v %v", p.name, verdicts, err)
		return
	}
	w.relay.crash("to see a statement")
}

// remove takes a member out, with a new root key for who remains.
func (w *world) remove(by, gone *peerNode) {
	state := w.rosterOf(by)
	epoch, previous := w.rootOf(by)
	root, err := keyring.NewRoot(w.entropy)
	if err != nil {
		panic(err)
	}
	body := &roster.MemberRemoved{Member: gone.member, Rotation: roster.Rotation{Commitment: keyring.Commitment(root, epoch+1)}}
	wrapped, err := keyring.WrapPrevious(w.entropy, root, epoch+1, previous)
	if err != nil {
		panic(err)
	}
	copy(body.Rotation.Previous[:], wrapped)
	for _, id := range state.DevicesOf(gone.member) {
		body.Last = append(body.Last, roster.LastCounter{Device: id, Counter: 1000})
	}
	for member := range state.Members() {
		for _, id := range state.DevicesOf(member.ID) {
			if member.ID == gone.member {
				continue
			}
			device, _ := state.Device(id)
			shared, err := by.keys.SharedKey(w.context(), device.Public.Box)
			if err != nil {
				panic(err)
			}
			of := keyring.Wrap{Mesh: w.relay.mesh, Author: by.device.Public.DeviceID(), Device: id, Epoch: epoch + 1}
			nonce, box, err := of.Seal(w.entropy, root, shared)
			if err != nil {
				panic(err)
			}
			body.Rotation.Wraps = append(body.Rotation.Wraps, roster.Wrap{Device: id, Nonce: nonce, Box: [roster.WrapBoxSize]byte(box)})
		}
	}
	w.append(by, body, nil)
}

// addDevice brings one more device of a member in, by an invite that only that member can make.
func (w *world) addDevice(of *peerNode, name string) {
	if link, ok := w.inviteDevice(of); ok {
		w.run(w.now.Add(w.delay(0)))
		w.enter(name, link, of.member)
	}
}

// inviteDevice makes an invite for one more device; false: the peer's roster is not the relay's just now.
func (w *world) inviteDevice(of *peerNode) (invite.Link, bool) {
	state := w.rosterOf(of)
	if state.Head() != w.oracle.relayHead() {
		return invite.Link{}, false
	}
	_, root := w.rootOf(of)
	member, _ := state.Member(of.member)
	made, err := enroll.NewInvite(w.entropy, state, root, enroll.InviteOptions{
		Role: member.Role, Uses: 1, Expires: uint64(w.now.Unix() + 3600), For: of.member,
	}, enroll.Preview{
		MeshName: "Lab", InviterName: of.name, Inviter: of.member, MemberCount: 1,
		Members: []enroll.PreviewMember{{ID: of.member, Name: of.name, Role: member.Role}},
	})
	if wire.CodeOf(err) == wire.CodeBadCommitment {
		return invite.Link{}, false
	}
	if err != nil {
		panic(err)
	}
	signature, err := of.keys.Sign(w.context(), made.SigningBytes)
	if err != nil {
		panic(err)
	}
	body, err := made.Body(signature)
	if err != nil {
		panic(err)
	}
	code, err := invite.NewCode(w.entropy)
	if err != nil {
		panic(err)
	}
	w.append(of, body, &mesh.NewInvite{ID: body.ID, Uses: 1, Codes: []string{string(code)}, Escrow: made.Escrow, Preview: made.Preview})
	return made.Link(origin, code), true
}

// sealOnOtherHead sends a direct message as a device would to which the relay showed another roster.
func (w *world) sealOnOtherHead(from, to *peerNode, text string) {
	plain, err := message.Encode(message.Message{
		Type: message.TypeText, SentAt: w.now.UnixMilli(), Head: wire.Head{0xbb}, Text: text,
	})
	if err != nil {
		panic(err)
	}
	envelope := w.sealFor(from, to, 1000, plain)
	w.deliver(to, inbox(to), from.device.Public.DeviceID(), envelope)
}

// sealFor seals any plaintext from one peer's device to another's.
func (w *world) sealFor(from, to *peerNode, counter uint64, plain []byte) []byte {
	shared, err := from.keys.SharedKey(w.context(), to.device.Public.Box)
	if err != nil {
		panic(err)
	}
	epoch, _ := w.rootOf(from)
	h := wire.Header{Epoch: epoch, Counter: counter, Recipients: [][wire.IDSize]byte{to.member}}
	envelope, err := seal.SealDirect(w.entropy, w.relay.mesh, from.device.Public.DeviceID(), h, plain,
		[]seal.Recipient{{Device: to.device.Public.DeviceID(), Key: shared}})
	if err != nil {
		panic(err)
	}
	return envelope
}

// deliver lets the relay send a peer something behind all that it sent on a stream.
func (w *world) deliver(to *peerNode, stream wire.Stream, sender wire.DeviceID, envelope []byte) {
	row, err := to.store.Get(w.context(), peer.BucketCursor, wire.AppendStream(nil, stream))
	if err != nil {
		panic(err)
	}
	var last wire.Position
	if r := wire.NewReader(row); row != nil {
		last = wire.ReadPosition(&r)
	}
	to.link.sendToPeer(wire.AppendDeliver(nil, wire.Deliver{
		Stream: stream, Position: last + 1, Previous: last, Time: uint64(w.now.UnixMilli()), Sender: sender, Envelope: bytes.Clone(envelope),
	}))
}

// trim lets retention take everything that a stream holds.
func (w *world) trim(stream wire.Stream) {
	_, err := w.relay.commit(mesh.Batch{Mesh: w.relay.mesh, Ops: []mesh.Op{
		&mesh.Trim{Stream: stream, Before: wire.MaxCounter, Time: uint64(w.now.UnixMilli())},
	}})
	if err != nil {
		w.fail("the relay does not trim: %v", err)
	}
	w.relay.crash("to see what was trimmed")
}
