package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain makes this test program be the servers too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		main()
		return
	}
	os.Exit(m.Run())
}

var tinySizes = sizes{
	pairs: 2, perPair: 40, trips: 5, subscribers: 3, posts: 40, connections: 20, meshes: 1,
	writers: 2, perWriter: 40, backlog: 50, peers: 5, perPeer: 20,
	window: 16, peerWindow: 64, message: 256, postMessage: 1024,
	topics: []int{3}, members: []int{20, 3000},
}

// Every load runs on every system that it names, gives every figure of its table, and leaves nothing.
func TestRows(t *testing.T) {
	temporary := t.TempDir()
	// PostgreSQL's account passes through it.
	if err := os.Chmod(filepath.Dir(temporary), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", temporary)
	o := &options{sizes: tinySizes, repetitions: 2, profiles: t.TempDir()}
	for _, s := range systems {
		o.systems = append(o.systems, s.name)
	}
	r := newReport()
	for _, w := range rowsOf(o.sizes) {
		t.Run(w.name, func(t *testing.T) {
			taken, err := take(t.Context(), o, w, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			r.Rows = append(r.Rows, taken)
			if len(taken.Systems) != len(w.systems) {
				t.Fatalf("%d systems were measured, want %d", len(taken.Systems), len(w.systems))
			}
			for _, s := range taken.Systems {
				checkFigures(t, w, s)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "figures.json")
	if err := r.writeJSON(file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var again report
	if err := json.Unmarshal(text, &again); err != nil || len(again.Rows) != len(r.Rows) {
		t.Errorf("the file holds %d rows (%v), want %d", len(again.Rows), err, len(r.Rows))
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("%d folders are left (%v)", len(left), err)
	}
}

func checkFigures(t *testing.T, w row, s *taken) {
	for _, f := range w.figures {
		values := s.Figures[f.name]
		if len(values) != 2 {
			t.Errorf("%s: %d values of %s, want 2", s.Name, len(values), f.name)
			continue
		}
		switch f.name {
		case "rate", "p50", "p99", "connects", "peak", "fill", "goroutines":
			if values[0] <= 0 || values[1] <= 0 {
				t.Errorf("%s: %s is %v", s.Name, f.name, values)
			}
		case "delivered":
			if values[0] != 1 || values[1] != 1 {
				t.Errorf("%s: delivered %v", s.Name, values)
			}
		}
	}
}

// What does not arrive in time is lost, and all else is counted.
func TestLost(t *testing.T) {
	s := systems[len(systems)-1]
	server, err := s.start(t.Context(), &options{}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.stop(); err != nil {
			t.Error(err)
		}
	}()
	const nobody = 7
	f, err := s.prepare(t.Context(), server, plan{peers: 2, size: 100, sends: [][]int{{1, nobody, 1}}})
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	if err := f.open(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	got, err := f.pass(ctx, 2, 1)
	if !errors.Is(err, context.DeadlineExceeded) || got.messages != 3 || got.arrived > 2 || len(got.latencies) != got.arrived {
		t.Errorf("%d of %d arrived, with %d latencies (%v)", got.arrived, got.messages, len(got.latencies), err)
	}
}

// A server that does not start says why.
func TestServerThatDoesNotStart(t *testing.T) {
	_, err := startOwn("no-such")(t.Context(), &options{}, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), `no server "no-such"`) {
		t.Errorf("got %v", err)
	}
}
