package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"claudemesh.com/mesh/relay/api"
	"claudemesh.com/mesh/shared/wire"
)

func TestHealth(t *testing.T) {
	p := serving(t, "", "")
	if said := does(t, 0, "health", p.URL); said != "ready\n" {
		t.Errorf("of a relay that runs: %q", said)
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	port := func(name string) string { return map[string]string{"BROKER_PORT": u.Port()}[name] }
	if code := run([]string{"health"}, &outside{&out, &errs, port}); code != 0 {
		t.Errorf("with BROKER_PORT: %d: %s", code, errs.String())
	}
	p.stops(t)
	if said := does(t, exitFailed, "health", p.URL); !strings.Contains(said, "does not answer") {
		t.Errorf("of a relay that is gone: %q", said)
	}
}

// TestHealthOfOthers: a relay that cannot store is not healthy, and neither is a server that is no relay.
func TestHealthOfOthers(t *testing.T) {
	for want, answer := range map[string]http.HandlerFunc{
		string(wire.CodeUnavailable): func(w http.ResponseWriter, _ *http.Request) { api.WriteError(w, wire.Refuse(wire.CodeUnavailable)) },
		"not what a relay says":      http.NotFound,
	} {
		other := httptest.NewServer(answer)
		if said := does(t, exitFailed, "health", other.URL+"/"); !strings.Contains(said, want) {
			t.Errorf("%q does not tell %s", said, want)
		}
		other.Close()
	}
}
