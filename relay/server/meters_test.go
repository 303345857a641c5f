package server_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

// counts checks lines of the relay's metrics.
func (r *relay) counts(t *testing.T, want ...string) {
	t.Helper()
	var text strings.Builder
	if err := r.metrics.Write(&text); err != nil {
		t.Fatal(err)
	}
	for _, line := range want {
		if !strings.Contains(text.String(), "\nclaudemesh_"+line+"\n") {
			name, _, _ := strings.Cut(line, " ")
			name, _, _ = strings.Cut(name, "{")
			for other := range strings.Lines(text.String()) {
				if strings.HasPrefix(other, "claudemesh_"+name) {
					t.Logf("there is %s", other)
				}
			}
			t.Errorf("the metrics have no line %q", line)
		}
	}
}

func TestWhatIsCounted(t *testing.T) {
	simulated(t, inMemory, func(t *testing.T, r *relay) {
		m := protocoltest.Found(t, r.Target)
		owner := m.Connect(t, m.Owner)
		bob := m.Add(t, owner)
		his := m.Connect(t, bob)
		general := wire.TopicStream(wire.GeneralTopic(m.ID))
		his.Tail(0, general)
		his.Live(general)
		for n := range uint64(3) {
			owner.Send(n, m.Topic(m.Owner, 100, wire.GeneralTopic(m.ID)))
			owner.Accepted(n + 1)
		}
		his.Delivery()
		his.Delivery()
		d, _ := his.Delivery()
		his.Write(wire.AppendCursor(nil, wire.Cursor{Stream: general, Position: d.Position}))
		his.Write(wire.AppendFrame(nil, wire.FramePing, make([]byte, wire.PingSize)))
		his.Read(wire.FramePong)
		late := m.Connect(t, bob)
		late.Tail(0, general)
		late.Delivery()
		late.Delivery()
		late.Delivery()
		late.Live(general)
		waiting := m.Dial(t)
		synctest.Wait() // a request is counted when its handler ends, which the peer does not see
		r.counts(t,
			"envelopes_accepted_total 3", "deliveries_live_total 3", "deliveries_stored_total 3", "reads_total 1", "cursors_total 1",
			"statements_total 2", "claims_total 1", "meshes_created_total 1", "mesh_loads_total 1", "meshes 1",
			`connections{state="welcomed"} 3`, `connections{state="unproven"} 1`, `connections{state="closing"} 0`,
			"connections_opened_total 4", `waiting_bytes{for="mesh"} 0`, "commit_queue 0",
			`http_requests_total{route="/ws",code="ok"} 4`, `http_requests_total{route="/api/public/invites/{code}/claim",code="ok"} 1`,
		)
		for _, name := range []string{"received_bytes_total 0", "sent_bytes_total 0", "commits_total 0", "commit_seconds_count 0"} {
			var text strings.Builder
			if err := r.metrics.Write(&text); err != nil || strings.Contains(text.String(), "claudemesh_"+name+"\n") {
				t.Errorf("%s is not counted (%v)", name, err)
			}
		}

		time.Sleep(wire.HandshakeSeconds*time.Second + 2*time.Second)
		waiting.Closes(wire.CodeHandshakeTimeout)
		late.HangUp()
		his.HangUp()
		owner.Bye(wire.SessionID{})
		owner.Until(wire.FrameClose) // there is none, but an end
		m = protocoltest.Found(t, r.Target)
		silent := m.Connect(t, m.Owner)
		silent.Presence() // or the relay would take it for one that does not read
		time.Sleep((wire.SilenceSeconds + 2) * time.Second)
		silent.Closes(wire.CodeSilent)
		time.Sleep(time.Hour) // the mesh is forgotten
		r.counts(t, `connections_closed_total{code="handshake_timeout"} 1`, `connections_closed_total{code="bye"} 1`,
			`connections_closed_total{code="gone"} 2`, `connections_closed_total{code="silent"} 1`,
			`connections{state="welcomed"} 0`, `connections{state="unproven"} 0`, `connections{state="closing"} 0`, "meshes 0")
	})
}

// unloadable is a store from which nothing can be loaded, for a reason that has no code.
type unloadable struct {
	store.Store
	broken atomic.Bool
}

func (u *unloadable) Load(ctx context.Context, id wire.MeshID) (mesh.Snapshot, error) {
	if u.broken.Load() {
		return mesh.Snapshot{}, errors.New("out of cheese")
	}
	return u.Store.Load(ctx, id)
}

func TestFaultsAreCounted(t *testing.T) {
	kept := memory.New(time.Now())
	s := &unloadable{Store: kept}
	r := start(t, s, nil)
	m := protocoltest.Found(t, r.Target)
	sender, other := m.Connect(t, m.Owner), m.Connect(t, m.Owner)
	kept.SetFaults(memory.Faults{Before: func([]mesh.Batch) error { return errors.New("no space left on device") }})
	sender.Send(0, m.Topic(m.Owner, 100, wire.GeneralTopic(m.ID)))
	sender.Closes(wire.CodeUnavailable)
	other.Closes(wire.CodeUnavailable)
	r.counts(t, "commit_failures_total 1", "envelopes_accepted_total 0", `meshes_dropped_total{code="unavailable"} 1`, `connections_closed_total{code="unavailable"} 2`)

	s.broken.Store(true)
	m.ClosesAtOnce(t, wire.CodeInternal)
	r.counts(t, `connections_closed_total{code="internal"} 1`, `meshes_dropped_total{code="internal"} 1`, "mesh_load_failures_total 1")
}

// What one node stores and another shows is counted where it is shown, with how old it was.
func TestOtherNodesAreCounted(t *testing.T) {
	_, n, m := twoNodes(t)
	sender := n.on(m, 0).Connect(t, m.Owner)
	reader := n.on(m, 1).Connect(t, m.Owner)
	general := wire.TopicStream(wire.GeneralTopic(m.ID))
	reader.Tail(0, general)
	reader.Live(general)
	sender.Send(0, m.Topic(m.Owner, 100, wire.GeneralTopic(m.ID)))
	sender.Accepted(1)
	reader.Delivery()
	n.each[0].counts(t, "envelopes_accepted_total 1", "deliveries_live_total 0", "node_lost 0")
	n.each[1].counts(t, "envelopes_accepted_total 0", "deliveries_live_total 1", "elsewhere_lag_seconds_count 1", "elsewhere_failures_total 0", "node_joins_total 0")
}
