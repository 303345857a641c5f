//go:build unix

package main

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	store "claudemesh.com/mesh/relay/store/sqlite"
	"claudemesh.com/mesh/shared/wire"
)

// wreck is what a relay left that was killed: a database, and a log with commits that are not in it yet. Each test damages a
// copy.
type wreck struct {
	*process
	crowd         *crowd
	database, log []byte
}

func newWreck(t *testing.T) *wreck {
	t.Helper()
	w := &wreck{process: serving(t, "", t.TempDir())}
	w.crowd = newCrowd(t, w.target, seed(), 1, 3, wire.CodeDraining)
	w.crowd.round(150, func() { w.stops(t) }) // into the database
	w.rise(t)
	w.crowd.round(150, w.Kill) // into the log
	w.rise(t)
	w.crowd.finish()
	w.Kill()
	for file, text := range map[string]*[]byte{store.Path(w.Data): &w.database, store.Path(w.Data) + "-wal": &w.log} {
		var err error
		if *text, err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	w.crowd.allowed = map[wire.Code]bool{wire.CodeUnavailable: true}
	return w
}

// found is what peers find after damage.
type found struct {
	refused string // why the relay does not start, or ""
	told    bool   // that something is unavailable
	lost    int    // entries of which nothing was told
	checked bool   // claudemesh-relay check finds something
}

func (f found) whole() bool { return f.refused == "" && !f.told && f.lost == 0 }

// with starts the relay on a database and a log, and has everyone read everything. What they are shown must be what they saw
// before, from the beginning on.
func (w *wreck) with(t *testing.T, database, log []byte) (f found) {
	t.Helper()
	w.Data, w.Folder = t.TempDir(), t.TempDir()
	for file, text := range map[string][]byte{store.Path(w.Data): database, store.Path(w.Data) + "-wal": log} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	f.checked = run([]string{"check", w.Data}, &outside{&out, &out, os.Getenv}) != 0
	if err := w.Start(); err != nil {
		f.refused = err.Error()
		if !strings.Contains(f.refused, "claudemesh-relay check") || !strings.Contains(f.refused, "claudemesh-relay restore") {
			t.Errorf("the relay refuses to start with %s", f.refused)
		}
		return f
	}
	for _, x := range w.crowd.groups[0].talkers {
		n, all, err := x.survey(t.Context())
		if err != nil {
			f.told = true
		} else {
			f.lost += all - n
		}
	}
	w.Kill()
	return f
}

// survey reads everything again and compares it with what was read before; an error means that the relay said that it cannot
// show it.
func (x *talker) survey(ctx context.Context) (n, all int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l, err := x.dial(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer l.ws.CloseNow()
	if _, err := x.hello(ctx, l); err != nil {
		return 0, 0, err
	}
	logs := make(map[wire.Stream]*readLog)
	var tail wire.Tail
	for stream, was := range x.logs {
		if stream.Kind != wire.StreamRoster {
			logs[stream] = &readLog{last: make(map[wire.DeviceID]uint64)}
			tail.Streams = append(tail.Streams, wire.NewTailItem(stream, 0))
			all += len(was.entries)
		}
	}
	if err := l.write(ctx, wire.AppendJSONFrame(nil, wire.FrameTail, tail)); err != nil {
		return 0, 0, err
	}
	for live := 0; live < len(logs); {
		frame, err := l.next(ctx)
		if err != nil {
			return 0, 0, err
		}
		switch frame.Type {
		case wire.FrameClose:
			return 0, 0, x.closed(frame.Payload)
		case wire.FrameLive:
			live++
		case wire.FrameDeliver:
			d, err := wire.ParseDeliver(frame.Payload)
			if err != nil {
				return 0, 0, err
			}
			log, was := logs[d.Stream], x.logs[d.Stream].entries
			if err := log.take(d); err != nil {
				x.crowd.t.Errorf("%s: %v", d.Stream.Kind, err)
			}
			if n := len(log.entries); n > len(was) || log.entries[n-1] != was[n-1] {
				x.crowd.t.Errorf("the relay shows what was never sent, at %d", d.Position)
			}
			n++
		}
	}
	return n, all, nil
}

func flipped(text []byte, at int, bit byte) []byte {
	text = slices.Clone(text)
	text[at] ^= 1 << (bit % 8)
	return text
}

// TestDamagedLog: where the disk loses a part of the log that was synced, the relay does not start and pretend that nothing
// was there; what tore in a power cut alone is forgotten.
func TestDamagedLog(t *testing.T) {
	w := newWreck(t)
	if f := w.with(t, w.database, w.log); !f.whole() || f.checked {
		t.Fatalf("without damage: %+v", f)
	}
	random := w.crowd.random
	for range 3 * *faultRounds {
		at := random.IntN(len(w.log) * 9 / 10) // the last commits cannot be told from ones that a power cut tore
		if f := w.with(t, w.database, flipped(w.log, at, byte(random.IntN(8)))); !f.whole() && f.refused == "" || f.refused != "" && !f.checked {
			t.Errorf("a bit of the log flipped at %d of %d: %+v", at, len(w.log), f)
		}
	}
	for range *faultRounds {
		// A log that is too short shows what it has: nothing is wrong in it.
		at := random.IntN(len(w.log))
		if f := w.with(t, w.database, w.log[:at]); f.refused != "" || f.told {
			t.Errorf("the log ends at %d of %d: %+v", at, len(w.log), f)
		}
	}
}

// TestDamagedDatabase: what the disk changes of an entry is never shown, and whatever keeps an entry from being shown is found by
// claudemesh-relay check.
func TestDamagedDatabase(t *testing.T) {
	w := newWreck(t)
	x := w.crowd.groups[0].talkers[0]
	random := w.crowd.random
	for range *faultRounds {
		s := x.sent[random.IntN(len(x.sent))]
		at := bytes.Index(w.database, s.envelope[len(s.envelope)-20:])
		if at < 0 {
			continue // it is in the log
		}
		at += random.IntN(20)
		if f := w.with(t, flipped(w.database, at, byte(random.IntN(8))), nil); f.refused != "" || !f.told || !f.checked {
			t.Errorf("a bit of an envelope flipped: %+v", f)
		}
	}
	for range 3 * *faultRounds {
		at := random.IntN(len(w.database))
		f := w.with(t, flipped(w.database, at, byte(random.IntN(8))), w.log)
		if !f.whole() && !f.checked {
			t.Errorf("a bit of the database flipped at %d: %+v", at, f)
		}
	}
	for range *faultRounds {
		at := random.IntN(len(w.database))
		if f := w.with(t, w.database[:at], nil); !f.checked {
			t.Errorf("a database cut off at %d: %+v", at, f)
		}
	}
}
