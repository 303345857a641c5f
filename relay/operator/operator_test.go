package operator_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"claudemesh.com/mesh/relay/metrics"
	"claudemesh.com/mesh/relay/operator"
)

func serve(t *testing.T, hosts ...string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := metrics.New()
	r.Counter("planted_total", "Here to be found.").Add(7)
	s := operator.Serve(listener, operator.Config{Metrics: r, Hosts: hosts, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// ask makes a request; header is names and values, and Host among them is the name by which it is asked.
func ask(t *testing.T, method, address, path string, header ...string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
		request.Header.Set(header[i], header[i+1])
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestWhatItShows(t *testing.T) {
	address := serve(t)
	for path, want := range map[string]string{
		"/":                               "/metrics\n",
		"/metrics":                        "\nplanted_total 7\n",
		"/debug/pprof/goroutine?debug=1":  "goroutine profile:",
		"/debug/pprof/heap?debug=1":       "heap profile:",
		"/debug/pprof/trace?seconds=0.01": "go 1.",
	} {
		if status, body := ask(t, http.MethodGet, address, path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s answers %d %.200q, want %q within", path, status, body, want)
		}
	}
	for path, want := range map[string]int{
		"/debug/pprof/cmdline":              http.StatusNotFound, // it could show a password
		"/debug/pprof/symbol":               http.StatusNotFound,
		"/debug/pprof/":                     http.StatusNotFound,
		"/elsewhere":                        http.StatusNotFound,
		"/debug/pprof/profile?seconds=3600": http.StatusBadRequest,
		"/debug/pprof/trace?seconds=NaN":    http.StatusBadRequest,
		"/debug/pprof/heap?seconds=1e9":     http.StatusBadRequest,
	} {
		if status, body := ask(t, http.MethodGet, address, path); status != want {
			t.Errorf("%s answers %d %.200q, want %d", path, status, body, want)
		}
	}
}

func TestWhoIsRefused(t *testing.T) {
	address := serve(t, "relay.internal")
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		method string
		header []string
		want   int
	}{
		{"localhost", http.MethodGet, []string{"Host", "localhost:" + port}, http.StatusOK},
		{"an address", http.MethodGet, []string{"Host", "[::1]:" + port}, http.StatusOK},
		{"an address without a port", http.MethodGet, []string{"Host", "192.0.2.7"}, http.StatusOK},
		{"a name that was given", http.MethodGet, []string{"Host", "Relay.internal:" + port}, http.StatusOK},
		{"typed into a browser", http.MethodGet, []string{"Sec-Fetch-Site", "none"}, http.StatusOK},
		{"HEAD", http.MethodHead, nil, http.StatusOK},
		{"a name that was made to point here", http.MethodGet, []string{"Host", "rebound.example:" + port}, http.StatusForbidden},
		{"a name that begins like an address", http.MethodGet, []string{"Host", "127.0.0.1.example"}, http.StatusForbidden},
		{"a page of another site", http.MethodGet, []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"a page of this machine", http.MethodGet, []string{"Sec-Fetch-Site", "same-site"}, http.StatusForbidden},
		{"a page that says its origin", http.MethodGet, []string{"Origin", "https://rebound.example"}, http.StatusForbidden},
		{"POST", http.MethodPost, nil, http.StatusMethodNotAllowed},
		{"OPTIONS", http.MethodOptions, []string{"Origin", "https://rebound.example"}, http.StatusMethodNotAllowed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if status, body := ask(t, c.method, address, "/metrics", c.header...); status != c.want || status != http.StatusOK && strings.Contains(body, "planted") {
				t.Errorf("answers %d %.200q, want %d", status, body, c.want)
			}
		})
	}
}

// TestProfilesAtOnce: whoever can ask without seeing the answer cannot have many made side by side.
func TestProfilesAtOnce(t *testing.T) {
	address := serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for range 2 {
		running.Go(func() {
			for ctx.Err() == nil { // the others may have been faster
				request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/debug/pprof/heap?seconds=50", nil)
				if err != nil {
					t.Error(err)
					return
				}
				transport := &http.Transport{DisableKeepAlives: true}
				if response, err := transport.RoundTrip(request); err == nil {
					_ = response.Body.Close()
				}
			}
		})
	}
	for status := 0; status != http.StatusTooManyRequests; { // those two have begun soon
		if status, _ = ask(t, http.MethodGet, address, "/debug/pprof/goroutine"); t.Context().Err() != nil {
			t.Fatal("all are made")
		}
	}
	cancel()
	running.Wait()
	for status := 0; status != http.StatusOK; {
		status, _ = ask(t, http.MethodGet, address, "/debug/pprof/goroutine")
	}
}
