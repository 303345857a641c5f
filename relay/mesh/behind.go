package mesh

import (
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// behind is set in a stream that has live readers who were not shown everything up to its head, because another node appended
// it. One read for all of them fetches what follows, and until nothing is missing nothing is shown in another way.
type behind struct {
	shown wire.Position // to all who were live when it began; who came later stands at tail.after
	tag   uint64        // of the read that runs
}

// passOver moves a stream's head on to an entry of its own that does not follow what was shown.
func (c *Core) passOver(s *stream, e *Entry) {
	before := s.head
	s.head = max(s.head, e.Position)
	if e.Previous != before {
		c.forgetRecent(s)
	}
	if s.catching > 0 {
		c.remember(s, e)
	}
	if c.fallBehind(s, before) {
		c.followUp(s)
	}
}

// fallBehind reports whether live readers are behind from now on, and were not before.
func (c *Core) fallBehind(s *stream, shown wire.Position) bool {
	if s.behind != nil || len(s.live) == 0 {
		return false
	}
	s.behind = &behind{shown: shown}
	return true
}

// followUp has the store read what follows what was shown.
func (c *Core) followUp(s *stream) {
	c.follows++
	s.behind.tag = c.follows
	c.out.list = append(c.out.list, Output{Kind: OutputFollow, Stream: s.name, After: s.behind.shown, Tag: s.behind.tag})
}

// followed takes what was read for a stream. What is below the head and cannot be read is a store in trouble: the readers come
// back and try again.
func (c *Core) followed(now time.Time, f *Followed, tag uint64, failed bool) {
	s, page := c.streams[f.Stream], &f.Page
	if s == nil || s.behind == nil || s.behind.tag != tag {
		return
	}
	if failed || page.Last(s.behind.shown) <= s.behind.shown {
		for len(s.live) > 0 {
			c.drop(now, s.live[len(s.live)-1].conn, wire.Refuse(wire.CodeUnavailable))
		}
		return
	}
	c.whenDone(-1, func(time.Time, *Verdict) {
		if s.behind != nil && s.behind.tag == tag {
			c.showPage(s, page)
		}
	})
}

// showPage shows what was read to everyone who is live.
func (c *Core) showPage(s *stream, page *Page) {
	b := s.behind
	if page.Gap != nil {
		for _, t := range s.live {
			if after := max(b.shown, t.after); after < page.Gap.To {
				c.sendJSONNow(t.conn, wire.FrameGap, wire.Gap{Kind: s.name.Kind, ID: s.name.ID, After: after, To: page.Gap.To})
			}
		}
	}
	for i := range page.Entries {
		c.showAll(s, &page.Entries[i])
	}
	b.shown = page.Last(b.shown)
	if b.shown < s.head {
		c.followUp(s)
		return
	}
	if b.shown > s.head {
		s.head = b.shown
		c.forgetRecent(s)
	}
	s.behind = nil
}

// showAll shows an entry to everyone who is live and does not have it. What is the same for all is made once.
func (c *Core) showAll(s *stream, e *Entry) {
	if s.name.Kind == wire.StreamInbox {
		for _, t := range s.live {
			if t.after < e.Position {
				c.show(t, e)
			}
		}
		return
	}
	from := len(c.out.bytes)
	b, err := appendEntry(c.out.bytes, s.name, wire.DeviceID{}, e)
	if err != nil {
		return
	}
	c.out.bytes = b
	for _, t := range s.live {
		if t.after < e.Position {
			c.out.shown++
			c.out.send(t.conn, from, len(b))
		}
	}
}

// forgetRecent drops what was kept for those whose read runs: it has a hole.
func (c *Core) forgetRecent(s *stream) {
	c.kept -= s.kept
	s.recent, s.kept = nil, 0
}
