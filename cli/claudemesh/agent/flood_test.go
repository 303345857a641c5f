package agent_test

import (
	"testing"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/shared/wire"
)

var mallory, ada = wire.MemberID{1}, wire.MemberID{2}

// flood lets a member's messages arrive.
func (d *desk) flood(from wire.MemberID, count int) {
	for range count {
		d.arrived++
		n := d.arrived
		d.Arrive([]agent.Arrival{{Number: n, ID: wire.MessageID{byte(n), byte(n >> 8), byte(n >> 16)}, From: from, Direct: true, Priority: wire.PriorityNext}})
	}
}

// A member that writes more than is held takes the place of its own messages, before a restart and after it.
func TestFloodKeepsNobodyOut(t *testing.T) {
	d := newDesk(t)
	d.Begin(id(1), agent.Traits{})
	d.flood(ada, 1)
	d.flood(mallory, agent.MaxHeld+100)
	d.flood(ada, 2)
	d.restart()
	d.Begin(id(1), agent.Traits{})
	d.flood(mallory, 100)
	if count := d.Count(noon, id(1), wire.PriorityLow); count != agent.MaxHeld {
		t.Errorf("%d are held", count)
	}
	d.rows.keep(d.Queue)
	content := 0
	for key := range d.rows {
		if key[0] == agent.ContentKey(0)[0] {
			content++
		}
	}
	if content != agent.MaxHeld {
		t.Errorf("the contents of %d are kept", content)
	}
	lent, _ := d.Take(noon, id(1), agent.Want{}, 1)
	last := uint64(agent.MaxHeld + 101)
	for _, want := range []uint64{1, last + 1, last + 2} {
		if !holds(lent, want) {
			t.Errorf("message %d of Ada is gone", want)
		}
	}
	if !holds(lent, d.arrived) || holds(lent, 2) {
		t.Error("of Mallory's messages not the oldest went")
	}
	d.Confirm(1)
	if ids := d.Receipts(); len(ids) != agent.MaxHeld {
		t.Errorf("%d receipts", len(ids))
	}
}

func holds(lent []agent.Lent, n uint64) bool {
	for _, one := range lent {
		if one.Number == n {
			return true
		}
	}
	return false
}

// However much one member wrote before, another's message is in the first answer.
func TestTurns(t *testing.T) {
	d := newDesk(t)
	d.Begin(id(1), agent.Traits{})
	d.flood(mallory, 1000)
	d.flood(ada, 1)
	lent, more := d.Take(noon, id(1), agent.Want{Count: agent.Turn + 10}, 1)
	if len(lent) != agent.Turn+10 || more != 1001-len(lent) || !holds(lent, 1001) || lent[0].Number != 1 || lent[len(lent)-1].Number != 1001 {
		t.Errorf("%d are lent, from %d to %d", len(lent), lent[0].Number, lent[len(lent)-1].Number)
	}
	// Below Turn, what came first is first.
	d = newDesk(t)
	d.Begin(id(1), agent.Traits{})
	d.flood(mallory, agent.Turn)
	d.flood(ada, 1)
	if lent, _ = d.Take(noon, id(1), agent.Want{Count: agent.Turn}, 1); holds(lent, agent.Turn+1) {
		t.Error("what came last is taken before what came first")
	}
}

// A push goes into the agent's context whether it wants it or not.
func TestPushesOfOneMemberAreBounded(t *testing.T) {
	d := newDesk(t)
	d.Begin(id(1), agent.Traits{Push: true})
	pushed := 0
	for range 100 {
		d.flood(mallory, 1)
		pushed += len(d.Pushes(noon))
	}
	d.flood(ada, 1)
	others := len(d.Pushes(noon))
	if pushed != agent.MaxPushed || others != 1 {
		t.Errorf("%d of Mallory's and %d of Ada's were pushed", pushed, others)
	}
	if later := len(d.Pushes(noon.Add(agent.PushWindow))); later != agent.MaxPushed {
		t.Errorf("%d were pushed later", later)
	}
	// What it took makes room.
	d.Take(noon.Add(agent.PushWindow), id(1), agent.Want{}, 1)
	d.Confirm(1)
	d.flood(mallory, 1)
	if again := len(d.Pushes(noon.Add(agent.PushWindow + time.Second))); again != 1 {
		t.Errorf("%d are pushed to one that reads", again)
	}
}

// What is marked as urgent goes into an agent's context after each of its tools, so one member gets no more there than by pushes. The
// rest waits until it is asked for.
func TestUrgentOfOneMemberIsBounded(t *testing.T) {
	d := newDesk(t)
	d.Begin(id(1), agent.Traits{})
	d.Begin(id(2), agent.Traits{})
	urgent := func(from wire.MemberID, count int) {
		for range count {
			d.direct(agent.Arrival{From: from, Priority: wire.PriorityNow})
		}
	}
	unasked := agent.Want{Least: wire.PriorityNow, Count: 3, Unasked: true}
	shown := func(now time.Time, session byte) (count int) {
		for {
			d.batch++
			lent, _ := d.Take(now, id(session), unasked, d.batch)
			if len(lent) == 0 {
				return count
			}
			d.Confirm(d.batch)
			d.Return(d.batch) // its taker ends
			count += len(lent)
		}
	}
	urgent(mallory, 60)
	for range 9 { // what was not printed does not count
		d.batch++
		d.Take(noon, id(1), unasked, d.batch)
		d.Return(d.batch)
	}
	if count := shown(noon, 1); count != agent.MaxShown {
		t.Errorf("%d of Mallory's are shown", count)
	}
	urgent(ada, 2)
	if count := shown(noon.Add(agent.ShowWindow-1), 1); count != 2 {
		t.Errorf("%d are shown after that, and not Ada's alone", count)
	}
	if count := shown(noon, 2); count != agent.MaxShown {
		t.Errorf("%d are shown to another session", count)
	}
	d.batch++
	if lent, more := d.Take(noon, id(1), agent.Want{Count: 3}, d.batch); len(lent) != 3 || more != 60-2*agent.MaxShown-3 {
		t.Errorf("%d come to one that asks, and %d more wait", len(lent), more)
	}
	d.Return(d.batch)
	if count := shown(noon.Add(agent.ShowWindow), 1); count != agent.MaxShown {
		t.Errorf("%d are shown later", count)
	}
}
