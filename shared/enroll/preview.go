package enroll

import (
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/wire"
)

// MaxPreviewMembers is how many members a preview lists.
const MaxPreviewMembers = 8

// Preview is what the consent page shows, sealed for those who hold the link (section 4).
type Preview struct {
	Version     int             `json:"v"`
	MeshName    string          `json:"mesh_name"`
	InviterName string          `json:"inviter_name"`
	Inviter     wire.MemberID   `json:"inviter_id"`
	Role        wire.Role       `json:"role"`
	For         wire.MemberID   `json:"for_member"` // zero: a new member; else the member that gets one more device
	MemberCount int             `json:"member_count"`
	Members     []PreviewMember `json:"members"` // the inviter first, at most MaxPreviewMembers
}

// PreviewMember is one member of the mesh as the inviter knows it.
type PreviewMember struct {
	ID   wire.MemberID `json:"id"`
	Name string        `json:"name"`
	Role wire.Role     `json:"role"`
}

// OpenPreview opens a sealed preview with the link's secret. What does not open or breaks a bound is bad_enrollment: the link
// and what the relay holds under its code do not belong together.
func OpenPreview(secret invite.Secret, sealed []byte) (Preview, error) { panic("unwritten") }
