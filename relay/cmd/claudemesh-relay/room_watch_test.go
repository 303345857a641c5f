package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// TestRoomWatch: a disk that is almost full is warned of once, and again when there was room in between.
func TestRoomWatch(t *testing.T) {
	var log bytes.Buffer
	free, known := 0.0, true
	w := &roomWatch{free: func() (float64, bool) { return free, known }, least: 1000, log: slog.New(slog.NewTextHandler(&log, nil))}
	for _, step := range []struct {
		free  float64
		known bool
		want  string
	}{
		{5000, true, ""}, {999, true, "almost full"}, {10, true, ""}, {0, false, ""}, {10, true, "almost full"}, {1000, true, "room again"}, {0, true, "almost full"},
	} {
		log.Reset()
		free, known = step.free, step.known
		if w.look(); !strings.Contains(log.String(), step.want) || step.want == "" && log.Len() > 0 {
			t.Errorf("with %v bytes (%t): %q, want %q", step.free, step.known, log.String(), step.want)
		}
	}
}

// TestRoomIsWatched: the relay itself warns.
func TestRoomIsWatched(t *testing.T) {
	p := serving(t, "", "", "--warn-free", "1000TiB")
	p.stops(t)
	if _, known := freeBytes(t.TempDir()); known != strings.Contains(p.Log(), "almost full") {
		t.Errorf("the log: %s", p.Log())
	}
}
