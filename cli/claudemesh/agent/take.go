package agent

import (
	"slices"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// Want bounds a Take. The first message comes even where it is larger than Bytes.
type Want struct {
	Least wire.Priority // nothing below it
	Bytes int           // of the texts together; 0: no bound
	Count int           // 0: no bound
	// Unasked says that neither the session nor its user asked for messages just now: of one member there are no more than
	// MaxShown in ShowWindow.
	Unasked bool
}

// Lent is a message in a batch.
type Lent struct {
	Number uint64
	Seen   Seen
	Size   int
}

// Turn is after how many messages of one member those of others are chosen before more of it, however late they came.
const Turn = 50

// Take lends a session what is due to it, in the order of arrival, as one batch: what is marked now is chosen first, and of no member
// more than Turn before what others wrote. more is how many of the wanted ones stay behind. What is lent comes to nobody else until Confirm, Return, or the end of LoanTime.
func (q *Queue) Take(now time.Time, session wire.SessionID, want Want, batch uint64) (lent []Lent, more int) {
	if !q.Lives(session) {
		return nil, 0
	}
	bytes, full := 0, false
	for _, urgent := range []bool{true, false} {
		for _, o := range q.offers(now, session, want.Least, urgent) {
			n, m, i := o.number, q.messages[o.number], o.due
			to := way{m.From, session}
			if want.Unasked && q.shownOf(now, to) >= MaxShown {
				continue
			}
			full = full || want.Count > 0 && len(lent) >= want.Count || want.Bytes > 0 && len(lent) > 0 && bytes+m.Size > want.Bytes
			if full {
				more++
				continue
			}
			d := &m.Due[i]
			lent = append(lent, Lent{n, d.seen(session), m.Size})
			bytes += m.Size
			d.Batch, d.Lent, d.until = batch, session, now.Add(LoanTime)
			if want.Unasked {
				q.shown[to] = append(q.shown[to], showing{now, batch})
			}
			q.save(n)
		}
	}
	slices.SortFunc(lent, func(a, b Lent) int { return int(int64(a.Number) - int64(b.Number)) })
	return lent, more
}

// How much of one member a session is shown without asking: so many messages in so long. The others wait until it asks, or until
// its user does. After a new start the count begins anew.
const (
	MaxShown   = 16
	ShowWindow = 10 * time.Minute
)

// way is from a member to a session.
type way struct {
	from wire.MemberID
	to   wire.SessionID
}

// showing is a message that was lent unasked. Its batch is 0 once that was confirmed.
type showing struct {
	at    time.Time
	batch uint64
}

// shownOf is how many messages went a way unasked within ShowWindow.
func (q *Queue) shownOf(now time.Time, to way) int {
	left := slices.DeleteFunc(q.shown[to], func(s showing) bool { return !now.Before(s.at.Add(ShowWindow)) })
	if len(left) == 0 {
		delete(q.shown, to)
		return 0
	}
	q.shown[to] = left
	return len(left)
}

// offer is a message that a session may take.
type offer struct {
	number uint64
	due    int // index in message.Due
	turn   int // of its sender
}

// offers are what a session may take, in the order in which it is chosen.
func (q *Queue) offers(now time.Time, session wire.SessionID, least wire.Priority, urgent bool) (all []offer) {
	before := map[wire.MemberID]int{}
	for _, n := range q.order {
		m := q.messages[n]
		if (m.Priority == wire.PriorityNow) != urgent || m.Priority < least {
			continue
		}
		if i := q.available(now, session, m); i >= 0 {
			all = append(all, offer{n, i, before[m.From] / Turn})
			before[m.From]++
		}
	}
	slices.SortStableFunc(all, func(a, b offer) int { return a.turn - b.turn })
	return all
}

// available is the index of what a session may take of a message now, or -1.
func (q *Queue) available(now time.Time, session wire.SessionID, m *message) int {
	if m.wrote(session) {
		return -1
	}
	return slices.IndexFunc(m.Due, func(d due) bool {
		switch {
		case !d.For.IsZero() && d.For != session:
			return false
		case now.Before(d.until):
			return false
		}
		return !q.held(now, session, &d)
	})
}

// wrote reports whether a message is a session's own.
func (m *message) wrote(session wire.SessionID) bool { return m.Own && m.By == session }

// held reports whether something for anybody was pushed to another session just now, which has the first right to it.
func (q *Queue) held(now time.Time, session wire.SessionID, d *due) bool {
	return d.For.IsZero() && !d.Pushed.IsZero() && d.Pushed != session && q.Lives(d.Pushed) &&
		now.Before(time.UnixMilli(d.PushedAt).Add(Hold))
}

func (d *due) seen(session wire.SessionID) Seen {
	switch {
	case !d.Lent.IsZero():
		return SeenUnconfirmed
	case d.Pushed == session:
		return SeenPushed
	case !d.Pushed.IsZero():
		return SeenElsewhere
	}
	return ""
}

// Confirm makes what is in a batch taken, but for what was lent again since. It may come late, and again.
func (q *Queue) Confirm(batch uint64) {
	for _, all := range q.shown {
		for i := range all {
			if all[i].batch == batch {
				all[i].batch = 0 // it was shown, whatever becomes of its taker
			}
		}
	}
	q.take(q.order, func(d *due) bool { return d.Batch == batch })
}

// Replied says that a session sent a reply to a message, which it therefore has: what was pushed or lent to it of that is taken.
func (q *Queue) Replied(session wire.SessionID, id wire.MessageID) {
	if n, ok := q.byID[id]; ok {
		q.take([]uint64{n}, func(d *due) bool { return d.Pushed == session || d.Lent == session })
	}
}

// take ends what is chosen of messages and owes a receipt for each.
func (q *Queue) take(numbers []uint64, chosen func(*due) bool) {
	for _, n := range slices.Clone(numbers) {
		m := q.messages[n]
		before := len(m.Due)
		m.Due = slices.DeleteFunc(m.Due, func(d due) bool { return chosen(&d) })
		if len(m.Due) == before {
			continue
		}
		if !m.Taken {
			m.Taken, q.receipts[m.ID] = true, true
			q.out[string(append([]byte{rowReceipt}, m.ID[:]...))] = []byte{}
		}
		q.save(n)
	}
}

// Return ends the loans of a batch whose taker is gone: it comes again.
func (q *Queue) Return(batch uint64) {
	for to, all := range q.shown {
		q.shown[to] = slices.DeleteFunc(all, func(s showing) bool { return s.batch == batch })
	}
	for _, m := range q.messages {
		for i := range m.Due {
			if m.Due[i].Batch == batch {
				m.Due[i].until = time.Time{}
			}
		}
	}
}

// Receipts are the messages of which their senders are to be told that they were read.
func (q *Queue) Receipts() []wire.MessageID {
	ids := make([]wire.MessageID, 0, len(q.receipts))
	for id := range q.receipts {
		ids = append(ids, id)
	}
	return ids
}

// Told says that the device has these receipts.
func (q *Queue) Told(ids []wire.MessageID) {
	for _, id := range ids {
		if q.receipts[id] {
			delete(q.receipts, id)
			q.out[string(append([]byte{rowReceipt}, id[:]...))] = nil
		}
	}
}

// Push is a message to be pushed to a session.
type Push struct {
	Session wire.SessionID
	Number  uint64
	Seen    Seen
}

// How much one member can push into a session that takes none of it: so many messages in so long. The others wait to be asked for,
// or to be pushed later.
const (
	MaxPushed  = 16
	PushWindow = 10 * time.Minute
)

// Pushes are what is to be pushed now, each once to a session: it takes nothing. What is for anybody goes to the session that
// was active last; if that ends before it took the message, to another. Of one member there are at most MaxPushed.
func (q *Queue) Pushes(now time.Time) []Push {
	var pushes []Push
	pushed := map[way]int{}
	for _, m := range q.messages {
		for i := range m.Due {
			if d := &m.Due[i]; !d.Pushed.IsZero() && now.Before(time.UnixMilli(d.PushedAt).Add(PushWindow)) {
				pushed[way{m.From, d.Pushed}]++
			}
		}
	}
	for _, n := range q.order {
		m := q.messages[n]
		if m.Priority == wire.PriorityLow || !m.Direct && !m.Mention {
			continue
		}
		for i := range m.Due {
			d := &m.Due[i]
			if !d.Lent.IsZero() || q.Lives(d.Pushed) {
				continue
			}
			session, ok := q.pushable(m, d.For)
			if !ok || pushed[way{m.From, session}] >= MaxPushed {
				continue
			}
			pushed[way{m.From, session}]++
			pushes = append(pushes, Push{session, n, d.seen(session)})
			d.Pushed, d.PushedAt = session, now.UnixMilli()
			q.save(n)
		}
	}
	return pushes
}

// pushable is to whom a message is pushed that is due to a session, or to anybody.
func (q *Queue) pushable(m *message, session wire.SessionID) (wire.SessionID, bool) {
	if !session.IsZero() {
		traits := q.live[session]
		return session, traits.Push && !traits.Quiet
	}
	var best wire.SessionID
	found := false
	for _, id := range q.sessions() {
		traits := q.live[id]
		if traits.Push && !traits.Quiet && !m.wrote(id) && (!found || traits.Active.After(q.live[best].Active)) {
			best, found = id, true
		}
	}
	return best, found
}

// Waiting is how many messages a session has not taken: those that it could take, and those that are lent to it.
func (q *Queue) Waiting(now time.Time, session wire.SessionID) (count int) {
	for _, m := range q.messages {
		if q.available(now, session, m) >= 0 || slices.ContainsFunc(m.Due, func(d due) bool { return d.Lent == session && now.Before(d.until) }) {
			count++
		}
	}
	return count
}

// Count is how many messages of at least a priority a session could take.
func (q *Queue) Count(now time.Time, session wire.SessionID, least wire.Priority) (count int) {
	for _, m := range q.messages {
		if m.Priority >= least && q.available(now, session, m) >= 0 {
			count++
		}
	}
	return count
}
