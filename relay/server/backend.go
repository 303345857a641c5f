package server

import (
	"context"
	"time"

	"claudemesh.com/mesh/relay/api"
	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/wire"
)

var _ api.Backend = (*hub)(nil)

// CreateMesh implements api.Backend.
func (h *hub) CreateMesh(ctx context.Context, statements [][]byte) (mesh.Created, error) {
	done, err := h.use()
	if err != nil {
		return mesh.Created{}, err
	}
	defer done()
	batch, err := mesh.Create(time.Now(), statements)
	if err != nil {
		return mesh.Created{}, err
	}
	verdicts, err := h.committer.commit(batch)
	if err != nil {
		return mesh.Created{}, err
	}
	if verdicts[0].Outcome == mesh.Done {
		h.meters.created.Add(1)
	}
	return mesh.ReadCreated(batch, verdicts[0], func() (mesh.Snapshot, error) { return h.store.Load(ctx, batch.Mesh) })
}

// Invite implements api.Backend.
func (h *hub) Invite(ctx context.Context, code invite.Code) (*mesh.Lookup, error) {
	row, err := h.store.Invite(ctx, string(code))
	if err != nil {
		return nil, err
	}
	answer, err := h.ask(ctx, row.Mesh, mesh.Event{Kind: mesh.EventLookup, Invite: &row})
	if err != nil {
		return nil, err
	}
	return answer.Lookup, nil
}

// Claim implements api.Backend.
func (h *hub) Claim(ctx context.Context, code invite.Code, recipient [wire.KeySize]byte, join []byte) (*mesh.Claimed, error) {
	row, err := h.store.Invite(ctx, string(code))
	if err != nil {
		return nil, err
	}
	claim := &mesh.Claim{Invite: &row, Recipient: recipient, Join: join}
	answer, err := h.ask(ctx, row.Mesh, mesh.Event{Kind: mesh.EventClaim, Claim: claim})
	if err != nil {
		return nil, err
	}
	return answer.Claimed, nil
}

// Ready implements api.Backend.
func (h *hub) Ready(ctx context.Context) error {
	if err := h.takes(); err != nil {
		return err
	}
	return h.store.Ready(ctx)
}
