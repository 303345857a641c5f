package mesh

import (
	"cmp"
	"slices"

	"claudemesh.com/mesh/shared/wire"
)

// watched is a send to an inbox whose sender waits to be told that a device has it.
type watched struct {
	position wire.Position
	counter  uint64
	sender   *device
}

func byPosition(w watched, position wire.Position) int { return cmp.Compare(w.position, position) }

// watchList is a queue of watched by position. What it drops at its front costs the same however many follow: the array is
// moved together only when half of it is free.
type watchList struct {
	all   []watched
	first int
}

func (l *watchList) items() []watched { return l.all[l.first:] }

func (l *watchList) len() int { return len(l.all) - l.first }

func (l *watchList) insert(at int, w watched) { l.all = slices.Insert(l.all, l.first+at, w) }

func (l *watchList) dropFirst(n int) {
	clear(l.all[l.first : l.first+n])
	if l.first += n; l.first >= l.len() {
		l.keep(l.items())
	}
}

// keep makes the list what is left of its items.
func (l *watchList) keep(items []watched) {
	n := copy(l.all, items)
	clear(l.all[n:])
	l.all, l.first = l.all[:n], 0
}

// watch remembers a send. Where the bound is reached the oldest goes: its sender asks again after it reconnects.
func (c *Core) watch(s *stream, w watched) {
	if s.watched.len() >= c.config.InboxTracked {
		c.prune(s)
	}
	if c.tracked >= c.config.Tracked || s.watched.len() >= c.config.InboxTracked {
		if s.watched.len() == 0 {
			return
		}
		c.unwatchFirst(s, 1)
	}
	items := s.watched.items()
	at, found := len(items), false
	if at > 0 && items[at-1].position >= w.position {
		at, found = slices.BinarySearchFunc(items, w.position, byPosition)
	}
	for ; found && at < len(items) && items[at].position == w.position; at++ {
		if items[at].sender == w.sender {
			return
		}
	}
	s.watched.insert(at, w)
	c.tracked++
	if len(w.sender.conns) == 0 {
		s.swept = false
	}
}

func (c *Core) unwatchUpTo(s *stream, position wire.Position) {
	n, _ := slices.BinarySearchFunc(s.watched.items(), position+1, byPosition)
	c.unwatchFirst(s, n)
}

func (c *Core) unwatchFirst(s *stream, n int) {
	s.watched.dropFirst(n)
	c.tracked -= n
}

// prune drops what every device of the inbox's member has, and what devices sent that are not connected. The former stands in
// front; the latter may stand anywhere, and is looked for only where a device left since that was done last: or every send to
// an inbox at its bound would look at all that wait there.
func (c *Core) prune(s *stream) {
	lowest := wire.MaxPosition
	for _, id := range c.roster.DevicesOf(wire.MemberID(s.name.ID)) {
		lowest = min(lowest, c.device(id).cursor)
	}
	c.unwatchUpTo(s, lowest)
	if s.swept && s.departures == c.departures {
		return
	}
	s.swept, s.departures = true, c.departures
	before := s.watched.len()
	s.watched.keep(slices.DeleteFunc(s.watched.items(), func(w watched) bool { return len(w.sender.conns) == 0 }))
	c.tracked -= before - s.watched.len()
}
