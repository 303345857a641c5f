package server

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhatRepeatsItselfIsLoggedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := seldom{log: slog.New(slog.NewTextHandler(&out, nil))}
		for range 150 {
			s.error("no database", "mesh", 7)
			time.Sleep(time.Second)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 3 {
			t.Fatalf("150 failures in 150 s are logged %d times:\n%s", len(lines), out.String())
		}
		for i, left := range []bool{false, true, true} {
			if strings.Contains(lines[i], "left_out=59") != left {
				t.Errorf("line %d: %s", i, lines[i])
			}
			if !strings.Contains(lines[i], `level=ERROR msg="no database" mesh=7`) {
				t.Errorf("line %d: %s", i, lines[i])
			}
		}
	})
}
