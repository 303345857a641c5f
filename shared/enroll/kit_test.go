package enroll

import (
	"context"
	"crypto/sha3"
	"io"
	"testing"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

const now = 1_800_000_000_000

// seeded is endless bytes that follow from a label.
func seeded(label string) io.Reader {
	shake := sha3.NewSHAKE128()
	_, _ = shake.Write([]byte(label))
	return shake
}

func device(t testing.TB, name string) *identity.Software {
	t.Helper()
	d, err := identity.Generate(seeded(name))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func found(t testing.TB, by *identity.Software) *Founded {
	t.Helper()
	f, err := Found(t.Context(), by, seeded("mesh"), "a mesh", "Ada", now)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func preview(by *identity.Software) Preview {
	id := wire.MemberID(by.Public().DeviceID())
	return Preview{
		MeshName: "a mesh", InviterName: "Ada", Inviter: id, MemberCount: 1,
		Members: []PreviewMember{{ID: id, Name: "Ada", Role: wire.RoleOwner}},
	}
}

var options = InviteOptions{Role: wire.RoleMember, Uses: 3, Expires: now/1000 + 3600}

func newInvite(t testing.TB, f *Founded, by *identity.Software, o InviteOptions) *Invite {
	t.Helper()
	i, err := NewInvite(seeded("invite"), f.State, f.Root, o, preview(by))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// land folds a signed statement, which must be accepted.
func land(t testing.TB, state *roster.State, raw []byte, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := state.Follow(raw); err != nil {
		t.Fatal(err)
	}
}

// landInvite signs an invite as its inviter's device does and appends it.
func landInvite(t testing.TB, f *Founded, by *identity.Software, i *Invite) {
	t.Helper()
	signature, err := by.Sign(t.Context(), i.SigningBytes)
	if err != nil {
		t.Fatal(err)
	}
	body, err := i.Body(signature)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := Sign(t.Context(), by, f.State.Draft(by.Public().DeviceID(), now, body))
	land(t, f.State, raw, err)
}

func join(t testing.TB, f *Founded, who *identity.Software, secret invite.Secret, member wire.MemberID) {
	t.Helper()
	raw, err := SignJoin(context.Background(), who, secret, f.State.Mesh(), f.State.Head(), member, now)
	land(t, f.State, raw, err)
}

// claimed is what a relay answers to the claim of a device that joined.
func claimed(f *Founded, secret invite.Secret, who *identity.Software) *invite.ClaimAnswer {
	statement, _ := f.State.Invitation(secret.Key().ID())
	joined, _ := f.State.Device(who.Public().DeviceID())
	return &invite.ClaimAnswer{
		Mesh: f.State.Mesh(), Member: joined.Member, Device: joined.ID, Owner: invite.PublicKey(f.State.Owner().Sign),
		Canonical: f.State.Canonical(&statement.Invite), Signature: statement.Signature[:], Head: f.State.Head(),
	}
}

func wantCode(t testing.TB, err error, want wire.Code) {
	t.Helper()
	if got := wire.CodeOf(err); got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}
