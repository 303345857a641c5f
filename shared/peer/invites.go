package peer

import (
	"slices"
	"time"

	"claudemesh.com/mesh/shared/enroll"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// inviteRow is what only the maker of an invite knows.
type inviteRow struct {
	Secret string      `json:"secret"`
	Code   invite.Code `json:"code,omitempty"` // empty until the relay drew it
}

// Defaults of InviteOptions.
const (
	defaultInviteUses    = 1
	defaultInviteSeconds = 7 * 24 * 3600
)

func (c *Core) commandInvite(in MakeInvite) {
	options := enroll.InviteOptions{Role: in.Options.Role, Uses: in.Options.Uses}
	if options.Role == wire.RoleNone {
		options.Role = wire.RoleMember
	}
	if options.Uses == 0 {
		options.Uses = defaultInviteUses
	}
	seconds := in.Options.Seconds
	if seconds == 0 {
		seconds = defaultInviteSeconds
	}
	expires := c.now.Unix() + seconds
	if seconds < 0 || expires > roster.MaxExpiry {
		c.fail(in.Ref, wire.Errorf(wire.CodeMalformed, "An invite expires in the future, before the year 10000."))
		return
	}
	options.Expires = uint64(expires)
	making := &invitation{core: c, options: options}
	c.command(&job{ref: in.Ref, what: roster.KindInvite, build: making.build, done: making.done(in.Ref)})
}

// invitation is an invite being made. Two signatures of the device are in it: one under the canonical text, and the
// statement's, which covers the first.
type invitation struct {
	core      *Core
	options   enroll.InviteOptions
	made      *enroll.Invite
	epoch     uint32 // whose root key is in its escrow
	signing   bool
	signature []byte
	err       error
}

func (i *invitation) build() (roster.Body, wire.Append, bool, error) {
	c := i.core
	epoch := c.roster.Epoch()
	root, have := c.ring.Root(epoch)
	if i.err != nil || !have || i.signing {
		return nil, wire.Append{}, false, i.err
	}
	if i.made == nil || i.epoch != epoch {
		made, err := enroll.NewInvite(c.entropy, c.roster, root, i.options, c.preview())
		if err != nil {
			return nil, wire.Append{}, false, err
		}
		i.forget()
		i.made, i.epoch, i.signing, i.signature = made, epoch, true, nil
		c.sign(made.SigningBytes, func(signature []byte, err error) {
			i.signing, i.signature, i.err = false, signature, err
		})
		return nil, wire.Append{}, false, nil
	}
	body, err := i.made.Body(i.signature)
	if err != nil {
		return nil, wire.Append{}, false, err
	}
	// The secret is stored before the invite can be in the roster.
	c.saveInvite(body.ID, inviteRow{Secret: i.made.Secret.Text()})
	return body, wire.Append{Escrow: i.made.Escrow, Preview: i.made.Preview}, true, nil
}

func (i *invitation) done(ref uint64) func(*roster.Statement, wire.Reply, error) {
	return func(landed *roster.Statement, reply wire.Reply, err error) {
		c := i.core
		if err == nil && landed != nil {
			var code invite.Code
			if code, err = invite.ParseCode(reply.Code); err == nil {
				id := landed.Body.(*roster.Invite).ID
				c.saveInvite(id, inviteRow{Secret: i.made.Secret.Text(), Code: code})
				c.result(Result{Ref: ref, Invite: id})
				return
			}
		}
		if err == nil {
			err = wire.Refuse(wire.CodeUnavailable)
		}
		if landed == nil {
			i.forget()
		} else {
			c.jobs.lost = append(c.jobs.lost, landed.Body.(*roster.Invite).ID)
		}
		c.fail(ref, err)
	}
}

// forget drops the secret of an invite that came to nothing.
func (i *invitation) forget() {
	if i.made == nil {
		return
	}
	id := i.made.Secret.Key().ID()
	if _, saved := i.core.invites[id]; saved {
		delete(i.core.invites, id)
		i.core.delete(BucketInvite, id[:])
	}
}

func (c *Core) saveInvite(id wire.InviteID, row inviteRow) {
	c.invites[id] = row
	c.put(BucketInvite, slices.Clone(id[:]), encode(row))
	c.changed = true
}

// preview is what the consent page of an invite made now will show.
func (c *Core) preview() enroll.Preview {
	p := enroll.Preview{MeshName: c.meshName(), InviterName: c.displayName(), Inviter: c.member, MemberCount: c.roster.PresentMembers()}
	add := func(m roster.Member) {
		if name := c.profile(m.ID).Name; len(p.Members) < enroll.MaxPreviewMembers && name != "" {
			p.Members = append(p.Members, enroll.PreviewMember{ID: m.ID, Name: name, Role: m.Role})
		}
	}
	if self, ok := c.roster.Member(c.member); ok {
		add(self)
	}
	for m := range c.roster.Members() {
		if m.Standing == roster.Present && m.ID != c.member {
			add(m)
		}
	}
	return p
}

func (c *Core) commandRetire(in Retire) {
	if _, ok := c.roster.Invitation(in.Invite); !ok {
		c.fail(in.Ref, wire.Errorf(wire.CodeNotFound, "There is no such invite in this mesh."))
		return
	}
	c.command(c.retireJob(in.Ref, in.Invite))
}

func (c *Core) retireJob(ref uint64, id wire.InviteID) *job {
	return &job{
		ref: ref, what: roster.KindInviteRetired,
		build: func() (roster.Body, wire.Append, bool, error) {
			return &roster.InviteRetired{Invites: []wire.InviteID{id}}, wire.Append{}, true, nil
		},
		done: func(_ *roster.Statement, _ wire.Reply, err error) {
			if err != nil {
				c.fail(ref, err)
				return
			}
			c.result(Result{Ref: ref})
		},
	}
}

// wishRetire withdraws the invites made here of which nobody has the code.
func (c *Core) wishRetire() {
	if len(c.jobs.lost) == 0 || !c.mayWish(roster.KindInviteRetired) {
		return
	}
	c.addJob(&job{
		what: roster.KindInviteRetired,
		build: func() (roster.Body, wire.Append, bool, error) {
			c.jobs.lost = slices.DeleteFunc(c.jobs.lost, func(id wire.InviteID) bool { return c.roster.Usable(id, time.Time{}) != nil })
			if len(c.jobs.lost) == 0 {
				return nil, wire.Append{}, true, nil
			}
			ids := slices.Clone(c.jobs.lost)
			order.By(ids, func(a, b wire.InviteID) int { return slices.Compare(a[:], b[:]) })
			return &roster.InviteRetired{Invites: slices.Compact(ids)}, wire.Append{}, true, nil
		},
		done: c.wished(roster.KindInviteRetired),
	})
}

// Invites are those of the roster, newest first.
func (c *Core) Invites() []InviteView {
	var all []InviteView
	for i := range c.roster.Invitations() {
		if !i.For.IsZero() {
			continue
		}
		issuer, _ := c.roster.Device(i.Issuer)
		view := InviteView{
			Invite: i.ID, Role: i.Role, Uses: int(i.Uses), Used: int(i.Used), ExpiresAt: int64(i.Expires) * 1000,
			State: c.inviteState(i.ID), Issuer: issuer.Member,
		}
		if row, ok := c.invites[i.ID]; ok && row.Code != "" {
			if secret, err := invite.ParseSecret(row.Secret); err == nil {
				view.Code = string(row.Code)
				view.Link = invite.Link{Origin: c.self.Relay, Code: row.Code, Secret: secret}.String()
			}
		}
		all = append(all, view)
	}
	slices.Reverse(all)
	return all
}

func (c *Core) inviteState(id wire.InviteID) InviteState {
	switch wire.CodeOf(c.roster.Usable(id, c.now)) {
	case "":
		return InviteOpen
	case wire.CodeExpired:
		return InviteExpired
	case wire.CodeExhausted:
		return InviteExhausted
	}
	return InviteRevoked
}
