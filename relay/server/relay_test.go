package server_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"claudemesh.com/mesh/relay/metrics"
	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/relay/server"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// relay is a relay that runs for a test.
type relay struct {
	protocoltest.Target
	server  *server.Server
	metrics *metrics.Registry
	log     *lines
	served  chan error
	once    sync.Once
}

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// start runs a relay over a store on a free port; change may alter its configuration.
func start(t *testing.T, s store.Store, change func(*server.Config)) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, listener, s, change)
}

func startOn(t *testing.T, listener net.Listener, s store.Store, change func(*server.Config)) *relay {
	t.Helper()
	address := listener.Addr().String()
	origin := relaytest.Origin(address)
	transport := &http.Transport{}
	r := &relay{
		Target: protocoltest.Target{URL: "http://" + address, Origin: origin, HTTP: &http.Client{Transport: transport}},
		log:    new(lines),
		served: make(chan error, 1),
	}
	log := slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	config := relaytest.Config(origin, s, log)
	if change != nil {
		change(&config)
	}
	r.server, r.metrics = server.New(config), config.Metrics
	go func() { r.served <- r.server.Serve(listener) }()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		r.stop(t)
	})
	return r
}

// stop drains the relay.
func (r *relay) stop(t *testing.T) {
	t.Helper()
	r.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		r.server.Drain(ctx)
		if err := <-r.served; err != nil {
			t.Errorf("serving ended with %v", err)
		}
	})
}

func TestProtocol(t *testing.T) {
	r := start(t, memory.New(time.Now()), nil)
	protocoltest.Run(t, r.Target)
}
