// Package operator is what a relay shows to the person who runs it: metrics and profiles, on a listener of its own.
//
// Whoever reaches it may read it: there is no password, so it listens on loopback unless it is told otherwise, and refuses
// what a web page could send to it. It changes nothing. The command line of the process is not shown: it can hold a password.
package operator

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"claudemesh.com/mesh/relay/api"
	"claudemesh.com/mesh/relay/metrics"
	"claudemesh.com/mesh/shared/wire"
)

// Config is what the surface shows, and to whom. All fields but Hosts are required.
type Config struct {
	Metrics *metrics.Registry
	// Hosts are names by which it may be asked, besides localhost and addresses: a page of another site whose name was made to
	// point here has another one.
	Hosts []string
	Log   *slog.Logger
}

// profiles are what /debug/pprof/ has besides profile and trace.
var profiles = []string{"allocs", "block", "goroutine", "heap", "mutex", "threadcreate"}

const (
	// longest is how many seconds a profile or a trace may take.
	longest = 120
	// atOnce is how many are made at a time: browsers tell an address that is not on loopback nothing of the page that asks.
	atOnce = 2
)

// Handler serves GET and HEAD of /metrics and /debug/pprof/.
func Handler(c Config) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, r *http.Request) {
		var text bytes.Buffer
		if err := c.Metrics.Write(&text); err != nil {
			api.WriteError(w, err)
			return
		}
		w.Header().Set("Content-Type", metrics.ContentType)
		_, _ = text.WriteTo(w) // fails only where the client is gone
	})
	made := make(bounds, atOnce)
	for _, name := range profiles {
		mux.Handle("/debug/pprof/"+name, made.handler(pprof.Handler(name).ServeHTTP))
	}
	mux.Handle("/debug/pprof/profile", made.handler(pprof.Profile))
	mux.Handle("/debug/pprof/trace", made.handler(pprof.Trace))
	mux.HandleFunc("/{$}", list)
	mux.Handle("/", api.NoRoute())
	return c.guard(mux)
}

// list names what there is.
func list(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	paths := []string{"/metrics", "/debug/pprof/profile?seconds=10", "/debug/pprof/trace?seconds=1"}
	for _, name := range profiles {
		paths = append(paths, "/debug/pprof/"+name)
	}
	_, _ = w.Write([]byte(strings.Join(paths, "\n") + "\n"))
}

// bounds hold what is made at a time.
type bounds chan struct{}

// handler refuses to watch the process for longer than anybody waits, and for too many at once.
func (b bounds) handler(profile http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if text := r.FormValue("seconds"); text != "" {
			if seconds, err := strconv.ParseFloat(text, 64); err != nil || !(seconds >= 0 && seconds <= longest) {
				api.WriteError(w, wire.Errorf(wire.CodeMalformed, "seconds is from 0 to %d.", longest))
				return
			}
		}
		select {
		case b <- struct{}{}:
			defer func() { <-b }()
			profile(w, r)
		default:
			api.WriteError(w, wire.Errorf(wire.CodeRateLimited, "At most %d profiles are made at a time.", atOnce))
		}
	})
}

// guard refuses what changes something, what was asked by a page of another site, and what came by a name that is not this
// relay's.
func (c Config) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		site := r.Header.Get("Sec-Fetch-Site")
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			header.Set("Allow", "GET, HEAD")
			api.WriteError(w, wire.Refuse(wire.CodeMethodNotAllowed))
		case !c.known(r.Host) || len(r.Header.Values("Origin")) > 0 || site != "" && site != "none" && site != "same-origin":
			api.WriteError(w, wire.Errorf(wire.CodeForbidden, "This is for the relay's operator, by an address of this machine or a name given as --operator-host."))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// known reports whether a Host header names this machine. An address does: a page at an address is of whoever answers there.
func (c Config) known(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return true
	}
	return slices.ContainsFunc(c.Hosts, func(name string) bool { return strings.EqualFold(name, host) })
}

// Server serves a Handler until it is closed.
type Server struct {
	http   *http.Server
	served chan error
}

// Serve begins to answer on a listener.
func Serve(l net.Listener, c Config) *Server {
	s := &Server{
		http: &http.Server{
			Handler:           Handler(c),
			ReadHeaderTimeout: 10 * time.Second,
			ReadTimeout:       10 * time.Second,
			WriteTimeout:      time.Minute, // profiles put it off
			IdleTimeout:       time.Minute,
			MaxHeaderBytes:    8 << 10,
			ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
		},
		served: make(chan error, 1),
	}
	go func() { s.served <- s.http.Serve(l) }()
	return s
}

// Close ends it at once and gives what it failed with before, if it did.
func (s *Server) Close() error {
	closed := s.http.Close()
	if err := <-s.served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return closed
}
