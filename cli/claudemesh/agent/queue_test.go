package agent_test

import (
	"slices"
	"testing"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/shared/wire"
)

var noon = time.UnixMilli(1_700_000_000_000)

func id(n byte) wire.SessionID { return wire.SessionID{n} }

// rows keeps what a queue hands out, as a store does.
type rows map[string][]byte

func (r rows) Scan(kind byte) (found []agent.Row, err error) {
	keys := make([]string, 0, len(r))
	for key := range r {
		if key[0] == kind {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		found = append(found, agent.Row{Key: []byte(key), Value: r[key]})
	}
	return found, nil
}

func (r rows) keep(q *agent.Queue) {
	for _, row := range q.Changed() {
		if row.Value == nil {
			delete(r, string(row.Key))
		} else {
			r[string(row.Key)] = row.Value
		}
	}
}

// desk is a queue with its rows, and numbers for what arrives.
type desk struct {
	t    *testing.T
	rows rows
	*agent.Queue
	arrived uint64
	batch   uint64
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, rows: rows{}}
	d.restart()
	return d
}

// restart is what a daemon that was killed comes back with.
func (d *desk) restart() {
	d.t.Helper()
	if d.Queue != nil {
		d.rows.keep(d.Queue)
	}
	q, _, err := agent.Load(d.rows)
	if err != nil {
		d.t.Fatal(err)
	}
	d.Queue = q
}

func (d *desk) direct(a agent.Arrival) wire.MessageID {
	d.arrived++
	a.Number, a.ID, a.Direct, a.Content = d.arrived, wire.MessageID{byte(d.arrived)}, true, []byte("text")
	if a.Priority == wire.PriorityLow {
		a.Priority = wire.PriorityNext
	}
	d.Arrive([]agent.Arrival{a})
	return a.ID
}

func (d *desk) topic(mention bool) wire.MessageID {
	d.arrived++
	a := agent.Arrival{Number: d.arrived, ID: wire.MessageID{byte(d.arrived)}, Mention: mention, Priority: wire.PriorityNext}
	d.Arrive([]agent.Arrival{a})
	return a.ID
}

// takes is what a session gets now, by the messages' numbers and why it may know them.
func (d *desk) takes(now time.Time, session byte, want ...agent.Lent) uint64 {
	d.t.Helper()
	d.batch++
	lent, _ := d.Take(now, id(session), agent.Want{}, d.batch)
	for i := range lent {
		lent[i].Size = 0
	}
	if !slices.Equal(lent, want) {
		d.t.Errorf("session %d took %+v, want %+v", session, lent, want)
	}
	return d.batch
}

func fresh(numbers ...uint64) (all []agent.Lent) {
	for _, n := range numbers {
		all = append(all, agent.Lent{Number: n})
	}
	return all
}

func known(n uint64, seen agent.Seen) agent.Lent { return agent.Lent{Number: n, Seen: seen} }

func TestAnybodys(t *testing.T) {
	d := newDesk(t)
	d.Begin(id(1), agent.Traits{})
	d.Begin(id(2), agent.Traits{})
	d.direct(agent.Arrival{})
	batch := d.takes(noon, 1, fresh(1)...)
	d.takes(noon, 2) // it is lent
	if d.Waiting(noon, id(1)) != 1 || d.Waiting(noon, id(2)) != 0 || d.Count(noon, id(1), wire.PriorityLow) != 0 {
		t.Error("what is lent does not wait for whom it is lent to, or for another")
	}
	d.Confirm(batch)
	if d.Waiting(noon, id(1)) != 0 {
		t.Error("what was taken waits")
	}
	d.takes(noon, 2)
	d.takes(noon, 1)
	if left := len(d.rows); left != 0 {
		t.Errorf("%d rows before any was kept", left)
	}
	d.rows.keep(d.Queue)
	if len(d.rows) != 2 { // the mark, and a receipt
		t.Errorf("%d rows are left: %v", len(d.rows), d.rows)
	}
	if ids := d.Receipts(); !slices.Equal(ids, []wire.MessageID{{1}}) {
		t.Errorf("receipts are owed for %v", ids)
	}
	d.Told(d.Receipts())
	d.rows.keep(d.Queue)
	if len(d.rows) != 1 || len(d.Receipts()) != 0 {
		t.Errorf("after the receipt %v are left", d.rows)
	}
}

func TestUnconfirmed(t *testing.T) {
	d := newDesk(t)
	d.Begin(id(1), agent.Traits{})
	d.Begin(id(2), agent.Traits{})
	d.direct(agent.Arrival{})
	first := d.takes(noon, 1, fresh(1)...)
	d.takes(noon.Add(agent.LoanTime-1), 2)
	second := d.takes(noon.Add(agent.LoanTime), 2, known(1, agent.SeenUnconfirmed))
	d.Confirm(first) // too late: it went to another
	d.Return(second) // whose connection ended
	third := d.takes(noon.Add(agent.LoanTime), 1, known(1, agent.SeenUnconfirmed))
	d.Return(third)
	d.Confirm(third) // late, and to nobody since
	d.takes(noon.Add(agent.LoanTime), 2)
}

func TestForOneSession(t *testing.T) {
	d := newDesk(t)
	d.Begin(id(1), agent.Traits{})
	d.Begin(id(2), agent.Traits{})
	d.direct(agent.Arrival{Session: id(2)})
	d.direct(agent.Arrival{Session: id(9), Elsewhere: true})
	d.direct(agent.Arrival{Session: id(9)}) // of nobody: anybody's
	d.direct(agent.Arrival{Answers: id(1)})
	d.direct(agent.Arrival{Answers: id(9)})
	d.takes(noon, 2, fresh(1, 3, 5)...)
	d.takes(noon, 1, fresh(4)...)
	d.direct(agent.Arrival{Session: id(2)})
	d.takes(noon, 1)
	d.End(id(2)) // what it had is anybody's now
	d.takes(noon, 1, known(1, agent.SeenUnconfirmed), known(3, agent.SeenUnconfirmed), known(5, agent.SeenUnconfirmed), known(6, ""))
}

func TestTopics(t *testing.T) {
	d := newDesk(t)
	d.topic(false) // nobody lives: the first that comes
	for n := range byte(3) {
		d.Begin(id(n+1), agent.Traits{})
	}
	d.topic(false)
	d.Confirm(d.takes(noon, 1, fresh(1, 2)...))
	d.Begin(id(4), agent.Traits{})
	d.takes(noon, 4) // it came later
	d.End(id(2))     // others have it
	d.takes(noon, 3, fresh(2)...)
	d.End(id(3))
	d.takes(noon, 4) // one of those that lived took it
	d.topic(false)
	d.End(id(1))
	d.End(id(4)) // none of those that lived took it
	d.Begin(id(5), agent.Traits{})
	d.takes(noon, 5, fresh(3)...)
}

// What a session here writes goes to its siblings, and never back to it.
func TestOwn(t *testing.T) {
	d := newDesk(t)
	for n := range byte(3) {
		d.Begin(id(n+1), agent.Traits{Push: true})
	}
	own := func(by byte) agent.Arrival { return agent.Arrival{Own: true, By: id(by), Direct: true} }
	to := func(by, session byte) agent.Arrival {
		a := own(by)
		a.Session = id(session)
		return a
	}
	topic := func(by byte) {
		d.arrived++
		d.Arrive([]agent.Arrival{{Number: d.arrived, ID: wire.MessageID{byte(d.arrived)}, Own: true, By: id(by), Priority: wire.PriorityNext}})
	}
	d.direct(to(1, 2))
	d.direct(own(1))   // for other devices
	d.direct(to(1, 1)) // to itself
	topic(1)
	d.restart()
	for n := range byte(3) {
		d.Begin(id(n+1), agent.Traits{Push: true})
	}
	if pushes := d.Pushes(noon); !slices.Equal(pushes, []agent.Push{{Session: id(2), Number: 1}}) {
		t.Errorf("pushed %+v", pushes)
	}
	d.takes(noon, 1)
	d.Confirm(d.takes(noon, 2, known(1, agent.SeenPushed), agent.Lent{Number: 4}))
	if ids := d.Receipts(); len(ids) != 2 {
		t.Errorf("of %v it is told that they were taken", ids)
	}
	d.takes(noon, 3, fresh(4)...)

	d.direct(to(1, 2))
	topic(1)
	d.End(id(2)) // it took neither: the direct one is for another, and not for its sender
	d.End(id(3))
	d.Begin(id(4), agent.Traits{Push: true})
	d.takes(noon, 1)
	if pushes := d.Pushes(noon); len(pushes) != 1 || pushes[0].Session != id(4) {
		t.Errorf("pushed %+v", pushes)
	}
	d.takes(noon, 4, known(5, agent.SeenPushed))
	d.End(id(4))
	topic(1) // nobody else lives: no other session will be told
	d.Begin(id(5), agent.Traits{})
	d.takes(noon.Add(agent.LoanTime), 5, known(5, agent.SeenUnconfirmed))
	topic(0) // the person, at the terminal
	d.takes(noon, 1, fresh(8)...)
}

func TestPushes(t *testing.T) {
	d := newDesk(t)
	wantPushes := func(now time.Time, want ...agent.Push) {
		t.Helper()
		if got := d.Pushes(now); !slices.Equal(got, want) {
			t.Errorf("pushed %+v, want %+v", got, want)
		}
	}
	d.direct(agent.Arrival{})
	wantPushes(noon)
	d.Begin(id(1), agent.Traits{})
	d.Begin(id(2), agent.Traits{Push: true, Active: noon})
	d.Begin(id(3), agent.Traits{Push: true, Active: noon.Add(time.Second)})
	wantPushes(noon, agent.Push{Session: id(3), Number: 1})
	wantPushes(noon)
	d.takes(noon.Add(agent.Hold-1), 1)
	d.takes(noon.Add(agent.Hold), 1, known(1, agent.SeenElsewhere))
	d.direct(agent.Arrival{Session: id(2)})
	d.direct(agent.Arrival{Session: id(1)}) // which takes none
	wantPushes(noon, agent.Push{Session: id(2), Number: 2})
	d.takes(noon, 2, known(2, agent.SeenPushed))
	d.topic(false)
	d.topic(true)
	wantPushes(noon, agent.Push{Session: id(2), Number: 5}, agent.Push{Session: id(3), Number: 5})
	d.Begin(id(3), agent.Traits{Push: true, Quiet: true, Active: noon.Add(time.Minute)})
	d.direct(agent.Arrival{})
	wantPushes(noon, agent.Push{Session: id(2), Number: 6})
	d.End(id(2)) // before it took it: it goes to another, who is told
	wantPushes(noon)
	d.Begin(id(3), agent.Traits{Push: true})
	wantPushes(noon, agent.Push{Session: id(3), Number: 6, Seen: agent.SeenElsewhere})
	d.restart()
	d.Begin(id(3), agent.Traits{Push: true})
	wantPushes(noon) // it was pushed before the restart
	d.Replied(id(3), wire.MessageID{6})
	if ids := d.Receipts(); !slices.Equal(ids, []wire.MessageID{{6}}) {
		t.Errorf("a reply confirmed %v", ids)
	}
}

func TestLowIsNotPushed(t *testing.T) {
	d := newDesk(t)
	d.Begin(id(1), agent.Traits{Push: true})
	d.Arrive([]agent.Arrival{{Number: 1, ID: wire.MessageID{1}, Direct: true, Priority: wire.PriorityLow}})
	if pushes := d.Pushes(noon); len(pushes) != 0 {
		t.Errorf("pushed %+v", pushes)
	}
	d.takes(noon, 1, fresh(1)...)
}

func TestBounds(t *testing.T) {
	d := newDesk(t)
	d.Begin(id(1), agent.Traits{})
	for _, size := range []int{900, 50, 60, 10} {
		d.direct(agent.Arrival{Size: size})
	}
	d.direct(agent.Arrival{Size: 20, Priority: wire.PriorityNow})
	for _, c := range []struct {
		want agent.Want
		got  []uint64
		more int
	}{
		{agent.Want{Least: wire.PriorityNow}, []uint64{5}, 0},
		{agent.Want{Bytes: 100}, []uint64{5}, 4},        // what is marked now comes first, and the next is too large
		{agent.Want{Count: 2}, []uint64{1, 5}, 3},       // in the order of arrival
		{agent.Want{Bytes: 1000}, []uint64{1, 2, 5}, 2}, //
		{agent.Want{Count: 9}, []uint64{1, 2, 3, 4, 5}, 0},
	} {
		d.batch++
		lent, more := d.Take(noon, id(1), c.want, d.batch)
		var got []uint64
		for _, l := range lent {
			got = append(got, l.Number)
		}
		if !slices.Equal(got, c.got) || more != c.more {
			t.Errorf("%+v gives %v and %d more, want %v and %d", c.want, got, more, c.got, c.more)
		}
		d.Return(d.batch)
	}
	d.Take(noon, id(1), agent.Want{}, 99)
	d.Confirm(99)
	d.direct(agent.Arrival{Size: 1 << 20})
	if lent, more := d.Take(noon, id(1), agent.Want{Bytes: 10}, 100); len(lent) != 1 || more != 0 {
		t.Errorf("a message that is larger than the bound gives %+v", lent)
	}
}

// A killed daemon: what was lent is handed out again, not as new; a confirmation that comes after all counts.
func TestRestart(t *testing.T) {
	d := newDesk(t)
	d.Begin(id(1), agent.Traits{})
	d.direct(agent.Arrival{Session: id(1)})
	d.topic(false)
	batch := d.takes(noon, 1, fresh(1, 2)...)
	d.direct(agent.Arrival{Session: id(1)})
	d.restart()
	if d.Mark() != 3 {
		t.Errorf("the mark is %d", d.Mark())
	}
	d.Arrive([]agent.Arrival{{Number: 3, ID: wire.MessageID{3}, Direct: true}}) // read again from the log
	d.Begin(id(1), agent.Traits{})
	d.Settle()
	d.takes(noon, 1, known(1, agent.SeenUnconfirmed), known(2, agent.SeenUnconfirmed), known(3, ""))
	d.restart()
	d.Begin(id(2), agent.Traits{}) // the first did not come back
	d.Settle()
	d.takes(noon, 2, known(1, agent.SeenUnconfirmed), known(2, agent.SeenUnconfirmed), known(3, agent.SeenUnconfirmed))
	d.Confirm(batch)
	if len(d.Receipts()) != 0 {
		t.Error("an old batch confirmed what went to another since")
	}
	d.Confirm(d.batch)
	d.restart()
	if len(d.Receipts()) != 3 {
		t.Errorf("%d receipts are owed", len(d.Receipts()))
	}
}

func TestBrokenRows(t *testing.T) {
	for key, value := range map[string]string{"k": "short", "m12345678": "{", "m123": "{}", "r123": ""} {
		if _, _, err := agent.Load(rows{key: []byte(value)}); err == nil {
			t.Errorf("%q: %q was read", key, value)
		}
	}
}
