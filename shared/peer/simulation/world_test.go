// Package simulation runs worlds of relay cores, on one store, and peer cores, each world in one goroutine, over a seeded network
// and stores with faults, and checks the promises of claudemesh after every step. It holds tests only.
package simulation

import (
	"container/heap"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// start is when every world begins.
var start = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// faults are what goes wrong in a world, as chances of one in so many; 0: never.
type faults struct {
	drop        int           // of a connection, at each message
	peerCommit  int           // that a peer's commit fails, before or after it was carried out
	relayCommit int           // likewise the relay's; it then starts again
	relayDisk   int           // that the relay's store fails; it then loads the mesh again
	peerCrash   int           // of a peer, at each of its inputs
	relayCrash  int           // at each of its events
	dialFails   int           // of a dial
	lease       int           // that a node loses its lease, at each of its events
	clockJump   int           // of a peer's clock, at each of its inputs
	slowest     time.Duration // of a message; 0: all are equally fast
	slowKeys    time.Duration // of a key operation
	slowCommit  time.Duration // of the relay's commits
}

var rough = faults{
	drop: 60, peerCommit: 150, relayCommit: 120, relayDisk: 300, peerCrash: 400, relayCrash: 600, dialFails: 5, lease: 1500, clockJump: 300,
	slowest: 300 * time.Millisecond, slowKeys: 50 * time.Millisecond, slowCommit: 30 * time.Millisecond,
}

// among are the faults of a world of so many members: what happens at each step is rarer where more steps are taken.
func (f faults) among(members int) faults {
	many := max(members/3, 1)
	f.relayCommit, f.relayDisk, f.relayCrash, f.lease = f.relayCommit*many, f.relayDisk*many, f.relayCrash*many, f.lease*many
	f.peerCommit, f.peerCrash = f.peerCommit*many, f.peerCrash*many
	if many > 1 {
		f.drop *= 10
	}
	return f
}

// world is everything: one clock, one queue of what will happen, and one source of chance.
type world struct {
	seed    uint64
	rand    *rand.Rand
	entropy io.Reader
	now     time.Time
	faults  faults
	queue   events
	number  uint64
	steps   int

	relay  *relayNode   // the first of relays
	relays []*relayNode // nodes on one store
	peers  []*peerNode
	oracle *oracle
	trace  strings.Builder
	// script is set where a script is run: the oracle then leaves its words unheard.
	script *script
	// amnesia plants a bug: peers that start again have lost their cursors and what they saw.
	amnesia bool
	// recounts plants one: they have forgotten which counters they used.
	recounts bool
	// reticent plants one: they offer a relay nothing of what it lost.
	reticent bool
	// verbose stories tell of every frame.
	verbose bool
	life    life
	// daemons: all but the first member are connected as daemons are, without a session of their own.
	daemons bool
	failed  error
	came    map[string]int         // frames that peers were sent, by name and code
	sent    map[wire.FrameType]int // frames that peers sent; nil: nobody counts
}

// event is something that will happen.
type event struct {
	at     time.Time
	number uint64 // events of one time happen in the order in which they were made
	do     func()
}

type events []event

func (q events) Len() int      { return len(q) }
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q events) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].number < q[j].number
	}
	return q[i].at.Before(q[j].at)
}
func (q *events) Push(x any) { *q = append(*q, x.(event)) }
func (q *events) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// chance gives the world's entropy: everything that a seed brings about can be brought about again.
type chance struct{ *rand.ChaCha8 }

func newWorld(seed uint64) *world {
	var key [32]byte
	copy(key[:], wire.AppendU64([]byte("claudemesh simulation "), seed))
	w := &world{
		seed: seed, rand: rand.New(rand.NewPCG(seed, 1)), entropy: chance{rand.NewChaCha8(key)}, now: start,
		came: map[string]int{},
	}
	w.oracle = newOracle(w)
	w.relay = newRelayNode(w)
	w.relays = []*relayNode{w.relay}
	return w
}

// after lets something happen later; without faults everything takes one millisecond.
func (w *world) after(d time.Duration, do func()) {
	w.number++
	heap.Push(&w.queue, event{w.now.Add(d), w.number, do})
}

func (w *world) delay(slowest time.Duration) time.Duration {
	if slowest == 0 {
		return time.Millisecond
	}
	return time.Duration(w.rand.Int64N(int64(slowest))) + time.Millisecond
}

// happens draws with a chance of one in n.
func (w *world) happens(n int) bool { return n > 0 && w.rand.IntN(n) == 0 }

// fail stops the world with the first promise that does not hold.
func (w *world) fail(format string, args ...any) {
	if w.failed == nil {
		w.failed = fmt.Errorf(format, args...)
		w.note("FAILED: %v", w.failed)
	}
}

// note adds a line to the story that a failing seed prints.
func (w *world) note(format string, args ...any) {
	fmt.Fprintf(&w.trace, "%9.3f  ", w.now.Sub(start).Seconds())
	fmt.Fprintf(&w.trace, format, args...)
	w.trace.WriteByte('\n')
}

// detailed notes what only the story of one seed tells.
func (w *world) detailed(tell func() string) {
	if w.verbose {
		w.note("%s", tell())
	}
}

// run lets things happen until a time, or until a promise does not hold.
func (w *world) run(until time.Time) {
	for len(w.queue) > 0 && w.failed == nil {
		next := w.queue[0]
		if next.at.After(until) {
			break
		}
		heap.Pop(&w.queue)
		w.now = next.at
		if w.steps++; w.steps > w.mostSteps() {
			w.fail("too much happens: somebody goes round in circles")
		}
		next.do()
	}
	if w.failed == nil && until.After(w.now) {
		w.now = until
	}
}

func (w *world) mostSteps() int { return 100_000*max(w.life.size/3, 1) + 10**leastSteps }

// settle lets things happen until reached, for at most limit of the world's time.
func (w *world) settle(limit time.Duration, reached func() bool) bool {
	deadline := w.now.Add(limit)
	for w.failed == nil && !reached() {
		if len(w.queue) == 0 || w.queue[0].at.After(deadline) {
			return false
		}
		w.run(w.queue[0].at)
	}
	return w.failed == nil
}

func (w *world) peer(name string) *peerNode {
	for _, p := range w.peers {
		if p.name == name {
			return p
		}
	}
	return nil
}

// general is the conversation of #general.
func (w *world) general() peer.ConversationID {
	return peer.TopicConversation(wire.GeneralTopic(w.relay.mesh))
}

func (w *world) context() context.Context { return context.Background() }
