package server_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/server"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/sqlite"
	"claudemesh.com/mesh/shared/wire"
)

// What is more than is kept goes while the relay runs: who reads later is shown a gap and then what is left, and who was live
// missed nothing.
func TestRetention(t *testing.T) {
	s, err := sqlite.Open(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	r := start(t, s, func(c *server.Config) { c.Mesh.Keep.Count = 2 })
	m := protocoltest.Found(t, r.Target)
	general := wire.TopicStream(wire.GeneralTopic(m.ID))
	sender, live := m.Connect(t, m.Owner), m.Connect(t, m.Owner)
	live.Tail(0, general)
	live.Live(general)
	const sends = 5
	for n := range uint64(sends) {
		sender.Send(n, m.Topic(m.Owner, 100, wire.GeneralTopic(m.ID)))
		sender.Accepted(n + 1)
	}
	var positions []wire.Position
	for range sends {
		delivery, _ := live.Delivery()
		positions = append(positions, delivery.Position)
	}
	for late := m.Connect(t, m.Owner); ; {
		var gap *wire.Gap
		var got []wire.Position
		late.Tail(0, general)
		for ended := false; !ended; {
			frame, ok := late.Next()
			if !ok {
				t.Fatal("the relay closed the connection")
			}
			switch frame.Type {
			case wire.FrameGap:
				gap = new(wire.Gap)
				if err := wire.DecodeJSON(frame.Payload, wire.MaxJSON, gap); err != nil {
					t.Fatal(err)
				}
			case wire.FrameDeliver:
				delivery, err := wire.ParseDeliver(frame.Payload)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, delivery.Position)
			case wire.FrameLive:
				ended = true
			}
		}
		if gap == nil && len(got) != sends {
			t.Fatalf("%d of %d messages are there, and no gap is shown", len(got), sends)
		}
		if gap == nil || gap.To < positions[sends-3] {
			continue // the next tick is not yet
		}
		if gap.After != 0 || gap.To != positions[sends-3] || len(got) != 2 || got[0] != positions[sends-2] || got[1] != positions[sends-1] {
			t.Errorf("a gap after %d to %d and then %v, of %v", gap.After, gap.To, got, positions)
		}
		return
	}
}

// A send beyond the quota is refused with its code, costs nothing, and is not made room for.
func TestQuota(t *testing.T) {
	s, err := sqlite.Open(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	r := start(t, s, func(c *server.Config) { c.Mesh.MeshBytes = 1000 })
	m := protocoltest.Found(t, r.Target)
	general := wire.TopicStream(wire.GeneralTopic(m.ID))
	sender := m.Connect(t, m.Owner)
	sender.Send(0, m.Topic(m.Owner, 500, wire.GeneralTopic(m.ID)))
	sender.Accepted(1)
	for range 2 {
		sender.Send(1, m.Topic(m.Owner, 500, wire.GeneralTopic(m.ID)))
		var refused wire.Refused
		sender.ReadJSON(wire.FrameRefused, &refused)
		if refused.Code != wire.CodeQuota || !refused.Retry {
			t.Errorf("refused with %+v", refused)
		}
	}
	sender.Send(1, m.Topic(m.Owner, 100, wire.GeneralTopic(m.ID)))
	sender.Accepted(4)
	sender.Tail(0, general)
	sender.Delivery()
	sender.Delivery()
	sender.Live(general)
}

// A mesh that nobody comes to loses what is too old all the same.
func TestRetentionOfQuietMesh(t *testing.T) {
	var s store.Store
	simulated(t, func() store.Store {
		s = inMemory()
		return s
	}, func(t *testing.T, r *relay) {
		m := protocoltest.Found(t, r.Target)
		general := wire.TopicStream(wire.GeneralTopic(m.ID))
		c := m.Connect(t, m.Owner)
		c.Send(0, m.Topic(m.Owner, 100, general.ID))
		c.Accepted(1)
		c.HangUp()
		kept := func() int {
			page, err := s.Read(t.Context(), m.ID, general, 0, 1000)
			if err != nil {
				t.Fatal(err)
			}
			return len(page.Entries)
		}
		const days = 24 * time.Hour
		time.Sleep(90*days - time.Hour)
		if kept() != 1 {
			t.Error("it is gone before its time")
		}
		time.Sleep(2 * time.Hour)
		if kept() != 0 {
			t.Error("it is still there")
		}
	})
}

// What is too old of the audit goes in pieces, of a mesh that nobody comes to as well, and not before its time.
func TestRetentionOfAudit(t *testing.T) {
	const hours = time.Hour
	synctest.Test(t, func(t *testing.T) {
		s := inMemory()
		began := time.Now()
		at := func(d time.Duration) uint64 { return uint64(began.Add(d).UnixMilli()) }
		commit := func(m byte, op mesh.Op) {
			verdicts, err := s.Commit(t.Context(), []mesh.Batch{{Mesh: wire.MeshID{m}, Ops: []mesh.Op{op}}})
			if err != nil || verdicts[0][0].Outcome != mesh.Done {
				t.Fatalf("%+v %v", verdicts, err)
			}
		}
		const records = 2500 // of each mesh, besides the first one: more than go at once
		for m := range byte(2) {
			commit(m+1, &mesh.CreateMesh{Statements: [][]byte{[]byte("genesis")}, Time: at(0)})
			for n := range uint64(records) {
				commit(m+1, &mesh.AppendEnvelope{
					Device: wire.DeviceID{3}, After: n, Counter: n + 1, Time: at(time.Duration(m+1) * hours),
					Entries: []mesh.NewEntry{{Stream: wire.InboxStream(wire.MemberID{2}), Envelope: []byte("text")}},
				})
			}
		}
		r := startOn(t, newPipes(), s, func(c *server.Config) { c.Audit = 24 * hours })
		defer r.stop(t)
		want := func(after time.Duration, of ...int) {
			t.Helper()
			time.Sleep(time.Until(began.Add(after)))
			for m := range byte(2) {
				left, err := s.Audit(t.Context(), wire.MeshID{m + 1}, 0, 1<<20)
				if err != nil || len(left) != of[m] {
					t.Errorf("after %v mesh %d has %d records, want %d (%v)", after, m+1, len(left), of[m], err)
				}
			}
		}
		want(24*hours-time.Minute, records+1, records+1)
		want(25*hours-time.Minute, records, records)
		want(26*hours-time.Minute, 0, records)
		want(27*hours, 0, 0)
		r.counts(t, fmt.Sprintf("audit_dropped_total %d", 2*(records+1)))
	})
}
