package simulation

import (
	"strings"
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

// The simulation is to be trusted only because it finds bugs. Each test plants one that somebody could make, and demands that
// it is found, and for the right reason.

// finds runs worlds with a bug until one fails.
func finds(t *testing.T, want string, put func(*world)) {
	t.Helper()
	const limit = 40
	for seed := uint64(1); seed <= limit; seed++ {
		w := born(seed, put)
		w.chaos()
		if w.failed != nil {
			if !strings.Contains(w.failed.Error(), want) {
				t.Fatalf("seed %d fails for another reason than %q: %v\n%s", seed, want, w.failed, w.story(30))
			}
			t.Logf("found by seed %d: %v", seed, w.failed)
			return
		}
	}
	t.Errorf("the bug was not found in %d worlds", limit)
}

// in gives every world of a test the same life.
func in(l life, put func(*world)) func(*world) {
	return func(w *world) {
		w.life = l
		put(w)
	}
}

var (
	resting   = life{name: "rolled back at rest", size: 3, rolls: atRest}
	retaining = life{name: "retention", size: 3, keep: 12}
)

func TestFindsPositionsThatComeTwice(t *testing.T) {
	finds(t, "does not", in(resting, func(w *world) { w.relay.plant.reuses = true }))
}

func TestFindsPeersThatOfferNothing(t *testing.T) {
	finds(t, "does not come to rest", in(resting, func(w *world) { w.reticent = true }))
}

func TestFindsCountersUsedAgain(t *testing.T) {
	finds(t, "for two envelopes", in(resting, func(w *world) { w.recounts = true }))
}

func TestFindsInvitesWithoutCode(t *testing.T) {
	finds(t, "has no code for it", in(resting, func(w *world) { w.relay.plant.sticky = true }))
}

func TestFindsGapsThatAreNotTold(t *testing.T) {
	finds(t, "does not have it", in(retaining, func(w *world) { w.relay.plant.silent = true }))
}

func TestFindsTooMuchTrimmed(t *testing.T) {
	finds(t, "the relay keeps", in(retaining, func(w *world) { w.relay.plant.greedy = true }))
}

func TestFindsDeliveredToNobody(t *testing.T) {
	finds(t, "nobody of a recipient has it", in(retaining, func(w *world) { w.relay.plant.hasty = true }))
}

func TestFindsFailedCommitsTakenForDone(t *testing.T) {
	finds(t, "but the relay does not have it", func(w *world) { w.relay.plant.hopeful = true })
}

func TestFindsNodeThatDoesNotLookElsewhere(t *testing.T) {
	finds(t, "accepted", in(life{name: "two nodes", size: 3, nodes: 2}, func(w *world) { w.relay.plant.unmoved = true }))
}

func TestFindsNodeThatKnowsNoSessionsElsewhere(t *testing.T) {
	finds(t, "the session", in(life{name: "two nodes", size: 3, nodes: 2}, func(w *world) { w.relay.plant.lonely = true }))
}

func TestFindsCardsThatAreNotHeardInACrowd(t *testing.T) {
	finds(t, "the session", in(life{name: "crowd", size: 20}, func(w *world) { w.relay.plant.deaf = true }))
}

func TestFindsRelayThatForgetsCounters(t *testing.T) {
	finds(t, "replayed", func(w *world) {
		w.relay.plant.forgetful = true
		w.oracle.allowed[wire.CodeMalformed] = true // it takes what peers ask about their own sends for nonsense
	})
}

func TestFindsAcceptedBeforeCommit(t *testing.T) {
	finds(t, "but the relay does not have it", func(w *world) { w.relay.plant.early = true })
}

func TestFindsPeerThatForgetsWhatItSaw(t *testing.T) {
	finds(t, "twice", func(w *world) { w.amnesia = true })
}

func TestFindsCardsThatAreNotHeard(t *testing.T) {
	finds(t, "the session", func(w *world) { w.relay.plant.deaf = true })
}
