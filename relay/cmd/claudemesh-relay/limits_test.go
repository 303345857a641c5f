package main

import (
	"bytes"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"claudemesh.com/mesh/relay/api"
	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/server"
)

func TestLimitsByFlags(t *testing.T) {
	parse := func(args string) (c mesh.Config, rates api.Rates, held server.Limits) {
		var l limiting
		if _, err := kong.Must(&l).Parse(strings.Fields(args)); err != nil {
			t.Fatalf("%q: %v", args, err)
		}
		if err := l.apply(&c, &rates, &held, nil); err != nil {
			t.Fatalf("%q: %v", args, err)
		}
		return c, rates, held
	}
	c, _, held := parse("")
	standard := mesh.DefaultConfig("http://localhost")
	if c.Sends != standard.Sends || c.Bytes != standard.Bytes || c.AllSends != standard.AllSends || c.AllBytes != standard.AllBytes {
		t.Errorf("the flags' defaults are %+v, not those of mesh.DefaultConfig", c)
	}
	if !reflect.DeepEqual(held, server.DefaultLimits) {
		t.Errorf("the flags' defaults are %+v, not server.DefaultLimits", held)
	}

	c, rates, held := parse("--claims-per-minute 1 --lookups-per-minute 2 --meshes-per-minute 3 --connects-per-minute 4 --downloads-per-minute 5 " +
		"--connections 6 --address-connections 7 --member-sends-per-second 8 --member-bytes-per-second 9KiB --mesh-sends-per-second 10 --mesh-bytes-per-second 0")
	if want := (api.Rates{Claims: 1, Lookups: 2, Meshes: 3, Upgrades: 4, Downloads: 5}); rates != want {
		t.Errorf("%+v, want %+v", rates, want)
	}
	if held.Connections != 6 || held.AddressConnections != 7 {
		t.Errorf("%+v", held)
	}
	// The largest message goes through at any rate.
	if c.Sends != (mesh.Rate{PerSecond: 8, Burst: 80}) || c.Bytes != (mesh.Rate{PerSecond: 9 << 10, Burst: 64 << 20}) ||
		c.AllSends != (mesh.Rate{PerSecond: 10, Burst: 200}) || c.AllBytes.PerSecond != 0 {
		t.Errorf("%+v", c)
	}
}

func TestLimitsNonsense(t *testing.T) {
	for args, want := range map[string]string{
		"--claims-per-minute=-1":         "--claims-per-minute -1",
		"--address-connections=-5":       "--address-connections -5",
		"--member-sends-per-second=-1":   "--member-sends-per-second -1",
		"--mesh-bytes-per-second=much":   "is no size",
		"--trust-proxy=0.0.0.0/0":        "--trust-proxy 0.0.0.0/0",
		"--trust-proxy=::/0":             "--trust-proxy ::/0",
		"--operator=9464":                "--operator \"9464\"",
		"--operator=127.0.0.1:999999999": "--operator",
	} {
		var out, errs bytes.Buffer
		dir := t.TempDir()
		args := []string{"serve", "--listen=127.0.0.1:0", "--data=" + dir, args}
		code := run(args, &outside{&out, &errs, func(string) string { return "" }})
		if code != exitUsage || !strings.Contains(errs.String(), want) {
			t.Errorf("%q: exit code %d and %q, want %d and %q", args, code, errs.String(), exitUsage, want)
		}
	}
}

// Behind a proxy that it was not told of, a relay says what that does to its limits.
func TestProxyWithoutName(t *testing.T) {
	const says = "--trust-proxy 127.0.0.1"
	if p := serving(t, "https://relay.example", "", "--public-url", "https://relay.example", "--create", "open"); !strings.Contains(p.Log(), says) {
		t.Errorf("no word of the proxy: %s", p.Log())
	}
	for _, flags := range [][]string{nil, {"--public-url", "https://relay.example", "--create", "open", "--trust-proxy", "127.0.0.1"}} {
		if p := serving(t, "https://relay.example", "", flags...); strings.Contains(p.Log(), says) {
			t.Errorf("with %q: %s", flags, p.Log())
		}
	}
}

// What a proxy says of whom it speaks for counts; what others say of themselves does not.
func TestAddressesBehindAProxy(t *testing.T) {
	lookUp := func(p *process, forwarded string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/api/public/invites/abcdefgh", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Forwarded-For", forwarded)
		answer, err := p.target.HTTP.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	behind := serving(t, "", "", "--lookups-per-minute", "1", "--trust-proxy", "127.0.0.1/32")
	open := serving(t, "", "", "--lookups-per-minute", "1")
	for _, c := range []struct {
		relay     *process
		forwarded string
		want      int
	}{
		{behind, "192.0.2.1", http.StatusNotFound},
		{behind, "192.0.2.1", http.StatusTooManyRequests},
		{behind, "198.51.100.7, 192.0.2.1", http.StatusTooManyRequests}, // the first is what the client said
		{behind, "192.0.2.2", http.StatusNotFound},
		{behind, "2001:db8::1", http.StatusNotFound},
		{behind, "2001:db8::2", http.StatusTooManyRequests}, // of the same network
		{open, "192.0.2.1", http.StatusNotFound},
		{open, "192.0.2.2", http.StatusTooManyRequests},
	} {
		if got := lookUp(c.relay, c.forwarded); got != c.want {
			t.Errorf("for %q: %d, want %d", c.forwarded, got, c.want)
		}
	}
}
