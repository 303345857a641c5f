package server_test

import (
	"testing"
	"time"

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
