package simulation

import (
	"flag"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	oneSeed    = flag.Uint64("seed", 0, "run this seed alone and print its story")
	firstSeed  = flag.Uint64("first", 1, "the seed to begin with")
	seeds      = flag.Int("seeds", defaultSeeds, "how many seeds to run")
	leastSteps = flag.Int("steps", 0, "how many steps a seed runs at least")
	budget     = flag.Duration("budget", 0, "begin no seed after this time; 0: run all")
)

// story is the end of what happened.
func (w *world) story(lines int) string {
	all := strings.Split(w.trace.String(), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// mostFailures is how many seeds may fail before no other is begun.
const mostFailures = 5

// campaign is a run of many seeds on all processors.
type campaign struct {
	t     *testing.T
	began time.Time

	mu       sync.Mutex
	next     uint64
	done     int
	failures int
	steps    int
	shown    int
	lives    map[string]int
	came     map[string]int
}

// take gives the next seed; false: there is none, or no time for it.
func (c *campaign) take() (uint64, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	over := *budget > 0 && time.Since(c.began) > *budget
	if c.next >= *firstSeed+uint64(*seeds) || over || c.failures >= mostFailures {
		return 0, false
	}
	c.next++
	return c.next - 1, true
}

// add counts a world that is over.
func (c *campaign) add(w *world) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done++
	if w.failed != nil {
		c.failures++
		c.t.Errorf("seed %d (%s): %v\nrun it again: go test ./shared/peer/simulation -run TestSeeds -seed %d -steps %d\n%s",
			w.seed, w.life.name, w.failed, w.seed, *leastSteps, w.story(40))
		return
	}
	c.steps += w.steps
	c.lives[w.life.name]++
	for name, n := range w.came {
		c.came[name] += n
	}
	for _, witness := range w.oracle.nodes {
		c.shown += len(witness.shown)
	}
	if c.done%250 == 0 {
		c.t.Logf("%d seeds, %d steps after %s", c.done, c.steps, time.Since(c.began).Round(time.Second))
	}
}

func TestSeeds(t *testing.T) {
	if *oneSeed != 0 {
		w := born(*oneSeed, nothing)
		w.chaos()
		t.Logf("%s\n%s, %d steps", w.trace.String(), w.life.name, w.steps)
		if w.failed != nil {
			t.Fatal(w.failed)
		}
		return
	}
	c := &campaign{t: t, began: time.Now(), next: *firstSeed, lives: map[string]int{}, came: map[string]int{}}
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for seed, more := c.take(); more; seed, more = c.take() {
				w := born(seed, nothing)
				if w.failed == nil {
					w.chaos()
				}
				c.add(w)
			}
		})
	}
	all.Wait()
	t.Logf("%d seeds from %d, %d steps, %d messages shown, %v, %v", c.done, *firstSeed, c.steps, c.shown, c.lives, c.came)
	if end := *firstSeed + uint64(*seeds); c.next < end {
		t.Logf("%d seeds are left: go on with -first %d -seeds %d", end-c.next, c.next, end-c.next)
	}
	if c.shown < 20*c.done {
		t.Errorf("only %d messages were shown: the worlds do not do what they are for", c.shown)
	}
	for _, name := range []string{"resume", "refused stale_roster", "refused unknown_member", "reply stale_head", "delivered", "close", "gap", "offer", "cut off bad_roster"} {
		if c.came[name] == 0 && c.done >= 200 {
			t.Errorf("no peer was ever sent %q: the worlds do not do what they are for", name)
		}
	}
}
