package storetest

import (
	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// invite is the statement on head n that issues an invite of a name.
func invite(n int, name string, uses int, codes ...string) *mesh.AppendStatement {
	op := statement(n, "invite "+name)
	op.Invite = &mesh.NewInvite{ID: id("invite %s", name), Uses: uses, Codes: codes, Escrow: []byte("escrow " + name), Preview: []byte("preview " + name)}
	return op
}

// use is the join on head n by an invite of a name.
func use(n int, name string) *mesh.AppendStatement {
	op := statement(n, "join by "+name)
	op.Use = id("invite %s", name)
	return op
}

func codes(s *suite) {
	a, b := s.found("a"), s.found("b")
	v := s.done(a, invite(0, "one", 1, "AAAAAAAA", "BBBBBBBB"))
	s.want("code", v.Code, "AAAAAAAA")
	v = s.done(b, invite(0, "two", 1, "AAAAAAAA", "CCCCCCCC"))
	s.want("the next that is free on the whole relay", v.Code, "CCCCCCCC")
	s.wantOutcomes("none free", s.do(a, invite(1, "three", 1, "CCCCCCCC", "AAAAAAAA")), mesh.CodeTaken)
	s.wantOutcomes("two of one commit", s.do(a, invite(1, "three", 1, "DDDDDDDD"), invite(2, "four", 1, "DDDDDDDD")), mesh.Done, mesh.CodeTaken)
	s.want("roster", s.texts(a, wire.RosterStream(a), 0), []string{"genesis of a", "invite one", "invite three"})
	for range 2 {
		row, err := s.store.Invite(s.Context(), "CCCCCCCC")
		s.want("invite", []any{row, err}, []any{
			mesh.InviteRow{Mesh: b, Invite: id("invite two"), Code: "CCCCCCCC", Escrow: []byte("escrow two"), Preview: []byte("preview two")}, nil,
		})
		s.want("codes", s.load(b).Codes, []mesh.InviteCode{{Invite: id("invite two"), Code: "CCCCCCCC"}})
		s.reopen()
	}
	for _, code := range []string{"BBBBBBBB", "cccccccc", ""} {
		if _, err := s.store.Invite(s.Context(), code); wire.CodeOf(err) != wire.CodeNotFound {
			s.Errorf("invite %q: %v, want %s", code, err, wire.CodeNotFound)
		}
	}
}

func uses(s *suite) {
	m := s.found("a")
	s.done(m, invite(0, "i", 2, "AAAAAAAA"))
	s.wantOutcomes("on an old head", s.do(m, use(0, "i")), mesh.Stale)
	v := s.do(m, use(1, "i"), use(2, "i"), use(3, "i"))
	s.wantOutcomes("three of two uses", v, mesh.Done, mesh.Done, mesh.Exhausted)
	s.reopen()
	s.wantOutcomes("later", s.do(m, use(3, "i")), mesh.Exhausted)
	s.wantOutcomes("an invite that is not there", s.do(m, use(3, "other")), mesh.Exhausted)
	s.want("roster", len(s.texts(m, wire.RosterStream(m), 0)), 4)
	s.wantOutcomes("the roster goes on", s.do(m, statement(3, "next")), mesh.Done)
}

// audit: a line for each event, and for each stream that a commit appended to, with a share for each device.
func audit(s *suite) {
	m := s.found("a")
	s.done(m, invite(0, "i", 1, "AAAAAAAA"))
	s.done(m, use(1, "i"))
	first, second, third := envelope("x", 1, inbox("b"), "12345"), envelope("x", 2, inbox("b"), "123"), envelope("y", 1, inbox("b"), "1")
	second.Entries = append(second.Entries, mesh.NewEntry{Stream: inbox("c"), Envelope: []byte("1")})
	for _, op := range []*mesh.AppendEnvelope{first, second, third} {
		op.Head = head(2)
	}
	v := s.do(m, first, second, third, first)
	s.done(m, &mesh.Trim{Stream: inbox("b"), Before: 1 << 50, Time: 9})
	s.wantOutcomes("refused things leave no line", s.do(m, statement(0, "stale")), mesh.Stale)
	s.reopen()
	records, err := s.store.Audit(s.Context(), m, 0, 100)
	if err != nil {
		s.Fatalf("Audit: %v", err)
	}
	roster := s.load(m).Roster
	line := func(n uint64, time uint64, action store.Action, on wire.Stream, at wire.Position, shares ...store.Share) store.Record {
		return store.Record{Number: n, Time: time, Action: action, Stream: on, Position: at, Shares: shares}
	}
	want := []store.Record{
		line(1, 1, store.ActionCreate, wire.RosterStream(m), roster[0].Position, store.Share{Device: wire.DeviceID(id("owner")), Count: 1, Bytes: 12}),
		line(2, 7, store.ActionInvite, wire.RosterStream(m), roster[1].Position, store.Share{Device: device("author"), Count: 1, Bytes: 8}),
		line(3, 7, store.ActionClaim, wire.RosterStream(m), roster[2].Position, store.Share{Device: device("author"), Count: 1, Bytes: 9}),
		line(4, 1001, store.ActionAppend, inbox("b"), v[2].Places[0].Position,
			store.Share{Device: device("x"), Count: 2, Bytes: 8}, store.Share{Device: device("y"), Count: 1, Bytes: 1}),
		line(5, 1002, store.ActionAppend, inbox("c"), v[1].Places[1].Position, store.Share{Device: device("x"), Count: 1, Bytes: 1}),
	}
	if len(records) != len(want)+1 {
		s.Fatalf("%d records, want %d: %+v", len(records), len(want)+1, records)
	}
	for i := range want {
		s.want("record", records[i], want[i])
	}
	trim := records[len(want)]
	s.want("the trim", []any{trim.Action, trim.Stream, trim.Position, trim.Shares[0].Device, trim.Shares[0].Count},
		[]any{store.ActionTrim, inbox("b"), v[2].Places[0].Position, wire.DeviceID{}, 3})
	part, err := s.store.Audit(s.Context(), m, 2, 3)
	s.want("a part", []any{len(part), part[0].Number, err}, []any{3, 3, nil})
}
