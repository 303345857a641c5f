package enroll

import (
	"errors"
	"testing"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// enrolment is a claim that went well, which each test then breaks in one place.
type enrolment struct {
	*testing.T
	ada, bob *identity.Software
	mesh     *Founded
	invite   *Invite
	answer   *invite.ClaimAnswer
	escrow   []byte
	self     identity.Public
}

func enrolled(t *testing.T) *enrolment {
	e := &enrolment{T: t, ada: device(t, "ada"), bob: device(t, "bob")}
	e.mesh = found(t, e.ada)
	e.invite = newInvite(t, e.mesh, e.ada, options)
	landInvite(t, e.mesh, e.ada, e.invite)
	join(t, e.mesh, e.bob, e.invite.Secret, wire.MemberID{})
	e.answer, e.escrow, e.self = claimed(e.mesh, e.invite.Secret, e.bob), e.invite.Escrow, e.bob.Public()
	return e
}

func (e *enrolment) verify() (Verified, error) {
	return Verify(e.invite.Secret, e.answer, e.escrow, e.mesh.State, e.self)
}

func TestVerify(t *testing.T) {
	e := enrolled(t)
	v, err := e.verify()
	if err != nil || v.Epoch != 1 || v.Root != e.mesh.Root || v.Member != wire.MemberID(e.self.DeviceID()) {
		t.Errorf("%+v, %v", v, err)
	}
}

// A second device is enrolled to its member, and the mesh may have moved on since.
func TestVerifyDevice(t *testing.T) {
	e := enrolled(t)
	phone, id := device(t, "phone"), wire.MemberID(e.ada.Public().DeviceID())
	forDevice, err := NewInvite(seeded("device"), e.mesh.State, e.mesh.Root, InviteOptions{Role: wire.RoleOwner, Uses: 1, Expires: options.Expires, For: id}, preview(e.ada))
	if err != nil {
		t.Fatal(err)
	}
	landInvite(t, e.mesh, e.ada, forDevice)
	p, err := OpenPreview(forDevice.Secret, forDevice.Preview)
	if err != nil || p.For != id {
		t.Fatalf("the preview says %+v, %v", p, err)
	}
	join(t, e.mesh, phone, forDevice.Secret, p.For)
	e.rotate()
	v, err := Verify(forDevice.Secret, claimed(e.mesh, forDevice.Secret, phone), forDevice.Escrow, e.mesh.State, phone.Public())
	if err != nil || v.Member != id || v.Epoch != 1 {
		t.Errorf("%+v, %v", v, err)
	}
}

func (e *enrolment) rotate(gone ...*identity.Software) {
	rotation := roster.Rotation{Commitment: [32]byte{2}}
	leaving := map[wire.DeviceID]bool{}
	removed := &roster.MemberRemoved{}
	for _, d := range gone {
		leaving[d.Public().DeviceID()] = true
		removed.Member = wire.MemberID(d.Public().DeviceID())
		removed.Last = append(removed.Last, roster.LastCounter{Device: d.Public().DeviceID()})
	}
	for m := range e.mesh.State.Members() {
		for _, id := range m.Devices {
			if !leaving[id] {
				rotation.Wraps = append(rotation.Wraps, roster.Wrap{Device: id})
			}
		}
	}
	var body roster.Body = &rotation
	if len(gone) > 0 {
		removed.Rotation = rotation
		body = removed
	}
	raw, err := Sign(e.Context(), e.ada, e.mesh.State.Draft(e.ada.Public().DeviceID(), now, body))
	land(e, e.mesh.State, raw, err)
}

// Each check of "Before it trusts the answer" is broken alone, and nothing is handed out.
func TestVerifyRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*enrolment)
		want  wire.Code
	}{
		"a roster of nothing":                       {func(e *enrolment) { e.mesh.State = roster.New(); e.answer.Mesh = wire.MeshID{} }, wire.CodeBadEnrollment},
		"an answer for another mesh":                {func(e *enrolment) { e.answer.Mesh = wire.MeshID{1} }, wire.CodeBadEnrollment},
		"another owner":                             {func(e *enrolment) { e.answer.Owner = invite.PublicKey(e.bob.Public().Sign) }, wire.CodeBadEnrollment},
		"another link":                              {func(e *enrolment) { e.invite.Secret = invite.Secret{1} }, wire.CodeBadEnrollment},
		"another expiry in the canonical text":      {(*enrolment).laterExpiry, wire.CodeBadEnrollment},
		"a signature by somebody else":              {func(e *enrolment) { e.answer.Signature = e.sign(e.bob) }, wire.CodeBadEnrollment},
		"no signature":                              {func(e *enrolment) { e.answer.Signature = nil }, wire.CodeBadEnrollment},
		"an escrow that the inviter did not make":   {(*enrolment).otherEscrow, wire.CodeBadEnrollment},
		"an escrow that does not open":              {func(e *enrolment) { e.escrowOf(make([]byte, 200)) }, wire.CodeBadEnrollment},
		"an escrow of another version":              {func(e *enrolment) { e.escrowWith(func(s *escrow) { s.Version = 2 }) }, wire.CodeBadEnrollment},
		"an escrow of another mesh":                 {func(e *enrolment) { e.escrowWith(func(s *escrow) { s.Mesh = wire.MeshID{1} }) }, wire.CodeBadEnrollment},
		"an escrow of another epoch":                {(*enrolment).olderEscrow, wire.CodeBadEnrollment},
		"an escrow of no epoch":                     {func(e *enrolment) { e.escrowWith(func(s *escrow) { s.Epoch = 0 }) }, wire.CodeBadEnrollment},
		"a root key that nobody committed to":       {func(e *enrolment) { e.escrowWith(func(s *escrow) { s.Root.key = keyring.Root{1} }) }, wire.CodeBadEnrollment},
		"no join":                                   {func(e *enrolment) { e.self = device(e, "carol").Public() }, wire.CodeBadEnrollment},
		"a join by another invite":                  {(*enrolment).otherInvite, wire.CodeBadEnrollment},
		"another device in the answer":              {func(e *enrolment) { e.answer.Device = e.ada.Public().DeviceID() }, wire.CodeBadEnrollment},
		"another member in the answer":              {func(e *enrolment) { e.answer.Member = wire.MemberID(e.ada.Public().DeviceID()) }, wire.CodeBadEnrollment},
		"a device that was removed since it joined": {func(e *enrolment) { e.rotate(e.bob) }, wire.CodeRemoved},
	} {
		t.Run(name, func(t *testing.T) {
			e := enrolled(t)
			c.spoil(e)
			v, err := e.verify()
			wantCode(t, err, c.want)
			if v != (Verified{}) {
				t.Error("something is handed out")
			}
		})
	}
}

func (e *enrolment) sign(by *identity.Software) []byte {
	signature, err := by.Sign(e.Context(), roster.InviteSigningBytes(e.answer.Canonical))
	if err != nil {
		e.Fatal(err)
	}
	return signature
}

// laterExpiry describes the invite otherwise than the roster, even with the issuer's own signature.
func (e *enrolment) laterExpiry() {
	statement, _ := e.mesh.State.Invitation(e.invite.Secret.Key().ID())
	statement.Expires++
	e.answer.Canonical = e.mesh.State.Canonical(&statement.Invite)
	e.answer.Signature = e.sign(e.ada)
}

// otherEscrow is a good one, sealed once more.
func (e *enrolment) otherEscrow() {
	sealed, err := sealEscrow(seeded("other"), e.invite.Secret, e.mesh.State.Mesh(), 1, e.mesh.Root)
	if err != nil {
		e.Fatal(err)
	}
	e.escrow = sealed
}

// escrowOf starts again with an inviter that put this into its invite.
func (e *enrolment) escrowOf(sealed []byte) {
	e.mesh = found(e, e.ada)
	e.claimWith(sealed)
}

func (e *enrolment) claimWith(sealed []byte) {
	e.invite.body.Escrow = roster.EscrowHash(sealed)
	landInvite(e, e.mesh, e.ada, e.invite)
	join(e, e.mesh, e.bob, e.invite.Secret, wire.MemberID{})
	e.answer, e.escrow = claimed(e.mesh, e.invite.Secret, e.bob), sealed
}

func (e *enrolment) escrowWith(change func(*escrow)) {
	s := escrow{escrowVersion, e.mesh.State.Mesh(), 1, rootText{e.mesh.Root}}
	change(&s)
	sealed, err := sealJSON(seeded("escrow"), e.invite.Secret.EscrowKey(), wire.MaxEscrow, s)
	if err != nil {
		e.Fatal(err)
	}
	e.escrowOf(sealed)
}

// olderEscrow holds the genuine root key of the epoch before the invite's.
func (e *enrolment) olderEscrow() {
	e.mesh = found(e, e.ada)
	sealed, err := sealEscrow(seeded("escrow"), e.invite.Secret, e.mesh.State.Mesh(), 1, e.mesh.Root)
	if err != nil {
		e.Fatal(err)
	}
	e.rotate()
	e.claimWith(sealed)
}

// otherInvite joins by a second invite, and shows the answer of the first.
func (e *enrolment) otherInvite() {
	second, err := NewInvite(seeded("second"), e.mesh.State, e.mesh.Root, options, preview(e.ada))
	if err != nil {
		e.Fatal(err)
	}
	landInvite(e, e.mesh, e.ada, second)
	carol := device(e, "carol")
	join(e, e.mesh, carol, second.Secret, wire.MemberID{})
	e.answer, e.self = claimed(e.mesh, e.invite.Secret, carol), carol.Public()
}

// A join that is made again with the same keys is another statement of the same device; a key that is locked says so.
func TestSignJoin(t *testing.T) {
	e := enrolled(t)
	carol := device(t, "carol")
	mesh, head := e.mesh.State.Mesh(), e.mesh.State.Head()
	first, err := SignJoin(t.Context(), carol, e.invite.Secret, mesh, head, wire.MemberID{}, now)
	if err != nil {
		t.Fatal(err)
	}
	same, _ := SignJoin(t.Context(), carol, e.invite.Secret, mesh, head, wire.MemberID{}, now)
	later, _ := SignJoin(t.Context(), carol, e.invite.Secret, mesh, head, wire.MemberID{}, now+1)
	if string(first) != string(same) || string(first) == string(later) {
		t.Error("a join does not follow from its keys and time")
	}
	land(t, e.mesh.State, later, nil)
	if _, err := SignJoin(t.Context(), locked{carol}, e.invite.Secret, mesh, head, wire.MemberID{}, now); !errors.Is(err, errLocked) {
		t.Errorf("without signatures: %v", err)
	}
}
