//go:build unix

package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/relay/store/postgres/postgrestest"
	"claudemesh.com/mesh/shared/wire"
)

// A relay that is killed in the middle of a conversation has everything that it accepted, once, when it comes back.
func TestKilled(t *testing.T) {
	data := t.TempDir()
	p := serving(t, "", data)
	survives(t, p.target, func() protocoltest.Target {
		p.Kill()
		p = serving(t, "", data)
		return p.target
	})
}

// So has one whose process is killed and whose meshes are in PostgreSQL.
func TestKilledOnPostgres(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	p := serving(t, "", "", "--database-url", address)
	survives(t, p.target, func() protocoltest.Target {
		p.Kill()
		p = serving(t, "", "", "--database-url", address)
		return p.target
	})
	if strings.Contains(p.Log(), "secret") {
		t.Errorf("the log tells the password of the database: %s", p.Log())
	}
}

// A relay whose database is killed says that it is not ready, and goes on when the database is there again, with everything
// that it accepted.
func TestPostgresKilled(t *testing.T) {
	database := postgrestest.Start(t)
	p := &process{Process: &relaytest.Process{Program: program(), Flags: []string{"--verbose"}}}
	p.Program.Env = append(p.Program.Env, "DATABASE_URL="+database.Database(t))
	p.serve(t, "")
	ready := func(want int) {
		t.Helper()
		response, err := p.target.HTTP.Get(p.URL + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("/readyz answers %d, want %d", response.StatusCode, want)
		}
	}
	survives(t, p.target, func() protocoltest.Target {
		database.Kill(t)
		ready(http.StatusServiceUnavailable)
		database.Restart(t)
		ready(http.StatusOK)
		return p.target
	})
	if strings.Contains(p.Log(), "secret") {
		t.Errorf("the log tells the password of the database: %s", p.Log())
	}
}

// survives sends while crash happens again and again, and then finds everything that was accepted exactly once, in order.
func survives(t *testing.T, target protocoltest.Target, crash func() protocoltest.Target) {
	t.Helper()
	m := protocoltest.Found(t, target)
	general := wire.TopicStream(wire.GeneralTopic(m.ID))
	const rounds, window = 4, 20
	var sent [][]byte
	for round := range rounds {
		sender := m.Return(t, m.Owner)
		last := sender.Welcome.LastCounter
		if round > 0 && (last < uint64(len(sent)-window+accepts(round-1)) || last > uint64(len(sent))) {
			t.Fatalf("after %d sends and a crash the last counter is %d", len(sent), last)
		}
		// What was not stored at the crash goes out again from the outbox, the same bytes.
		for n := last; n < uint64(len(sent)); n++ {
			sender.Send(n, sent[n])
			sender.Accepted(n + 1)
		}
		for n := range window {
			e := m.Topic(m.Owner, 200, general.ID)
			sender.Send(uint64(len(sent)), e)
			sent = append(sent, e)
			if n < accepts(round) {
				sender.Accepted(uint64(len(sent)))
			}
		}
		// A part of the window is accepted; of the rest nobody knows.
		m.Target = crash()
		sender.HangUp()
	}
	sender := m.Return(t, m.Owner)
	for n := sender.Welcome.LastCounter; n < uint64(len(sent)); n++ {
		sender.Send(n, sent[n])
		sender.Accepted(n + 1)
	}
	reader := m.Return(t, m.Owner)
	reader.Tail(0, general)
	var previous wire.Position
	for n := range sent {
		d, _ := reader.Delivery()
		if !bytes.Equal(d.Envelope, sent[n]) || d.Previous != previous {
			t.Fatalf("delivery %d is not send %d, or lies behind %d in place of %d", n, n, d.Previous, previous)
		}
		previous = d.Position
	}
	reader.Live(general)
}

// accepts is how many sends of a round the sender waits for.
func accepts(round int) int { return 5 * round }
