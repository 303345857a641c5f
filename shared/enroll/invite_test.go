package enroll

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// Whoever holds the link reads the preview; whoever does not, reads nothing.
func TestInviteAndPreview(t *testing.T) {
	ada := device(t, "ada")
	f := found(t, ada)
	i := newInvite(t, f, ada, options)
	landInvite(t, f, ada, i)
	statement, ok := f.State.Invitation(i.Secret.Key().ID())
	if !ok || statement.Uses != 3 || statement.Escrow != roster.EscrowHash(i.Escrow) || statement.Preview != roster.PreviewHash(i.Preview) {
		t.Fatalf("the roster holds %+v", statement)
	}
	p, err := OpenPreview(i.Secret, i.Preview)
	if err != nil || p.MeshName != "a mesh" || p.Role != wire.RoleMember || len(p.Members) != 1 || !p.For.IsZero() {
		t.Errorf("the preview says %+v, %v", p, err)
	}
	_, err = OpenPreview(invite.Secret{1}, i.Preview)
	wantCode(t, err, wire.CodeBadEnrollment)
	_, err = OpenPreview(i.Secret, i.Escrow)
	wantCode(t, err, wire.CodeBadEnrollment)
	_, err = OpenPreview(i.Secret, make([]byte, wire.MaxPreview+1))
	wantCode(t, err, wire.CodeBadEnrollment)
	if link := i.Link("https://relay.example", "Ab3dE6gH"); link.Secret != i.Secret || link.Code != "Ab3dE6gH" {
		t.Errorf("the link is %v", link)
	}
}

func TestNewInviteRefuses(t *testing.T) {
	ada := device(t, "ada")
	f := found(t, ada)
	for name, c := range map[string]struct {
		change func(*InviteOptions)
		want   wire.Code
	}{
		"a guest":               {func(o *InviteOptions) { o.Role = wire.RoleGuest }, wire.CodeUnsupported},
		"no role":               {func(o *InviteOptions) { o.Role = wire.RoleNone }, wire.CodeMalformed},
		"an owner":              {func(o *InviteOptions) { o.Role = wire.RoleOwner }, wire.CodeForbidden},
		"no uses":               {func(o *InviteOptions) { o.Uses = 0 }, wire.CodeMalformed},
		"too many uses":         {func(o *InviteOptions) { o.Uses = wire.MaxInviteUses + 1 }, wire.CodeMalformed},
		"two uses for a device": {func(o *InviteOptions) { o.For, o.Uses = wire.MemberID{1}, 2 }, wire.CodeMalformed},
		"after the year 9999":   {func(o *InviteOptions) { o.Expires = roster.MaxExpiry + 1 }, wire.CodeMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			o := options
			c.change(&o)
			_, err := NewInvite(seeded("invite"), f.State, f.Root, o, preview(ada))
			wantCode(t, err, c.want)
		})
	}
	_, err := NewInvite(seeded("invite"), f.State, keyring.Root{1}, options, preview(ada))
	wantCode(t, err, wire.CodeBadCommitment)
	broken := errors.New("no entropy")
	if _, err := NewInvite(iotest.ErrReader(broken), f.State, f.Root, options, preview(ada)); !errors.Is(err, broken) {
		t.Errorf("without entropy: %v", err)
	}
	i := newInvite(t, f, ada, options)
	for _, size := range []int{0, 63, 65} {
		_, err := i.Body(make([]byte, size))
		wantCode(t, err, wire.CodeBadSignature)
	}
}

// A preview that breaks a bound is neither made nor, where another made it, shown.
func TestPreviewBounds(t *testing.T) {
	ada := device(t, "ada")
	f := found(t, ada)
	for name, change := range map[string]func(*Preview){
		"no mesh name":             func(p *Preview) { p.MeshName = "" },
		"a turned mesh name":       func(p *Preview) { p.MeshName = "a\u202eb" },
		"no inviter name":          func(p *Preview) { p.InviterName = "" },
		"a long name":              func(p *Preview) { p.Members[0].Name = strings.Repeat("a", 65) },
		"a member without role":    func(p *Preview) { p.Members[0].Role = wire.RoleNone },
		"nobody":                   func(p *Preview) { p.Members = nil },
		"nine members":             func(p *Preview) { p.MemberCount = 9; p.Members = append(p.Members, make([]PreviewMember, 8)...) },
		"fewer members than shown": func(p *Preview) { p.MemberCount = 0 },
		"somebody else first":      func(p *Preview) { p.Members[0].ID = wire.MemberID{1} },
	} {
		t.Run(name, func(t *testing.T) {
			p := preview(ada)
			change(&p)
			_, err := NewInvite(seeded("invite"), f.State, f.Root, options, p)
			wantCode(t, err, wire.CodeMalformed)
			p.Version, p.Role = previewVersion, wire.RoleMember
			sealed, err := sealJSON(seeded("nonce"), invite.Secret{}.PreviewKey(), wire.MaxPreview, p)
			if err != nil {
				t.Fatal(err)
			}
			_, err = OpenPreview(invite.Secret{}, sealed)
			wantCode(t, err, wire.CodeBadEnrollment)
		})
	}
	for name, change := range map[string]func(*Preview){
		"another version":         func(p *Preview) { p.Version = 2 },
		"no role":                 func(p *Preview) { p.Role = wire.RoleNone },
		"for a stranger's device": func(p *Preview) { p.For = wire.MemberID{1} },
	} {
		p := preview(ada)
		p.Version, p.Role = previewVersion, wire.RoleMember
		change(&p)
		sealed, err := sealJSON(seeded("nonce"), invite.Secret{}.PreviewKey(), wire.MaxPreview, p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenPreview(invite.Secret{}, sealed); wire.CodeOf(err) != wire.CodeBadEnrollment {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The largest preview that the bounds allow fits.
func TestLargestPreview(t *testing.T) {
	ada := device(t, "ada")
	f := found(t, ada)
	longest := strings.Repeat("\U0001f4a1", wire.MaxName)
	p := preview(ada)
	p.MeshName, p.InviterName, p.Members[0].Name = longest, longest, longest
	for len(p.Members) < MaxPreviewMembers {
		p.Members = append(p.Members, PreviewMember{ID: wire.MemberID{byte(len(p.Members))}, Name: longest, Role: wire.RoleMember})
	}
	p.MemberCount = 100_000
	i, err := NewInvite(seeded("invite"), f.State, f.Root, options, p)
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := OpenPreview(i.Secret, i.Preview); err != nil || len(opened.Members) != MaxPreviewMembers || opened.MeshName != longest {
		t.Errorf("%d members, %v", len(opened.Members), err)
	}
	// Names whose characters JSON escapes take six bytes for each.
	escaped := strings.Repeat("<", wire.MaxName)
	p.MeshName, p.InviterName = escaped, escaped
	for n := range p.Members {
		p.Members[n].Name = escaped
	}
	if _, err := NewInvite(seeded("invite"), f.State, f.Root, options, p); err != nil {
		t.Error(err)
	}
}
