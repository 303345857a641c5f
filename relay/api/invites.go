package api

import (
	"net/http"

	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/wire"
)

// lookUpInvite is GET /api/public/invites/{code} (docs/PROTOCOL.md, section 4).
func (s *server) lookUpInvite(r *http.Request, _ []byte) (int, any, error) {
	code, err := invite.ParseCode(r.PathValue("code"))
	if err != nil {
		return 0, nil, err
	}
	found, err := s.backend.Invite(r.Context(), code)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, invite.Lookup{
		Version:   invite.Version,
		Code:      code,
		Mesh:      found.Mesh,
		Invite:    found.Invite,
		Role:      found.Role,
		ExpiresAt: invite.Expiry(found.Expires),
		UsesLeft:  found.UsesLeft,
		Preview:   found.Preview,
		Canonical: found.Canonical,
		Signature: found.Signature,
		Owner:     found.OwnerKey,
		Head:      found.Head,
	}, nil
}

// claimInvite is POST /api/public/invites/{code}/claim (docs/PROTOCOL.md, section 4).
func (s *server) claimInvite(r *http.Request, body []byte) (int, any, error) {
	code, err := invite.ParseCode(r.PathValue("code"))
	if err != nil {
		return 0, nil, err
	}
	var request invite.ClaimRequest
	if err := wire.DecodeJSON(body, maxBody, &request); err != nil {
		return 0, nil, err
	}
	claimed, err := s.backend.Claim(r.Context(), code, request.Recipient, request.Join)
	if err != nil {
		return 0, nil, err
	}
	sealed, err := sealTo(claimed.Escrow, request.Recipient)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, invite.ClaimAnswer{
		SealedRootKey: sealed,
		Mesh:          claimed.Mesh,
		Member:        claimed.Member,
		Device:        claimed.Device,
		Owner:         claimed.OwnerKey,
		Canonical:     claimed.Canonical,
		Signature:     claimed.Signature,
		Head:          claimed.Head,
		Position:      claimed.Position,
	}, nil
}
