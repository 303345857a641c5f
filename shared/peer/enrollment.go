package peer

import (
	"fmt"

	"claudemesh.com/mesh/shared/enroll"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

// Enrollment is a claim that the relay has answered and the roster has not confirmed yet.
type Enrollment struct {
	// Secret is the invite's, as text.
	Secret string             `json:"secret"`
	Answer invite.ClaimAnswer `json:"answer"`
}

// Founded are the operations that make a store that of a founder, once the relay has the mesh. position is that of the last
// statement.
func Founded(relay string, f *enroll.Founded, position wire.Position) []Op {
	mesh := f.State.Mesh()
	var ring keyring.Ring
	commitment, _ := f.State.Commitment(1)
	if err := ring.Add(1, f.Root, commitment); err != nil {
		panic("peer: a new mesh does not fit its own key: " + err.Error())
	}
	ops := []Op{
		{BucketMeta, metaKey(metaIdentity), encode(identityRow{Version: identityVersion, Mesh: mesh, Relay: relay})},
		{BucketMeta, metaKey(metaRing), ring.Bytes()},
		{BucketCursor, wire.AppendStream(nil, wire.RosterStream(mesh)), u64(uint64(position))},
	}
	for i, statement := range f.Statements {
		ops = append(ops, Op{BucketRoster, u64(uint64(i)), append(u64(0), statement...)})
	}
	return ops
}

// Claimed are the operations that make a store that of a claimant. name is the display name that it will publish.
func Claimed(relay, name string, e Enrollment) []Op {
	return []Op{
		{BucketMeta, metaKey(metaIdentity), encode(identityRow{Version: identityVersion, Mesh: e.Answer.Mesh, Relay: relay, Name: name})},
		{BucketMeta, metaKey(metaEnrollment), encode(e)},
	}
}

// verify holds the claim's answer to the roster, once that was read to its head. Only then is the mesh trusted.
func (c *Core) verify() {
	if c.enrollment == nil || c.link.phase != phaseLive || !c.streams.roster(c).live {
		return
	}
	escrow, wait, err := c.openEscrow()
	if wait {
		return
	}
	var secret invite.Secret
	if err == nil {
		secret, err = invite.ParseSecret(c.enrollment.Secret)
	}
	var verified enroll.Verified
	if err == nil {
		verified, err = enroll.Verify(secret, &c.enrollment.Answer, escrow, c.roster, c.device.Public)
	}
	if err == nil {
		commitment, _ := c.roster.Commitment(verified.Epoch)
		err = c.ring.Add(verified.Epoch, verified.Root, commitment)
	}
	if err != nil {
		c.hangUp(enrollmentProblem(err), 0, true)
		return
	}
	c.enrollment = nil
	c.delete(BucketMeta, metaKey(metaEnrollment))
	c.put(BucketMeta, metaKey(metaRing), c.ring.Bytes())
	c.keepRing()
	c.connectionChanged()
}

// enrollmentProblem is how a failed verification is told: whatever did not fit, nothing is to be trusted.
func enrollmentProblem(err error) *wire.Error {
	if code := wire.CodeOf(err); code == wire.CodeBadEnrollment || code == wire.CodeRemoved {
		return wire.AsError(err)
	}
	return wire.Refuse(wire.CodeBadEnrollment)
}

// openEscrow opens what the relay sealed to this device.
func (c *Core) openEscrow() (escrow []byte, wait bool, err error) {
	sealed := c.enrollment.Answer.SealedRootKey
	ephemeral, err := seal.EphemeralKey(sealed)
	if err != nil {
		return nil, false, err
	}
	shared, ready, problem := c.sharedKey(ephemeral)
	if !ready {
		return nil, true, nil
	}
	if problem != nil {
		return nil, c.keyFailed(problem), problem
	}
	escrow, err = seal.OpenAnonymous(sealed, c.device.Public.Box, shared)
	return escrow, false, err
}

// loadBuckets are what Load needs of a store: everything but the messages.
var loadBuckets = [...]string{
	BucketMeta, BucketRoster, BucketCursor, BucketSeen, BucketOutbox, BucketSent, BucketUnread, BucketConversation, BucketInvite,
}

// LoadBuckets are the buckets that Load reads.
func LoadBuckets() []string { return loadBuckets[:] }

// Load makes the core of a device from its store: all rows of LoadBuckets, in order of their keys. CodeNotFound: the store
// holds no mesh. CodeStorage: it holds something that this version cannot read.
func Load(device Device, rows map[string][]Row) (*Core, error) {
	c := &Core{
		device: device, id: device.Public.DeviceID(), roster: roster.New(), keys: newKeys(), streams: newStreams(),
		log: newLog(), sent: newSent(), presence: newPresence(), speech: newSpeech(&device), jobs: newJobs(), invites: map[wire.InviteID]inviteRow{},
	}
	if len(rows[BucketMeta]) == 0 {
		return nil, errNoMesh
	}
	for _, bucket := range loadBuckets {
		for _, row := range rows[bucket] {
			if err := c.load(bucket, row); err != nil {
				return nil, wire.Errorf(wire.CodeStorage, "This device's store cannot be read: %v", fmt.Errorf("%s: %w", bucket, err))
			}
		}
	}
	if c.self.Mesh.IsZero() {
		return nil, errNoMesh
	}
	if device.Card != nil {
		if err := device.Card.check(); err != nil {
			return nil, err
		}
	}
	if err := c.finishLoad(); err != nil {
		return nil, err
	}
	return c, nil
}

var errNoMesh = wire.Errorf(wire.CodeNotFound, "This device is in no mesh yet.")

func unmarshal(row []byte, v any) error {
	if err := wire.DecodeKnownJSON(row, v); err != nil {
		return fmt.Errorf("a row does not fit: %w", err)
	}
	return nil
}
