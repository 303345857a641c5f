// Package server is the native relay: it runs every mesh's core (relay/mesh) over WebSockets and one store, with one commit
// for all that waits, and serves the HTTP routes (relay/api) and the dashboard.
//
// It decides nothing of the protocol and opens nothing that passes through. It reads no flags or environment and stores
// nothing itself.
package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"claudemesh.com/mesh/relay/api"
	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/metrics"
	"claudemesh.com/mesh/relay/store"
)

// DefaultOutput is a good Config.Output: more than the largest frame, and a second of much traffic.
const DefaultOutput = 4 << 20

// Config is what a relay is made of. All fields are required.
type Config struct {
	Store store.Store
	Mesh  mesh.Config
	API   api.Config
	// Dashboard serves every path that is not the API's.
	Dashboard http.Handler
	// Output is how many bytes may wait for a connection that does not read; above it, the connection is closed with
	// slow_reader. At least 2 MiB, so that the largest frame fits.
	Output int
	Limits Limits
	// Metrics is where the relay puts its own.
	Metrics *metrics.Registry
	Log     *slog.Logger
}

// Server is a running relay. Its methods may be called from any goroutine.
type Server struct {
	hub  *hub
	http *http.Server
}

// New makes a relay that takes requests once Serve is called. It must be ended with Drain. The store stays the caller's.
func New(c Config) *Server {
	h := newHub(c)
	routes := api.Handler(h, c.API)
	mux := http.NewServeMux()
	mux.Handle("/ws", h.socketHandler(c.API))
	for _, path := range []string{"/api/", "/livez", "/readyz", "/health", "/downloads/", "/install.sh", "/install.ps1"} {
		mux.Handle(path, routes)
	}
	mux.Handle("/", c.Dashboard)
	return &Server{h, &http.Server{
		ConnState:         newVisits(c.Limits, func() { h.meters.visitsRefused.Add(1) }).note,
		Handler:           h.meters.counted(mux),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      5 * time.Minute, // the browser peer over a slow line
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}}
}

// Serve answers on a listener until Drain is called; then it returns nil.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Drain ends the relay: it is not ready from now on and takes nothing new; what it took is committed and answered; every
// peer is told to come back in a moment. It returns when all connections are closed; those that are still there when ctx
// ends are cut. It is called once.
func (s *Server) Drain(ctx context.Context) {
	s.hub.drain(ctx)
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
}
