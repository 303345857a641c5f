package roster_test

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// dump writes everything that a state shows, with names for ids, in lines.
func (w *world) dump(s *roster.State) string {
	var b strings.Builder
	fmt.Fprintf(&b, "epoch %d, %d statements, %d members, %d devices\n", s.Epoch(), s.Statements(), s.PresentMembers(), s.PresentDevices())
	for m := range s.Members() {
		fmt.Fprintf(&b, "%s %s%s%s: %s\n", w.names[m.ID], m.Role, standing(m.Standing), text(" as ", m.Profile), strings.Join(w.namesOf(m.Devices), " "))
	}
	var gone []string
	for _, name := range w.sorted() {
		if d, ok := s.Device(w.id(name)); ok && d.Standing != roster.Present {
			gone = append(gone, fmt.Sprintf("device %s of %s%s after %d\n", name, w.names[d.Member], standing(d.Standing), d.LastCounter))
		}
	}
	b.WriteString(strings.Join(gone, ""))
	for i := range s.Invitations() {
		fmt.Fprintf(&b, "invite %s by %s: %s, %d of %d used", w.names[i.ID], w.names[i.Issuer], i.Role, i.Used, i.Uses)
		if !i.For.IsZero() {
			fmt.Fprintf(&b, ", for %s", w.names[i.For])
		}
		if err := s.Usable(i.ID, time.Time{}); err != nil {
			fmt.Fprintf(&b, ", %s", wire.CodeOf(err))
		}
		b.WriteString("\n")
	}
	for t := range s.Topics() {
		if t.General() {
			continue
		}
		fmt.Fprintf(&b, "topic %s by %s%s", w.names[t.ID], w.names[t.Creator], text(" as ", t.Text))
		if t.Archived {
			b.WriteString(", archived")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// exact is dump and all that it leaves out: what two states that are one must agree on.
func (w *world) exact(s *roster.State) string {
	b := []byte(w.dump(s))
	bytes := func(parts ...[]byte) {
		for _, part := range parts {
			b = hex.AppendEncode(append(b, ' '), part)
		}
	}
	mesh, head, owner, name := s.Mesh(), s.Head(), s.Owner(), s.Name()
	bytes(mesh[:], head[:], owner.Sign[:], owner.Box[:], name.Bytes)
	for e := uint32(0); e <= s.Epoch()+1; e++ {
		c, ok := s.Commitment(e)
		p, has := s.PreviousWrap(e)
		bytes(c[:], p[:])
		b = fmt.Append(b, ok, has, s.RotatedAt(e).UnixNano())
	}
	for m := range s.Members() {
		again, ok := s.Member(m.ID)
		b = fmt.Append(b, m.ProfileTime, m.Joined, again.Joined, ok, len(s.DevicesOf(m.ID)))
	}
	for _, name := range w.sorted() {
		d, ok := s.Device(w.id(name))
		wrap, author, has := s.Wrap(w.id(name))
		bytes(d.Public.Sign[:], d.Public.Box[:], d.Invite[:], d.Member[:], wrap.Nonce[:], wrap.Box[:], author[:])
		b = fmt.Append(b, ok, has)
	}
	for i := range s.Invitations() {
		again, ok := s.Invitation(i.ID)
		bytes(i.Escrow[:], i.Preview[:], i.Signature[:])
		b = fmt.Append(b, i.Epoch, i.Expires, i.Retired, again.Used, ok)
	}
	for t := range s.Topics() {
		_, ok := s.Topic(t.ID)
		bytes(t.ID[:])
		b = fmt.Append(b, ok)
	}
	return string(b)
}

func (w *world) sorted() []string {
	var names []string
	for name := range w.devices {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (w *world) namesOf(ids []wire.DeviceID) []string {
	var names []string
	for _, id := range ids {
		names = append(names, w.names[id])
	}
	slices.Sort(names)
	return names
}

func standing(s roster.Standing) string {
	return [...]string{"", ", left", ", removed"}[s]
}

func text(before string, s roster.Sealed) string {
	if len(s.Bytes) <= roster.MinSealedName {
		return ""
	}
	return fmt.Sprintf("%s%q of epoch %d", before, s.Bytes[roster.MinSealedName:], s.Epoch)
}
