package driver

import (
	"context"
	"strings"
	"time"

	"claudemesh.com/mesh/shared/enroll"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// claiming is a claim that was made here and that the relay may or may not have taken.
type claiming struct {
	Link string `json:"link"`
	Name string `json:"name"`
	Made int64  `json:"made"` // milliseconds since 1970
	Join []byte `json:"join"`
}

// Preview looks an invite up and opens its preview. It claims nothing.
func Preview(ctx context.Context, http HTTP, link string) (peer.InvitePreview, error) {
	parsed, err := invite.ParseLink(link)
	if err != nil {
		return peer.InvitePreview{}, err
	}
	found, preview, err := lookUp(ctx, http, parsed)
	if err != nil {
		return peer.InvitePreview{}, err
	}
	view := peer.InvitePreview{
		Link: parsed.String(), Code: string(parsed.Code), Relay: parsed.Origin, Mesh: found.Mesh, MeshName: preview.MeshName,
		InviterName: preview.InviterName, Inviter: preview.Inviter, Role: preview.Role, MemberCount: preview.MemberCount,
		ExpiresAt: int64(found.ExpiresAt) * 1000, UsesLeft: found.UsesLeft,
	}
	for _, m := range preview.Members {
		view.Members = append(view.Members, peer.PreviewMember{Member: m.ID, Name: m.Name, Role: m.Role})
	}
	return view, nil
}

// lookUp asks the relay about an invite and holds its answer to the link.
func lookUp(ctx context.Context, http HTTP, link invite.Link) (invite.Lookup, enroll.Preview, error) {
	var found invite.Lookup
	url := link.Origin + "/api/public/invites/" + string(link.Code)
	if err := request(ctx, http, "GET", url, "", nil, &found); err != nil {
		return found, enroll.Preview{}, err
	}
	if err := found.Check(); err != nil {
		return found, enroll.Preview{}, err
	}
	if found.Code != link.Code || found.Invite != link.Secret.Key().ID() {
		return found, enroll.Preview{}, wire.Errorf(wire.CodeBadEnrollment, "The two parts of this link do not belong together. Ask the inviter for the link again.")
	}
	preview, err := enroll.OpenPreview(link.Secret, found.Preview)
	if err == nil && preview.Role != found.Role {
		err = wire.Refuse(wire.CodeBadEnrollment)
	}
	return found, preview, err
}

// Join claims an invite and verifies what the relay answers; it returns when the mesh is trusted and the display name told.
// What it sends is stored first: called again after a crash or a lost connection, with the same link, it goes on where it
// stood. Until it has, Open gives a mesh that is peer.Joining.
func Join(ctx context.Context, host Host, options JoinOptions) error {
	link, err := invite.ParseLink(options.Link)
	if err != nil {
		return err
	}
	name := strings.TrimSpace(options.DisplayName)
	if err := keyring.CheckName(name); err != nil {
		return err
	}
	row, err := host.Store.Get(ctx, peer.BucketMeta, rowIdentity)
	if err != nil {
		return storage(err)
	}
	if row == nil {
		if err := claim(ctx, host, link, name); err != nil {
			return err
		}
	}
	return settle(ctx, host, row != nil)
}

// claim claims the invite, with the bytes that an earlier call may have sent already.
func claim(ctx context.Context, host Host, link invite.Link, name string) error {
	for again := false; ; again = true {
		c, err := prepare(ctx, host, link, name)
		if err != nil {
			return err
		}
		answer, err := post(ctx, host, link, c)
		if err == nil {
			if joined, err := roster.Parse(c.Join); err != nil || joined.Mesh != answer.Mesh {
				return wire.Errorf(wire.CodeBadEnrollment, "The relay answered for another mesh than the one that the invite is for. Nothing was trusted; ask the inviter for a new link.")
			}
			ops := peer.Claimed(link.Origin, c.Name, peer.Enrollment{Secret: link.Secret.Text(), Answer: answer})
			return commit(ctx, host, append(ops, peer.Op{Bucket: peer.BucketMeta, Key: rowClaiming})...)
		}
		old := wire.CodeOf(err) == wire.CodeClockSkew && host.Now().UnixMilli()-c.Made > staleAfter
		if refused := refusedForGood(err); refused || old {
			if err := commit(ctx, host, peer.Op{Bucket: peer.BucketMeta, Key: rowClaiming}); err != nil {
				return err
			}
		}
		if !old || again {
			return err
		}
		// It was signed too long ago to be taken, so it was not: sign again, with the same keys.
	}
}

// refusedForGood reports whether a relay said no, and not that it could not be asked.
func refusedForGood(err error) bool {
	code := wire.CodeOf(err)
	return code != wire.CodeInternal && code != wire.CodeClockSkew && !wire.AsError(err).Retry
}

// prepare gives the stored claim of this link, or makes and stores one.
func prepare(ctx context.Context, host Host, link invite.Link, name string) (claiming, error) {
	row, err := host.Store.Get(ctx, peer.BucketMeta, rowClaiming)
	if err != nil {
		return claiming{}, storage(err)
	}
	var c claiming
	if row != nil && wire.DecodeKnownJSON(row, &c) == nil && c.Link == link.String() {
		return c, nil
	}
	found, preview, err := lookUp(ctx, host.HTTP, link)
	if err != nil {
		return claiming{}, err
	}
	c = claiming{Link: link.String(), Name: name, Made: host.Now().UnixMilli()}
	if !preview.For.IsZero() {
		c.Name = "" // one more device of a member that has its name
	}
	c.Join, err = enroll.SignJoin(ctx, host.Keys, link.Secret, found.Mesh, found.Head, preview.For, uint64(c.Made))
	if err != nil {
		return claiming{}, err
	}
	value, err := wire.EncodeJSON(c)
	if err != nil {
		return claiming{}, err
	}
	return c, commit(ctx, host, peer.Op{Bucket: peer.BucketMeta, Key: rowClaiming, Value: value})
}

// claimTries is how often a claim is sent before Join gives up for now.
const claimTries = 6

// post sends the claim until it is answered.
func post(ctx context.Context, host Host, link invite.Link, c claiming) (answer invite.ClaimAnswer, err error) {
	in := invite.ClaimRequest{Recipient: host.Keys.Public().Box, Join: c.Join}
	url := link.Origin + "/api/public/invites/" + string(link.Code) + "/claim"
	pause := 250 * time.Millisecond
	for try := 1; ; try++ {
		err = request(ctx, host.HTTP, "POST", url, "", in, &answer)
		code := wire.CodeOf(err)
		lost := code == wire.CodeUnreachable || code == wire.CodeUnavailable || code == wire.CodeDraining
		if !lost || try == claimTries {
			return answer, err
		}
		if err := sleep(ctx, pause); err != nil {
			return answer, err
		}
		pause *= 2
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return overtime(ctx)
	}
}

// settle runs the device until it has read the roster and trusts the mesh. What cannot be trusted leaves nothing behind.
func settle(ctx context.Context, host Host, before bool) error {
	host.OneShot = true // joining is no presence
	d, err := Open(ctx, host)
	if err != nil {
		return err
	}
	defer d.Close()
	if before && d.trusted() {
		return wire.Refuse(wire.CodeAlreadyJoined)
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- d.Run(running) }()
	var fault error
	err = d.wait(ctx, func() bool {
		fault = d.fault
		return d.core.Settled() || fault != nil
	})
	if err == nil {
		err = fault
	}
	stop()
	if final := <-ended; err == nil {
		return nil
	} else if final != nil {
		err = final
	}
	switch wire.CodeOf(err) {
	case wire.CodeBadEnrollment, wire.CodeBadRoster:
		return wipe(ctx, host, err)
	}
	return err
}

// wipe empties the store, keys too: the device id is spent.
func wipe(ctx context.Context, host Host, reason error) error {
	var ops []peer.Op
	for _, bucket := range peer.Buckets {
		rows, err := host.Store.Scan(ctx, bucket, Range{})
		if err != nil {
			return storage(err)
		}
		for _, row := range rows {
			ops = append(ops, peer.Op{Bucket: bucket, Key: row.Key})
		}
	}
	if err := commit(ctx, host, ops...); err != nil {
		return err
	}
	return reason
}
