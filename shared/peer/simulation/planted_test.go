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
		w := three(seed, put)
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
