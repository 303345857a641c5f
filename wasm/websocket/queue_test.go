package websocket

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"claudemesh.com/mesh/shared/wire"
)

func TestQueueKeepsOrderAndGivesTheEndLast(t *testing.T) {
	q := newQueue()
	for _, text := range []string{"a", "b", "c"} {
		if err := q.push([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	gone := errors.New("gone")
	q.finish(gone)
	q.finish(errors.New("a second end"))
	if err := q.push([]byte("late")); err != nil {
		t.Errorf("a message after the end: %v, want it dropped without a word", err)
	}
	for _, want := range []string{"a", "b", "c"} {
		got, err := q.pop(t.Context())
		if err != nil || string(got) != want {
			t.Fatalf("pop = %q, %v, want %q", got, err, want)
		}
	}
	for range 2 {
		if got, err := q.pop(t.Context()); err != gone || got != nil {
			t.Errorf("pop after the end = %q, %v, want the first end's error", got, err)
		}
	}
}

func TestQueueEndsWhenItsReaderIsTooSlow(t *testing.T) {
	large := make([]byte, wire.MaxSocketMessage)
	for name, c := range map[string]struct {
		message []byte
		fit     int
	}{
		"by bytes":  {large, MaxQueuedBytes / wire.MaxSocketMessage},
		"by number": {[]byte{1}, MaxQueued},
	} {
		t.Run(name, func(t *testing.T) {
			q := newQueue()
			for i := range c.fit {
				if err := q.push(c.message); err != nil {
					t.Fatalf("message %d of %d did not fit: %v", i+1, c.fit, err)
				}
			}
			if err := q.push(c.message); wire.CodeOf(err) != wire.CodeSlowReader {
				t.Fatalf("one too many: %v, want slow_reader", err)
			}
			for i := range c.fit {
				if _, err := q.pop(t.Context()); err != nil {
					t.Fatalf("message %d was lost by the overflow: %v", i+1, err)
				}
			}
			if _, err := q.pop(t.Context()); wire.CodeOf(err) != wire.CodeSlowReader {
				t.Errorf("after the messages that fitted: %v, want slow_reader", err)
			}
		})
	}
}

func TestQueueTakesMoreOnceRead(t *testing.T) {
	q := newQueue()
	for i := range 3 * MaxQueued {
		if err := q.push([]byte{byte(i)}); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		if got, err := q.pop(t.Context()); err != nil || got[0] != byte(i) {
			t.Fatalf("message %d came back as %v, %v", i, got, err)
		}
	}
}

func TestQueueWakesAReaderThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan error, 3)
		go func() {
			for range 3 {
				_, err := q.pop(ctx)
				got <- err
			}
		}()
		synctest.Wait()
		if err := q.push([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := <-got; err != nil {
			t.Errorf("a push woke the reader with %v", err)
		}
		synctest.Wait()
		q.finish(wire.Refuse(wire.CodeUnreachable))
		if err := <-got; wire.CodeOf(err) != wire.CodeUnreachable {
			t.Errorf("an end woke the reader with %v", err)
		}
		cancel()
		if err := <-got; wire.CodeOf(err) != wire.CodeUnreachable {
			t.Errorf("a reader after the end got %v", err)
		}
	})
}

func TestQueueReaderLeavesWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan error, 1)
		go func() {
			_, err := newQueue().pop(ctx)
			got <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-got; !errors.Is(err, context.Canceled) {
			t.Errorf("pop = %v, want context.Canceled", err)
		}
	})
}
