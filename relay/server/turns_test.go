package server

import (
	"crypto/rand"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/metrics"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/roster"
)

// Whoever puts something where nobody runs the mesh runs it: so nothing lies there for ever, no two run it at once, and what one
// goroutine puts is taken in its order.
func TestMailIsNeverLeft(t *testing.T) {
	const putters, each = 8, 5000
	b := newMailbox()
	if !b.giveBack() {
		t.Fatal("an empty mailbox cannot be given back")
	}
	var running atomic.Int32
	var next [putters]int // the number that is to be taken next of each
	conns := make([]*conn, putters)
	for i := range conns {
		conns[i] = &conn{id: mesh.ConnID(i)}
	}
	run := func() {
		if running.Add(1) != 1 {
			t.Error("two run the mesh at once")
		}
		var room []item
		for {
			room = b.take(room)
			for _, i := range room {
				if n := int(i.message.rest[0]) | int(i.message.rest[1])<<8; n != next[i.message.conn.id] {
					t.Errorf("of %d came %d, want %d", i.message.conn.id, n, next[i.message.conn.id])
				}
				next[i.message.conn.id]++
			}
			running.Store(0) // before it is given back, for another may take it then
			if b.giveBack() {
				return
			}
			running.Store(1)
		}
	}
	var all sync.WaitGroup
	for _, c := range conns {
		all.Go(func() {
			for n := range each {
				mine, ok := b.put(item{message: &message{conn: c, rest: []byte{byte(n), byte(n >> 8)}}})
				if !ok {
					t.Error("an open mailbox takes nothing")
				}
				if mine {
					run()
				}
				if n%100 == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	all.Go(func() {
		for range each {
			if b.wake() {
				run()
			}
		}
	})
	all.Wait()
	for i, n := range next {
		if n != each {
			t.Errorf("of %d came %d, want %d", i, n, each)
		}
	}
	if len(b.items) != 0 || b.taken {
		t.Errorf("%d items are left, taken: %v", len(b.items), b.taken)
	}
}

// founding gives the statement that makes a mesh.
func founding(t *testing.T) []byte {
	t.Helper()
	keys, err := identity.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	unsigned := roster.Draft{
		Author: keys.Public().DeviceID(), Time: uint64(time.Now().UnixMilli()), Epoch: 1,
		Body: &roster.Genesis{Device: keys.Public(), Name: make([]byte, roster.MinSealedName), Commitment: [32]byte{1}},
	}.Unsigned()
	signature, err := keys.Sign(t.Context(), roster.SigningBytes(unsigned))
	if err != nil {
		t.Fatal(err)
	}
	return roster.Assemble(unsigned, signature)
}

// A reader that runs its mesh comes back to its connection, however much others put: another goroutine goes on with that.
func TestReaderIsNotKept(t *testing.T) {
	h := newHub(Config{
		Store: memory.New(time.Now()), Mesh: mesh.DefaultConfig("https://relay.test"), Output: DefaultOutput,
		Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler),
	})
	defer h.drain(t.Context())
	made, err := h.CreateMesh(t.Context(), [][]byte{founding(t)})
	if err != nil {
		t.Fatal(err)
	}
	h.mu.Lock()
	a, err := h.mesh(made.Mesh)
	h.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	for !a.mail.wake() { // until it was loaded
		runtime.Gosched()
	}
	// Nobody waits for the last answer yet: whoever runs the mesh then waits.
	const steps = 3 * helping
	answers := make(chan *mesh.Answer)
	for n := range steps * batchFrames {
		answer := make(chan<- *mesh.Answer, 1)
		if n == (helping+1)*batchFrames {
			answer = answers
		}
		if _, ok := a.mail.put(item{request: &request{mesh.Event{Kind: mesh.EventLookup, Invite: new(mesh.InviteRow)}, answer}}); !ok {
			t.Fatal("the mesh takes nothing")
		}
	}
	a.run(helping)
	if (<-answers).Err == nil {
		t.Error("an invite that does not exist was found")
	}
}
