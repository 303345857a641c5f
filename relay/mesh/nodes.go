package mesh

import (
	"io"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// Where several relays share a store (Config.Node is not zero), what other nodes did comes as Elsewhere. The core asks for it when
// the adapter says that the mesh moved, and where an answer must not be given by old knowledge: before it takes a hello, a look-up
// or a claim, and before it has a peer try again what was judged by a roster that had moved on.
//
// In a shared store the roster never runs ahead of what is committed: a batch has one statement at most, as its last operation
// (proposal), so that a verdict of Stale leaves nothing to undo.

// lookAgain is how long after an Elsewhere that failed, or that may not have counted the core's own latest acts, it is asked for
// once more.
const lookAgain = time.Second

// maxLooks is how often it is asked for again, while the core acts all the time. Then counts may stay behind until another node
// changes the same again.
const maxLooks = 8

const (
	// maxWaits is how many frames of a connection wait at most.
	maxWaits = 4096
	// maxHeld is how many bytes of one member's frames wait at most. A store that does not answer keeps them waiting.
	maxHeld = 4 << 20
	// waitSize is what a frame that waits is counted with beside its own bytes.
	waitSize = 256
)

// nodes is what the core keeps of the dealings with other nodes.
type nodes struct {
	mark   Mark
	wanted bool      // Elsewhere is to be asked for
	asking bool      // it has been asked for, and did not come yet
	wake   time.Time // for what waits

	// What a store tells is kept of streams and of what devices sent may lack what this core appended or trimmed since it asked.
	// Then it is asked for once more, when that is some time ago.
	acted    bool // something was appended or trimmed since it was asked for
	doubtful bool
	doubt    Mark // since when is to be asked once more
	looks    int  // how often that was done
	look     time.Time

	hellos int    // of connections that wait
	later  []step // wait for an Elsewhere that is asked for from now on
	begun  []step // wait for the one that is under way
	next   []step // wait for the next batch
	broken bool   // what the store tells cannot be: only a reload helps
	// overtaken: a session turned out to be other than those who came in this batch may have been told.
	overtaken bool
	proposals
}

// step is something that waits to be done by Handle.
type step func(now time.Time, entropy io.Reader)

// shared reports whether other nodes write to the same store.
func (c *Core) shared() bool { return c.config.Node != 0 }

// whenKnown does something once everything is known that is committed now: at once where nobody else writes.
func (c *Core) whenKnown(now time.Time, entropy io.Reader, do step) {
	if c.shared() {
		c.wait(do)
	} else {
		do(now, entropy)
	}
}

// wait does something once everything is known that is committed now.
func (c *Core) wait(do step) {
	c.nodes.later = append(c.nodes.later, do)
	c.nodes.wanted = true
}

// hold counts a frame of so many bytes that waits; false: it is too much. drop takes it back.
func (m *member) hold(size int) bool {
	if m.held+size+waitSize > maxHeld {
		return false
	}
	m.held += size + waitSize
	return true
}

func (m *member) drop(size int) { m.held -= size + waitSize }

// frameWaits is wait for what a frame of so many bytes says. A connection of which too much waits is closed.
func (c *Core) frameWaits(conn *connection, size int, do step) {
	m := c.member(conn.device.member)
	if conn.waits >= maxWaits || !m.hold(size) {
		c.drop(conn.heard, conn, wire.Refuse(wire.CodeRateLimited))
		return
	}
	conn.waits++
	c.wait(func(now time.Time, entropy io.Reader) {
		m.drop(size)
		if conn.waits--; !conn.ending {
			do(now, entropy)
		}
	})
}

// waits reports whether anything is left to be done.
func (n *nodes) waits() bool {
	return len(n.later)+len(n.begun)+len(n.next)+len(n.queue) > 0
}

// goOn begins a batch with what waited for it.
func (c *Core) goOn(now time.Time, entropy io.Reader) {
	c.nodes.wake = time.Time{}
	for list := c.nodes.next; len(list) > 0; list = c.nodes.next {
		c.nodes.next = nil
		for _, do := range list {
			do(now, entropy)
		}
	}
	c.proposeNext(now, entropy)
}

// between has what waits go on, and asks for what is wanted: when a batch is committed and the next has not begun.
func (c *Core) between(now time.Time) {
	n := &c.nodes
	if len(n.next) > 0 || len(n.queue) > 0 {
		n.wake = now
	}
	if n.wanted && !n.asking {
		since := n.mark
		if n.doubtful && n.look.IsZero() {
			since, n.doubtful = n.doubt, false
			if n.looks++; n.looks == maxLooks {
				n.doubt, n.looks = n.mark, 0
			}
		} else if !n.doubtful {
			n.doubt, n.looks = n.mark, 0
		}
		n.wanted, n.asking, n.acted = false, true, false
		n.begun, n.later = append(n.begun, n.later...), nil
		c.out.list = append(c.out.list, Output{Kind: OutputElsewhere, Since: since})
	}
}

// elsewhere takes what was asked for, and does what waited for it.
func (c *Core) elsewhere(now time.Time, entropy io.Reader, e *Elsewhere, failed bool) {
	n := &c.nodes
	if !n.asking {
		return
	}
	n.asking = false
	if failed {
		n.later, n.begun = append(n.begun, n.later...), nil
		n.look = now.Add(lookAgain)
		return
	}
	c.learn(now, e)
	if n.acted && !n.doubtful {
		n.doubtful, n.look = true, now.Add(lookAgain)
	}
	list := n.begun
	n.begun = nil
	for _, do := range list {
		do(now, entropy)
	}
	c.proposeNext(now, entropy)
}

// tickNodes does what is due of all this.
func (c *Core) tickNodes(now time.Time) {
	n := &c.nodes
	if !n.look.IsZero() && !now.Before(n.look) {
		n.look, n.wanted = time.Time{}, true
	}
}

// earlier is the earlier of two moments, where zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
