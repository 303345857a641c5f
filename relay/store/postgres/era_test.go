//go:build unix

package postgres

import (
	"testing"

	"claudemesh.com/mesh/relay/store/postgres/postgrestest"
)

// otherServer: a database that was copied to another server, whose transactions have lower numbers, tells nothing of what was
// changed on the first one, and everything of what comes then.
func otherServer(t *testing.T, server *postgrestest.Server) {
	address := server.Database(t)
	s, conn := open(t, address), connect(t, address)
	commit(t, s, found)
	for _, sql := range []string{
		"INSERT INTO change SELECT 1000000, 999, number, NULL, '', '', '', '', '' FROM mesh",
		"UPDATE relay SET horizon = 1000000",
		"INSERT INTO node (until, lost) VALUES (now(), 1000000)",
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	other := open(t, address)
	mark := load(t, s).Mark
	commit(t, other, sends(1, 1, 1, 10))
	if e := elsewhere(t, s, mark); len(e.Counters) != 1 || len(e.Roster) != 0 || len(e.Lost) != 0 {
		t.Errorf("Elsewhere: %+v", e)
	}
}

// crashed: a server that crashed uses numbers of transactions again. Whoever asks with a mark of before is told of what they
// changed.
func crashed(t *testing.T, server *postgrestest.Server) {
	address := server.Database(t)
	s, other, conn := open(t, address), open(t, address), connect(t, address)
	commit(t, s, found)
	mark := load(t, s).Mark
	// These transactions have numbers, of which the crash leaves nothing.
	for range 1000 {
		if _, err := conn.Exec(t.Context(), "BEGIN; SELECT pg_current_xact_id(); ROLLBACK"); err != nil {
			t.Fatal(err)
		}
	}
	mark = elsewhere(t, s, mark).Mark
	server.Kill(t)
	server.Restart(t)
	commit(t, other, sends(1, 1, 1, 10))
	if now := load(t, s).Mark; xidOf(now) >= xidOf(mark) {
		t.Fatalf("the number of a transaction is %d, and was %d before the crash", xidOf(now), xidOf(mark))
	}
	e := elsewhere(t, s, mark)
	if len(e.Counters) != 1 || e.Counters[0].Last != 1 {
		t.Errorf("with a mark of before the crash the counters are %+v", e.Counters)
	}
	if e = elsewhere(t, s, e.Mark); len(e.Counters) != 0 {
		t.Errorf("behind that the counters are %+v", e.Counters)
	}
}
