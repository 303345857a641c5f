package mesh_test

import (
	"slices"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// statementBody makes what `append CONN KIND …` says.
func (w *world) statementBody(l *link, a args) roster.Body {
	switch a.word(1) {
	case "profile":
		return &roster.Profile{Sealed: sealed(a.word(2))}
	case "topic":
		return &roster.Topic{Sealed: sealed(a.word(2))}
	case "archive":
		return &roster.TopicChanged{Topic: w.topics[a.word(2)], Archived: true, Sealed: sealed(a.word(2))}
	case "role":
		return &roster.Role{Member: w.actor(a.word(2)).member, Role: ok(wire.ParseRole(a.word(3)))}
	case "leave":
		return &roster.Leave{Last: w.lastCounters(w.roster.DevicesOf(l.actor.member))}
	case "remove":
		member := w.actor(a.word(2)).member
		gone := w.roster.DevicesOf(member)
		return &roster.MemberRemoved{Member: member, Last: w.lastCounters(gone), Rotation: w.rotation(gone)}
	case "revoke":
		gone := []wire.DeviceID{w.actor(a.word(2)).id}
		return &roster.DeviceRevoked{Last: w.lastCounters(gone), Rotation: w.rotation(gone)}
	case "rotate":
		r := w.rotation(nil)
		return &r
	case "retire":
		return &roster.InviteRetired{Invites: []wire.InviteID{w.invites[a.word(2)].id}}
	}
	w.t.Fatalf("no statement %q", a.word(1))
	return nil
}

func (w *world) lastCounters(devices []wire.DeviceID) (last []roster.LastCounter) {
	for _, id := range devices {
		last = append(last, roster.LastCounter{Device: id, Counter: w.actor(w.names[id]).counter})
	}
	return last
}

func (w *world) rotation(gone []wire.DeviceID) (r roster.Rotation) {
	for m := range w.roster.Members() {
		for _, id := range m.Devices {
			if !slices.Contains(gone, id) {
				r.Wraps = append(r.Wraps, roster.Wrap{Device: id})
			}
		}
	}
	return r
}

func (w *world) append(a args) {
	l := w.links[a.word(0)]
	l.ref++
	frame := wire.Append{Ref: l.ref}
	invite := w.invites[a.word(2)]
	switch {
	case a.has("repeat"):
		frame.Statement = l.actor.last
		if invite != nil {
			frame.Escrow, frame.Preview = invite.escrow, invite.preview
		}
	case a.word(1) == "invite": // append CONN invite NAME ROLE [uses=] [expires=SECONDS] [member=] [preview=]
		body := w.newInvite(l, a)
		invite = w.invites[a.word(2)]
		frame.Statement = w.draft(l.actor, body)
		frame.Escrow, frame.Preview = invite.escrow, []byte(or(a.options["preview"], string(invite.preview)))
	default:
		by := l.actor
		if a.has("by") {
			by = w.actor(a.options["by"])
		}
		frame.Statement = w.draft(by, w.statementBody(l, a))
	}
	l.actor.last = frame.Statement
	w.frame(l, wire.AppendJSONFrame(nil, wire.FrameAppend, frame))
	if code := w.codes[l.ref]; code != "" && invite != nil && !w.batching {
		invite.code = code
	}
	delete(w.codes, l.ref)
}

func (w *world) newInvite(l *link, a args) *roster.Invite {
	name := a.word(2)
	key := ok(identity.Generate(&noise{name: "invite " + name}))
	i := &issued{key: key, id: wire.InviteID(key.Public().Sign), escrow: []byte("escrow of " + name), preview: []byte("preview of " + name)}
	w.invites[name] = i
	body := &roster.Invite{
		ID: i.id, Role: ok(wire.ParseRole(a.word(3))), Uses: uint16(a.number("uses", 1)),
		Expires: uint64(w.now.Unix()) + a.number("expires", 3600), Escrow: roster.EscrowHash(i.escrow), Preview: roster.PreviewHash(i.preview),
	}
	if a.has("member") {
		body.For = w.actor(a.options["member"]).member
	}
	copy(body.Signature[:], w.sign(l.actor, roster.InviteSigningBytes(w.roster.Canonical(body))))
	return body
}

func (w *world) row(name string) *mesh.InviteRow {
	row, err := w.store.Invite(w.t.Context(), w.invites[name].code)
	if err != nil {
		w.t.Fatalf("invite %s: %v, after\n%s", name, err, w.out.String())
	}
	return &row
}

func (w *world) request(ev mesh.Event) {
	w.requests++
	ev.Request = w.requests
	w.event(ev)
}

func (w *world) claim(a args) {
	name, device := w.invites[a.word(0)], w.actor(a.word(1))
	at := uint64(w.now.UnixMilli()) + a.number("at", 0)*1000
	draft := w.roster.Draft(device.id, at, &roster.Join{Invite: name.id, Device: device.keys.Public()})
	join := draft.Body.(*roster.Join)
	if a.has("member") {
		join.Member = w.actor(a.options["member"]).member
	}
	unsigned := draft.Unsigned()
	signer := name.key
	if a.has("forged") {
		signer = device.keys
	}
	signature := ok(signer.Sign(w.t.Context(), roster.JoinSigningBytes(unsigned)))
	raw := roster.Assemble(unsigned, w.sign(device, roster.SigningBytes(unsigned)), signature)
	if a.has("repeat") {
		raw = device.joins[a.word(0)]
	} else {
		device.joins[a.word(0)] = raw
	}
	claim := &mesh.Claim{Invite: w.row(a.word(0)), Recipient: device.keys.Public().Box, Join: raw}
	if a.has("other_recipient") {
		claim.Recipient = w.actor(a.options["other_recipient"]).keys.Public().Box
	}
	if device.member.IsZero() {
		if device.member = join.Member; join.Member.IsZero() {
			device.member = wire.MemberID(device.id)
		}
	}
	w.request(mesh.Event{Kind: mesh.EventClaim, Claim: claim})
}
