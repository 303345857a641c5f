//go:build !js

package apitest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"claudemesh.com/mesh/cli/claudemesh/dial"
	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// storage is a browser's: what is in it outlives the program.
type storage struct {
	mu       sync.Mutex
	register *driver.Memory
	devices  map[string]*driver.Memory
}

func newStorage() *storage {
	return &storage{register: driver.NewMemory(), devices: map[string]*driver.Memory{}}
}

func (s *storage) Register(context.Context) (driver.Store, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.register, nil
}

func (s *storage) Create(ctx context.Context, name string) (api.Device, error) {
	s.mu.Lock()
	if s.devices[name] == nil {
		s.devices[name] = driver.NewMemory()
	}
	s.mu.Unlock()
	return s.Open(ctx, name)
}

func (s *storage) Open(ctx context.Context, name string) (api.Device, error) {
	s.mu.Lock()
	store := s.devices[name]
	s.mu.Unlock()
	if store == nil {
		return api.Device{}, api.ErrGone
	}
	keys, err := driver.SoftwareKeys(ctx, driver.Host{Store: store, Entropy: rand.Reader})
	return api.Device{Keys: keys, Store: store}, err
}

func (s *storage) Delete(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.devices, name)
	return nil
}

// evict deletes everything, as a browser does that runs out of room.
func (s *storage) evict() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.register, s.devices = driver.NewMemory(), map[string]*driver.Memory{}
}

func (s *storage) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.devices)
}

// browser is one browser with its page open.
type browser struct {
	*testing.T
	relay   *relaytest.Server
	storage *storage
	http    driver.HTTP

	peer *api.Peer
	end  context.CancelFunc

	mu     sync.Mutex
	events []api.Event
	moved  chan struct{}
	marker string
}

func newBrowser(t *testing.T, r *relaytest.Server) *browser {
	b := &browser{T: t, relay: r, storage: newStorage(), http: dial.Relay{}, moved: make(chan struct{})}
	b.load()
	t.Cleanup(b.close)
	return b
}

// load opens the page.
func (b *browser) load() {
	b.Helper()
	ctx, end := context.WithCancel(context.Background())
	b.end = end
	b.peer = api.New(ctx, api.Platform{
		Storage: b.storage, Dialer: dial.Relay{}, HTTP: b.http, Entropy: rand.Reader, Now: time.Now,
		Persisted: func(context.Context) bool { return true }, Client: "test", Version: "test",
		Log: func(line string) { b.Log(line) },
	}, b.hear)
	var started api.Started
	b.must(&started, "start", api.StartOptions{Relay: b.relay.URL(), Build: "build", Marker: b.kept()})
	if started.Build != "build" || !started.Persisted {
		b.Fatalf("started as %+v", started)
	}
}

func (b *browser) kept() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.marker
}

// close closes the page; nothing is said to anybody.
func (b *browser) close() {
	if b.end == nil {
		return
	}
	b.end()
	if err := b.peer.Wait(); err != nil {
		b.Error(err)
	}
	b.end = nil
}

func (b *browser) reload() {
	b.Helper()
	b.close()
	b.mu.Lock()
	b.events = nil
	b.mu.Unlock()
	b.load()
}

func (b *browser) hear(event api.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m, ok := event.(api.MarkerEvent); ok {
		b.marker = m.Marker
	}
	b.events = append(b.events, event)
	close(b.moved)
	b.moved = make(chan struct{})
}

// call calls a method as JavaScript does.
func (b *browser) call(result any, name string, arguments ...any) error {
	b.Helper()
	in := make([][]byte, len(arguments))
	for i, argument := range arguments {
		var err error
		if in[i], err = json.Marshal(argument); err != nil {
			b.Fatal(err)
		}
	}
	for _, method := range api.Methods {
		if method.Name != name {
			continue
		}
		out, err := method.Call(limit(b.T), b.peer, in)
		if err != nil || result == nil {
			return err
		}
		if err := json.Unmarshal(out, result); err != nil {
			b.Fatalf("%s gives %s: %v", name, out, err)
		}
		return nil
	}
	b.Fatalf("no method is called %s", name)
	return nil
}

func (b *browser) must(result any, name string, arguments ...any) {
	b.Helper()
	if err := b.call(result, name, arguments...); err != nil {
		b.Fatalf("%s: %v", name, err)
	}
}

func (b *browser) refused(code wire.Code, name string, arguments ...any) {
	b.Helper()
	if err := b.call(nil, name, arguments...); wire.CodeOf(err) != code {
		b.Errorf("%s: %v, want %s", name, err, code)
	}
}

// limit is how long a test waits for what must come.
func limit(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// until waits until reached is true, looking again after every event.
func (b *browser) until(what string, reached func() bool) {
	b.Helper()
	ctx := limit(b.T)
	for {
		b.mu.Lock()
		moved := b.moved
		b.mu.Unlock()
		if reached() {
			return
		}
		select {
		case <-moved:
		case <-ctx.Done():
			b.Fatalf("it did not come to this: %s; meshes %+v", what, b.meshes())
		}
	}
}

func (b *browser) meshes() (meshes []api.MeshSummary) {
	b.Helper()
	b.must(&meshes, "meshes")
	return meshes
}

func (b *browser) mesh(id string) (state api.MeshState) {
	b.Helper()
	b.must(&state, "mesh", id)
	return state
}

func (b *browser) online(id string) {
	b.Helper()
	b.until("the mesh is online", func() bool { return b.mesh(id).Connection == api.Connection(peer.Connected) })
}

// create makes a mesh and waits until it is online.
func (b *browser) create(name string) api.MeshSummary {
	b.Helper()
	var mesh api.MeshSummary
	b.must(&mesh, "createMesh", api.CreateMeshOptions{Name: name, DisplayName: "Ada"})
	b.online(mesh.MeshID)
	return mesh
}

func (b *browser) invite(mesh string) (invite api.Invite) {
	b.Helper()
	b.must(&invite, "createInvite", api.CreateInviteOptions{MeshID: mesh})
	return invite
}

// texts are what a conversation holds here.
func (b *browser) texts(mesh string, conversation api.ConversationID) (texts []string) {
	b.Helper()
	var messages []api.Message
	b.must(&messages, "messages", mesh, conversation, 0, 100)
	for _, m := range messages {
		texts = append(texts, m.Text)
	}
	return texts
}

func (b *browser) told(is func(api.Event) bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, event := range b.events {
		if is(event) {
			return true
		}
	}
	return false
}
