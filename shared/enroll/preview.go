package enroll

import (
	"io"

	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/wire"
)

// MaxPreviewMembers is how many members a preview lists.
const MaxPreviewMembers = 8

const previewVersion = 1

// Preview is what the consent page shows, sealed for those who hold the link (section 4). Until a claim is verified it is what
// the inviter says, and no more.
type Preview struct {
	Version     int                      `json:"v"`
	MeshName    string                   `json:"mesh_name"`
	InviterName string                   `json:"inviter_name"`
	Inviter     wire.MemberID            `json:"inviter_id"`
	Role        wire.Role                `json:"role"`
	For         wire.MemberID            `json:"for_member"` // zero: a new member; else the member that gets one more device
	MemberCount int                      `json:"member_count"`
	Members     wire.List[PreviewMember] `json:"members"` // the inviter first, at most MaxPreviewMembers
}

// PreviewMember is one member of the mesh as the inviter knows it.
type PreviewMember struct {
	ID   wire.MemberID `json:"id"`
	Name string        `json:"name"`
	Role wire.Role     `json:"role"`
}

func (p *Preview) check() error {
	if p.Version != previewVersion {
		return wire.Errorf(wire.CodeUnsupported, "a preview of version %d cannot be read here", p.Version)
	}
	if err := keyring.CheckName(p.MeshName); err != nil {
		return err
	}
	if err := keyring.CheckName(p.InviterName); err != nil {
		return err
	}
	for _, m := range p.Members {
		if err := keyring.CheckName(m.Name); err != nil {
			return err
		}
		if !m.Role.Valid() {
			return wire.Errorf(wire.CodeMalformed, "a preview lists a member without a role")
		}
	}
	if n := len(p.Members); n == 0 || n > MaxPreviewMembers || p.MemberCount < n || p.Members[0].ID != p.Inviter {
		return wire.Errorf(wire.CodeMalformed, "a preview lists 1 to %d of the members, the inviter first", MaxPreviewMembers)
	}
	if !p.Role.Valid() || !p.For.IsZero() && p.For != p.Inviter {
		return wire.Errorf(wire.CodeMalformed, "a preview is for a new member or for a device of the inviter")
	}
	return nil
}

func sealPreview(entropy io.Reader, secret invite.Secret, preview Preview) ([]byte, error) {
	if err := preview.check(); err != nil {
		return nil, err
	}
	return sealJSON(entropy, secret.PreviewKey(), wire.MaxPreview, preview)
}

// OpenPreview opens a sealed preview with the link's secret. What does not open or breaks a bound is bad_enrollment: the link
// and what the relay holds under its code do not belong together.
func OpenPreview(secret invite.Secret, sealed []byte) (Preview, error) {
	var p Preview
	err := openJSON(secret.PreviewKey(), wire.MaxPreview, sealed, &p)
	if err == nil {
		err = p.check()
	}
	if err != nil {
		return Preview{}, badEnrollment("the preview: " + wire.AsError(err).Message)
	}
	return p, nil
}
