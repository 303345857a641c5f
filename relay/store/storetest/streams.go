package storetest

import (
	"fmt"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// pages: a read gives about as much as was asked for, and the next goes on behind it, whatever the chunks are.
func pages(s *suite) {
	m := s.found("a")
	var want []string
	counter := uint64(0)
	for _, size := range []int{1, 3, 40, 7} {
		var ops []mesh.Op
		for range size {
			counter++
			want = append(want, fmt.Sprintf("text number %d", counter))
			ops = append(ops, envelope("a", counter, inbox("b"), want[len(want)-1]))
		}
		s.do(m, ops...)
	}
	s.want("whole", s.texts(m, inbox("b"), 0), want)
	page := s.read(m, inbox("b"), 0, 1)
	s.want("the smallest page", []any{len(page.Entries), page.More}, []any{1, true})
	page = s.read(m, inbox("b"), 0, 1<<20)
	s.want("the largest", []any{len(page.Entries), page.More}, []any{len(want), false})
	for i := range page.Entries {
		rest := s.texts(m, inbox("b"), page.Entries[i].Position)
		s.want(fmt.Sprintf("behind entry %d", i), rest, append([]string(nil), want[i+1:]...))
	}
	page = s.read(m, inbox("b"), 0, 200)
	if n := len(page.Entries); n < 10 || n > 20 || !page.More {
		s.Errorf("a page of 200 bytes has %d entries of 13", n)
	}
}

// large: an entry larger than a chunk stands alone, and what is around it stays in order.
func large(s *suite) {
	m := s.found("a")
	texts := []string{"small", string(repeat(900 << 10)), "next", string(repeat(100 << 10)), string(repeat(100 << 10)), string(repeat(100 << 10)), "end"}
	var ops []mesh.Op
	for i, text := range texts {
		ops = append(ops, envelope("a", uint64(i+1), inbox("b"), text))
	}
	for _, v := range s.do(m, ops...) {
		if v.Outcome != mesh.Done {
			s.Fatalf("outcome %d", v.Outcome)
		}
	}
	got := s.texts(m, inbox("b"), 0)
	if len(got) != len(texts) {
		s.Fatalf("%d entries, want %d", len(got), len(texts))
	}
	for i := range got {
		if got[i] != texts[i] {
			s.Errorf("entry %d has %d bytes, want %d", i, len(got[i]), len(texts[i]))
		}
	}
}

func gaps(s *suite) {
	m := s.found("a")
	var at []wire.Position
	counter := uint64(0)
	for _, size := range []int{2, 3, 2} { // three commits, so three chunks
		var ops []mesh.Op
		for range size {
			counter++
			ops = append(ops, envelope("a", counter, inbox("b"), fmt.Sprint(counter)))
		}
		for _, v := range s.do(m, ops...) {
			at = append(at, v.Places[0].Position)
		}
	}
	trim := func(keep uint64) wire.Position {
		return s.done(m, &mesh.Trim{Stream: inbox("b"), Keep: mesh.Amount{Count: keep}, Time: 9}).Trimmed.To
	}
	s.want("less than the first chunk", trim(6), wire.Position(0))
	s.want("nothing is gone", s.texts(m, inbox("b"), 0), []string{"1", "2", "3", "4", "5", "6", "7"})
	s.want("within the second chunk", trim(3), at[1])
	for range 2 {
		s.want("from the start", s.texts(m, inbox("b"), 0), []string{"gap", "3", "4", "5", "6", "7"})
		page := s.read(m, inbox("b"), at[0], 1)
		s.want("the gap", page.Gap, &mesh.Gap{After: at[0], To: at[1]})
		s.want("who had it all", s.texts(m, inbox("b"), at[1]), []string{"3", "4", "5", "6", "7"})
		s.reopen()
	}
	s.want("everything", s.done(m, &mesh.Trim{Stream: inbox("b"), Before: 1 << 50, Time: 9}).Trimmed.To, at[6])
	page := s.read(m, inbox("b"), at[2], 1)
	s.want("the gap to the head", page.Gap, &mesh.Gap{After: at[2], To: at[6]})
	s.want("what is behind it", []any{page.More, len(page.Entries)}, []any{false, 0})
	s.want("who had it all", s.read(m, inbox("b"), at[6], 1), mesh.Page{})
	next := s.done(m, envelope("a", 8, inbox("b"), "8")).Places[0]
	s.want("positions go on", next.Previous, at[6])
	s.want("from the start", s.texts(m, inbox("b"), 0), []string{"gap", "8"})
	s.want("from the end of what is gone", s.texts(m, inbox("b"), at[6]), []string{"8"})
	ops := s.do(m, envelope("a", 9, inbox("b"), "9"), &mesh.Trim{Stream: inbox("b"), Before: 1 << 50}, envelope("a", 10, inbox("b"), "10"))
	s.wantOutcomes("a trim between appends of a batch", ops, mesh.Done, mesh.Done, mesh.Done)
	s.want("what is left", s.texts(m, inbox("b"), next.Position), []string{"gap", "10"})
}

// whose: an envelope is found by its own device alone, at its own position alone, and until it is trimmed.
func whose(s *suite) {
	m, other := s.found("a"), s.found("b")
	var at []wire.Position
	for _, v := range s.do(m, envelope("a", 1, inbox("i"), "1"), envelope("b", 1, inbox("i"), "2"), envelope("a", 2, inbox("i"), "3")) {
		at = append(at, v.Places[0].Position)
	}
	at = append(at, s.done(m, envelope("a", 3, inbox("i"), "4")).Places[0].Position)
	find := func(from string, stream wire.Stream, p wire.Position) *mesh.FindEnvelope {
		return &mesh.FindEnvelope{Device: device(from), Stream: stream, Position: p}
	}
	for range 2 {
		s.wantOutcomes("a's", s.do(m, find("a", inbox("i"), at[0]), find("a", inbox("i"), at[2]), find("a", inbox("i"), at[3])), mesh.Done, mesh.Done, mesh.Done)
		s.wantOutcomes("b's", s.do(m, find("b", inbox("i"), at[1]), find("a", inbox("i"), at[1]), find("b", inbox("i"), at[0])), mesh.Done, mesh.Absent, mesh.Absent)
		s.wantOutcomes("nobody's", s.do(m, find("a", inbox("i"), at[0]-1), find("a", inbox("i"), at[3]+1), find("a", inbox("i"), wire.MaxPosition), find("a", inbox("j"), at[0])),
			mesh.Absent, mesh.Absent, mesh.Absent, mesh.Absent)
		s.wantOutcomes("another mesh's", s.do(other, find("a", inbox("i"), at[0])), mesh.Absent)
		s.reopen()
	}
	s.done(m, &mesh.Trim{Stream: inbox("i"), Keep: mesh.Amount{Count: 1}, Time: 9})
	s.wantOutcomes("trimmed", s.do(m, find("a", inbox("i"), at[0]), find("a", inbox("i"), at[3])), mesh.Absent, mesh.Done)
}

func cursors(s *suite) {
	m := s.found("a")
	at := s.done(m, envelope("a", 1, inbox("b"), "x")).Places[0].Position
	move := func(p wire.Position) *mesh.MoveCursor {
		return &mesh.MoveCursor{Device: device("b"), Stream: inbox("b"), Position: p}
	}
	s.do(m, move(at-1), move(at), move(at-1))
	s.done(m, move(at-1))
	for range 2 {
		s.want("cursors", s.load(m).Cursors, []mesh.CursorRow{{Device: device("b"), Stream: inbox("b"), Position: at}})
		s.reopen()
	}
	s.done(m, &mesh.MoveCursor{Device: device("b"), Stream: wire.RosterStream(m), Position: 1})
	s.done(m, &mesh.MoveCursor{Device: device("c"), Stream: inbox("b"), Position: 1})
	s.want("one for each device and stream", len(s.load(m).Cursors), 3)
}

func sessions(s *suite) {
	m := s.found("a")
	row := mesh.SessionRow{Member: id("member b"), Device: device("b"), Session: wire.SessionID{1}, State: wire.StateOnline, Since: 5, CardVersion: 2, Card: []byte("card")}
	s.done(m, &mesh.PutSession{Session: row})
	second := mesh.SessionRow{Member: id("member b"), Device: device("b"), Session: wire.SessionID{2}, State: wire.StateOffline, Since: 6}
	s.done(m, &mesh.PutSession{Session: second})
	row.State, row.Since, row.Card = wire.StateAway, 7, []byte("another")
	s.done(m, &mesh.PutSession{Session: row})
	for range 2 {
		s.want("sessions", s.load(m).Sessions, []mesh.SessionRow{row, second})
		s.reopen()
	}
	s.done(m, &mesh.DropSession{Device: device("b"), Session: wire.SessionID{1}})
	s.done(m, &mesh.DropSession{Device: device("b"), Session: wire.SessionID{9}})
	s.want("sessions", s.load(m).Sessions, []mesh.SessionRow{second})
}

func forgotten(s *suite) {
	m := s.found("a")
	for _, name := range []string{"b", "c"} {
		s.done(m, envelope(name, 1, inbox("b"), "x"))
		s.done(m, &mesh.MoveCursor{Device: device(name), Stream: inbox("b"), Position: 1})
		s.done(m, &mesh.PutSession{Session: mesh.SessionRow{Device: device(name), Session: wire.SessionID{1}, State: wire.StateAway}})
	}
	s.done(m, &mesh.ForgetDevice{Device: device("b")})
	got := s.load(m)
	s.want("what is left", []int{len(got.Cursors), len(got.Sessions), len(got.Counters)}, []int{1, 1, 2})
	s.want("whose", []wire.DeviceID{got.Cursors[0].Device, got.Sessions[0].Device}, []wire.DeviceID{device("c"), device("c")})
}

// borrowed: a batch's bytes are the core's again after the commit.
func borrowed(s *suite) {
	m := s.found("a")
	text, card, escrow := []byte("text"), []byte("card"), []byte("escrow")
	op := envelope("a", 1, inbox("b"), "")
	op.Entries[0].Envelope = text
	i := invite(0, "i", 1, "CODE0001")
	i.Invite.Escrow, i.Statement = escrow, []byte("invite")
	raw := i.Statement
	s.do(m, op, &mesh.PutSession{Session: mesh.SessionRow{Device: device("a"), State: wire.StateOnline, Card: card}}, i)
	for _, b := range [][]byte{text, card, escrow, raw} {
		copy(b, "garbage")
	}
	s.want("envelope", s.texts(m, inbox("b"), 0), []string{"text"})
	s.want("card", string(s.load(m).Sessions[0].Card), "card")
	s.want("statement", string(s.load(m).Roster[1].Bytes), "invite")
	row, err := s.store.Invite(s.Context(), "CODE0001")
	s.want("escrow", []any{string(row.Escrow), err}, []any{"escrow", nil})
}
