package mesh_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

const origin = "https://relay.test"

// noise is an endless reader whose bytes follow from a name.
type noise struct {
	name string
	n    uint64
	left []byte
}

func (r *noise) Read(p []byte) (int, error) {
	for filled := 0; filled < len(p); {
		if len(r.left) == 0 {
			sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(r.name), r.n))
			r.left, r.n = sum[:], r.n+1
		}
		n := copy(p[filled:], r.left)
		r.left, filled = r.left[n:], filled+n
	}
	return len(p), nil
}

// actor is a device of the script.
type actor struct {
	name    string
	keys    *identity.Software
	id      wire.DeviceID
	member  wire.MemberID
	counter uint64            // the highest that it used
	joins   map[string][]byte // by invite
	last    []byte            // statement
}

// link is the peer's end of a connection of the script.
type link struct {
	name  string
	id    mesh.ConnID
	actor *actor
	nonce []byte
	ref   uint64
}

// world is one mesh on a core over a store in memory, driven by a script.
type world struct {
	t       *testing.T
	now     time.Time
	entropy io.Reader
	config  mesh.Config
	store   *memory.Store
	core    *mesh.Core
	mesh    wire.MeshID
	roster  *roster.State // as a peer folds it, up to folded
	folded  wire.Position
	heads   map[wire.Position]wire.Head
	actors  map[string]*actor
	links   map[string]*link
	invites map[string]*issued
	topics  map[string]wire.TopicID
	names   map[[32]byte]string
	conns   mesh.ConnID
	out     strings.Builder

	pageBytes int  // of one read
	holdReads bool // reads wait for the command read
	held      []read
	batching  bool
	elsewhere func()            // done between Take and the commit
	codes     map[uint64]string // of invites, by ref
	requests  mesh.RequestID
}

// issued is an invite of the script.
type issued struct {
	key             *identity.Software
	id              wire.InviteID
	code            string
	escrow, preview []byte
}

var start = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func newWorld(t *testing.T) *world {
	config := mesh.DefaultConfig(origin)
	return &world{
		t: t, now: start, entropy: &noise{name: "relay"}, config: config, store: memory.New(start),
		actors: make(map[string]*actor), links: make(map[string]*link), invites: make(map[string]*issued),
		topics: make(map[string]wire.TopicID), names: make(map[[32]byte]string), codes: make(map[uint64]string), heads: make(map[wire.Position]wire.Head),
		pageBytes: 1 << 20,
	}
}

// actor gives the device of a name, made at its first use.
func (w *world) actor(name string) *actor {
	if a := w.actors[name]; a != nil {
		return a
	}
	keys, err := identity.Generate(&noise{name: "device " + name})
	if err != nil {
		w.t.Fatal(err)
	}
	a := &actor{name: name, keys: keys, id: keys.Public().DeviceID(), joins: make(map[string][]byte)}
	w.actors[name] = a
	w.names[a.id] = name
	return a
}

func (w *world) sign(a *actor, message []byte) []byte {
	signature, err := a.keys.Sign(w.t.Context(), message)
	if err != nil {
		w.t.Fatal(err)
	}
	return signature
}

// sealed stands for a sealed name: the relay cannot tell.
func sealed(text string) []byte {
	b := make([]byte, roster.MinSealedName+32)
	copy(b, text)
	return b
}

func (w *world) statement(a *actor, draft roster.Draft) []byte {
	unsigned := draft.Unsigned()
	return roster.Assemble(unsigned, w.sign(a, roster.SigningBytes(unsigned)))
}

// draft is a statement of a on the present head.
func (w *world) draft(a *actor, body roster.Body) []byte {
	return w.statement(a, w.roster.Draft(a.id, uint64(w.now.UnixMilli()), body))
}

// found makes the mesh and its core.
func (w *world) found(owner string) {
	a := w.actor(owner)
	genesis := w.statement(a, roster.Draft{
		Author: a.id, Time: uint64(w.now.UnixMilli()), Epoch: 1,
		Body: &roster.Genesis{Device: a.keys.Public(), Name: sealed("mesh")},
	})
	batch, err := mesh.Create(w.now, [][]byte{genesis})
	if err != nil {
		w.t.Fatal(err)
	}
	verdicts, err := w.store.Commit(w.t.Context(), []mesh.Batch{batch})
	if err != nil {
		w.t.Fatal(err)
	}
	w.mesh = batch.Mesh
	w.names[batch.Mesh] = "mesh"
	w.names[wire.GeneralTopic(w.mesh)] = "general"
	w.topics["general"] = wire.GeneralTopic(w.mesh)
	w.roster = roster.New()
	w.sync()
	a.member = wire.MemberID(a.id)
	if w.core == nil && verdicts[0][0].Outcome == mesh.Done {
		w.load()
	}
	fmt.Fprintf(&w.out, "%s\n", outcome(verdicts[0][0].Outcome))
}

func outcome(o mesh.Outcome) string {
	return [...]string{"none", "done", "stale", "resume", "exhausted", "code taken", "exists"}[o]
}

// sync folds what the store has of the roster, as a peer does that tails it.
func (w *world) sync() {
	if w.roster == nil {
		return
	}
	page, err := w.store.Read(w.t.Context(), w.mesh, wire.RosterStream(w.mesh), w.folded, 1<<30)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range page.Entries {
		s, err := w.roster.Follow(e.Bytes)
		if err != nil {
			w.t.Fatalf("the relay took a statement that does not fold: %v", err)
		}
		if topic := s.TopicID(); !topic.IsZero() {
			w.names[topic] = fmt.Sprintf("topic%d", len(w.topics))
			w.topics[w.names[topic]] = topic
		}
		w.folded = e.Position
		w.heads[e.Position] = w.roster.Head()
	}
}

func (w *world) load() {
	snapshot, err := w.store.Load(w.t.Context(), w.mesh)
	if err != nil {
		w.t.Fatal(err)
	}
	core, err := mesh.New(w.config, snapshot, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	w.core = core
}

// event hands an event over and, unless a batch is collected, commits.
func (w *world) event(ev mesh.Event) {
	w.core.Handle(w.now, w.entropy, ev)
	if !w.batching {
		w.commit()
	}
}

func (w *world) commit() {
	batch := w.core.Take()
	var verdicts []mesh.Verdict
	if w.elsewhere != nil {
		w.elsewhere()
		w.elsewhere = nil
	}
	if !batch.Empty() {
		all, err := w.store.Commit(w.t.Context(), []mesh.Batch{batch})
		if err != nil {
			fmt.Fprintf(&w.out, "commit failed: %s\n", wire.CodeOf(err))
			return
		}
		verdicts = all[0]
	}
	outputs := w.core.Committed(w.now, verdicts)
	w.print(outputs)
	var reads []read
	for _, o := range outputs {
		if o.Kind == mesh.OutputRead {
			page, err := w.store.Read(w.t.Context(), w.mesh, o.Stream, o.After, w.pageBytes)
			reads = append(reads, read{o, page, err})
		}
	}
	for _, r := range reads {
		if w.holdReads {
			w.held = append(w.held, r)
		} else {
			w.finish(r)
		}
	}
}

// read is what an adapter read for an OutputRead and has not written yet.
type read struct {
	mesh.Output
	page mesh.Page
	err  error
}

func (w *world) finish(r read) {
	if r.err != nil {
		w.event(mesh.Event{Kind: mesh.EventReadDone, Conn: r.Conn, Tag: r.Tag, Failed: true})
		return
	}
	frames, err := mesh.AppendPage(nil, r.Stream, r.Device, &r.page)
	if err != nil {
		w.t.Fatal(err)
	}
	w.printFrames(w.linkOf(r.Conn), frames, " (stored)")
	w.event(mesh.Event{Kind: mesh.EventReadDone, Conn: r.Conn, Tag: r.Tag, Last: r.page.Last(r.After)})
}

func (w *world) linkOf(id mesh.ConnID) *link {
	for _, l := range w.links {
		if l.id == id {
			return l
		}
	}
	return nil
}

func (w *world) frame(l *link, frame []byte) {
	f, rest, err := wire.NextFrame(frame)
	if err != nil || len(rest) != 0 {
		w.t.Fatalf("a frame of the script does not parse: %v", err)
	}
	w.event(mesh.Event{Kind: mesh.EventReceived, Conn: l.id, Frame: f})
}
