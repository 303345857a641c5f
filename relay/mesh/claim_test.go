package mesh_test

import (
	"fmt"
	"testing"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// join makes a claim of an invite by a new device.
func (w *world) join(invite, name string) *mesh.Claim {
	device := w.actor(name)
	draft := w.roster.Draft(device.id, uint64(w.now.UnixMilli()), &roster.Join{Invite: w.invites[invite].id, Device: device.keys.Public()})
	unsigned := draft.Unsigned()
	signature, err := w.invites[invite].key.Sign(w.t.Context(), roster.JoinSigningBytes(unsigned))
	if err != nil {
		w.t.Fatal(err)
	}
	return &mesh.Claim{
		Invite: w.row(invite), Recipient: device.keys.Public().Box,
		Join: roster.Assemble(unsigned, w.sign(device, roster.SigningBytes(unsigned)), signature),
	}
}

// TestManyClaimants: of a hundred claims of a single-use invite one makes a member, whether they come in one batch, one after
// another, or each twice.
func TestManyClaimants(t *testing.T) {
	for _, inBatch := range []int{1, 7, 100, 200} {
		t.Run(fmt.Sprintf("%d in a batch", inBatch), func(t *testing.T) {
			w := newWorld(t)
			w.config.Appends = mesh.Rate{}
			for _, line := range []string{"found alice", "connect a1 alice", "append a1 invite door member"} {
				w.run(line)
			}
			answers := make(map[mesh.RequestID]*mesh.Answer)
			collect := func() {
				batch := w.core.Take()
				var verdicts []mesh.Verdict
				if !batch.Empty() {
					all, err := w.store.Commit(t.Context(), []mesh.Batch{batch})
					if err != nil {
						t.Fatal(err)
					}
					verdicts = all[0]
				}
				for _, o := range w.core.Committed(w.now, verdicts) {
					if o.Kind == mesh.OutputAnswer {
						answers[o.Answer.Request] = o.Answer
					}
				}
			}
			const claimants = 100
			w.sync()
			claims := make([]*mesh.Claim, claimants)
			for i := range claims {
				claims[i] = w.join("door", fmt.Sprintf("claimant %d", i))
			}
			for n := range 2 * claimants { // everyone asks twice
				w.core.Handle(w.now, w.entropy, mesh.Event{Kind: mesh.EventClaim, Request: mesh.RequestID(n + 1), Claim: claims[n%claimants]})
				if (n+1)%inBatch == 0 {
					collect()
				}
			}
			collect()
			joined, exhausted := 0, 0
			for n := range 2 * claimants {
				switch a := answers[mesh.RequestID(n+1)]; {
				case a == nil:
					t.Errorf("request %d got no answer", n+1)
				case a.Err == nil:
					joined++
					if first := answers[mesh.RequestID(n%claimants+1)]; first.Err != nil || first.Claimed.Position != a.Claimed.Position || first.Claimed.Head != a.Claimed.Head {
						t.Errorf("the repeat of request %d got another answer", n%claimants+1)
					}
				case a.Err.Code == wire.CodeExhausted:
					exhausted++
				default:
					t.Errorf("request %d: %v", n+1, a.Err)
				}
			}
			if joined != 2 || exhausted != 2*claimants-2 {
				t.Errorf("%d joined and %d exhausted, want 2 (one device, twice) and %d", joined, exhausted, 2*claimants-2)
			}
			w.sync()
			if w.roster.PresentMembers() != 2 {
				t.Errorf("the roster has %d members, want 2", w.roster.PresentMembers())
			}
		})
	}
}
