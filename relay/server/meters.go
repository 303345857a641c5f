package server

import (
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/metrics"
	"claudemesh.com/mesh/shared/wire"
)

// What closed connections are counted under besides a code: the peer said bye, or was gone without a word.
const (
	closedBye  = "bye"
	closedGone = "gone"
)

// meters count what the relay does (docs/operating.md lists them).
type meters struct {
	requests      *metrics.Counters // by route and code
	opened        *metrics.Counter
	visitsRefused *metrics.Counter
	closed        *metrics.Counters // by code
	refused       *metrics.Counters // by code
	dropped       *metrics.Counters // meshes, by code

	bytesIn, bytesOut           *metrics.Counter
	accepted, shown, caughtUp   *metrics.Counter
	statements, claims, cursors *metrics.Counter
	created                     *metrics.Counter
	trimmed, trimmedBytes       *metrics.Counter
	records                     *metrics.Counter

	loads, loadFailures     *metrics.Counter
	reads, readFailures     *metrics.Counter
	commits, commitFailures *metrics.Counter
	commitMeshes, commitOps *metrics.Histogram
	commitSeconds           *metrics.Histogram
	readSeconds             *metrics.Histogram

	joins               *metrics.Counter
	looks, lookFailures *metrics.Counter
	behind              *metrics.Histogram
}

// few are bounds for numbers of things that are done at once.
var few = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384}

// seconds are bounds for how long a disk or a database takes.
var seconds = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}

func newMeters(r *metrics.Registry, h *hub) *meters {
	m := &meters{
		requests:      r.Counters("claudemesh_http_requests_total", "HTTP requests by route and by the code that they were refused with, or ok.", "route", "code"),
		opened:        r.Counter("claudemesh_connections_opened_total", "WebSockets that were opened."),
		visitsRefused: r.Counter("claudemesh_http_connections_refused_total", "Connections closed before they asked for anything, because there were too many."),
		closed:        r.Counters("claudemesh_connections_closed_total", "WebSockets that were closed, by the code that the relay closed them with, or bye where the peer said so, or gone.", "code"),
		refused:       r.Counters("claudemesh_refused_total", "Frames, look-ups and claims that a mesh refused, by code.", "code"),
		dropped:       r.Counters("claudemesh_meshes_dropped_total", "Meshes that were dropped from memory, with their connections, by code.", "code"),

		bytesIn:      r.Counter("claudemesh_received_bytes_total", "Bytes of frames that came over WebSockets."),
		bytesOut:     r.Counter("claudemesh_sent_bytes_total", "Bytes of frames that went over WebSockets."),
		accepted:     r.Counter("claudemesh_envelopes_accepted_total", "Sends that were stored and acknowledged."),
		shown:        r.Counter("claudemesh_deliveries_live_total", "Entries of streams shown to connections as they were stored, once for each connection."),
		caughtUp:     r.Counter("claudemesh_deliveries_stored_total", "Entries of streams read from the store for connections that were behind."),
		statements:   r.Counter("claudemesh_statements_total", "Statements appended to rosters."),
		claims:       r.Counter("claudemesh_claims_total", "Invites used."),
		cursors:      r.Counter("claudemesh_cursors_total", "Cursors of devices moved."),
		created:      r.Counter("claudemesh_meshes_created_total", "Meshes made."),
		trimmed:      r.Counter("claudemesh_trimmed_total", "Entries that retention dropped."),
		trimmedBytes: r.Counter("claudemesh_trimmed_bytes_total", "Bytes that retention dropped."),
		records:      r.Counter("claudemesh_audit_dropped_total", "Records of the audit that were dropped because of their age."),

		loads:          r.Counter("claudemesh_mesh_loads_total", "Meshes loaded from the store."),
		loadFailures:   r.Counter("claudemesh_mesh_load_failures_total", "Meshes that were asked for and could not be loaded, such as are not there among them."),
		reads:          r.Counter("claudemesh_reads_total", "Pages of streams read from the store."),
		readFailures:   r.Counter("claudemesh_read_failures_total", "Pages of streams that could not be read."),
		readSeconds:    r.Histogram("claudemesh_read_seconds", "How long a page took to read.", seconds...),
		commits:        r.Counter("claudemesh_commits_total", "Transactions of the store that were tried."),
		commitFailures: r.Counter("claudemesh_commit_failures_total", "Transactions of the store that failed."),
		commitMeshes:   r.Histogram("claudemesh_commit_meshes", "Batches of meshes in a transaction.", few...),
		commitOps:      r.Histogram("claudemesh_commit_operations", "Operations in a transaction.", few...),
		commitSeconds:  r.Histogram("claudemesh_commit_seconds", "How long a transaction took.", seconds...),
	}
	m.joins = r.Counter("claudemesh_node_joins_total", "Times that this node had lost its lease and joined again.")
	m.looks = r.Counter("claudemesh_elsewhere_total", "Looks at what other nodes did to a mesh.")
	m.lookFailures = r.Counter("claudemesh_elsewhere_failures_total", "Looks at what other nodes did that failed.")
	m.behind = r.Histogram("claudemesh_elsewhere_lag_seconds", "How old what other nodes stored was when it was read for those who are live here, by the relays' clocks.", seconds...)
	r.Func("gauge", "claudemesh_node_lost", "1 while this node has lost its lease and serves nobody.", func() float64 {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.lost {
			return 1
		}
		return 0
	})
	r.Func("gauge", "claudemesh_meshes", "Meshes in memory.", func() float64 { return float64(h.count().meshes) })
	r.Gauges("claudemesh_connections", "WebSockets that are open: with a peer that has proved its device's key, with one that has not yet, and those about to be gone.", "state", func(yield func(string, float64)) {
		now := h.count()
		known, welcomed := int(h.connections.Load()), int(h.welcomed.Load())
		yield("welcomed", float64(welcomed))
		yield("unproven", float64(max(known-welcomed, 0)))
		yield("closing", float64(max(now.connections-known, 0)))
	})
	r.Gauges("claudemesh_waiting_bytes", "Bytes that wait: for meshes to take them, and for peers to read them.", "for", func(yield func(string, float64)) {
		mail, output := h.waiting()
		yield("mesh", float64(mail))
		yield("peer", float64(output))
	})
	r.Func("gauge", "claudemesh_commit_queue", "Batches that wait for the next transaction.", func() float64 { return float64(h.committer.queue()) })
	return m
}

// settled counts what a batch did.
func (m *meters) settled(batch mesh.Batch, verdicts []mesh.Verdict) {
	var accepted, statements, claims, cursors int
	for i, op := range batch.Ops {
		if verdicts[i].Outcome != mesh.Done {
			continue
		}
		switch op := op.(type) {
		case *mesh.AppendEnvelope:
			accepted++
		case *mesh.MoveCursor:
			cursors++
		case *mesh.AppendStatement:
			statements++
			if !op.Use.IsZero() {
				claims++
			}
		case *mesh.Trim:
			m.trimmed.Add(int(verdicts[i].Trimmed.Amount.Count))
			m.trimmedBytes.Add(int(verdicts[i].Trimmed.Amount.Bytes))
		}
	}
	for _, count := range []struct {
		counter *metrics.Counter
		n       int
	}{{m.accepted, accepted}, {m.statements, statements}, {m.claims, claims}, {m.cursors, cursors}} {
		if count.n > 0 {
			count.counter.Add(count.n)
		}
	}
}

// committed counts a transaction.
func (m *meters) committed(batches []mesh.Batch, took time.Duration, err error) {
	ops := 0
	for i := range batches {
		ops += len(batches[i].Ops)
	}
	m.commits.Add(1)
	if err != nil {
		m.commitFailures.Add(1)
	}
	m.commitMeshes.Observe(float64(len(batches)))
	m.commitOps.Observe(float64(ops))
	m.commitSeconds.Observe(took.Seconds())
}

// closedWith counts a connection that the relay closes; no code: the peer said bye.
func (m *meters) closedWith(code wire.Code) {
	if code == "" {
		code = closedBye
	}
	m.closed.With(string(code)).Add(1)
}

// counts is how much there is in memory.
type counts struct{ meshes, connections int }

func (h *hub) count() counts {
	h.mu.Lock()
	defer h.mu.Unlock()
	return counts{len(h.meshes), len(h.live)}
}

// waiting is how many bytes wait for meshes, and for peers.
func (h *hub) waiting() (mail, output int) {
	h.mu.Lock()
	actors, conns := make([]*actor, 0, len(h.meshes)), make([]*conn, 0, len(h.live))
	for _, a := range h.meshes {
		actors = append(actors, a)
	}
	for c := range h.live {
		conns = append(conns, c)
	}
	h.mu.Unlock()
	for _, a := range actors {
		mail += a.mail.room.held()
	}
	for _, c := range conns {
		output += c.pipe.pending()
	}
	return mail, output
}
