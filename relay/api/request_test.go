package api

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestClientAddress(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"direct", "192.0.2.1:5000", nil, "192.0.2.1"},
		{"a stranger's header", "192.0.2.1:5000", []string{"198.51.100.9"}, "192.0.2.1"},
		{"one proxy", "10.0.0.1:5000", []string{"198.51.100.9"}, "198.51.100.9"},
		{"two proxies", "10.0.0.1:5000", []string{"198.51.100.9, 10.0.0.2"}, "198.51.100.9"},
		{"two lines", "10.0.0.1:5000", []string{"198.51.100.9", "10.0.0.2"}, "198.51.100.9"},
		{"a client that forges", "10.0.0.1:5000", []string{"203.0.113.5, 198.51.100.9"}, "198.51.100.9"},
		{"a client that sends nonsense", "10.0.0.1:5000", []string{"nonsense, 198.51.100.9"}, "198.51.100.9"},
		{"a proxy that sends nonsense", "10.0.0.1:5000", []string{"nonsense"}, "10.0.0.1"},
		{"proxies alone", "10.0.0.1:5000", []string{"10.0.0.3"}, "10.0.0.3"},
		{"a proxy on IPv6", "[::1]:5000", []string{"2001:db8::7"}, "2001:db8::7"},
		{"mapped", "[::ffff:10.0.0.1]:5000", []string{"::ffff:198.51.100.9"}, "198.51.100.9"},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{"X-Forwarded-For": c.forwarded}}
		if got := ClientAddress(trusted)(r); got != netip.MustParseAddr(c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if got := ClientAddress(trusted)(&http.Request{RemoteAddr: "@"}); got.IsValid() {
		t.Errorf("no address is read as %s", got)
	}
}

func TestOrigins(t *testing.T) {
	local := NewOrigins("http://localhost:7900")
	public := NewOrigins("https://relay.example", "https://dash.example")
	for _, c := range []struct {
		name    string
		origins Origins
		sent    []string
		want    bool
	}{
		{"a program", public, nil, true},
		{"the dashboard", public, []string{"https://relay.example"}, true},
		{"the dashboard, spelt otherwise", public, []string{"https://RELAY.example:443"}, true},
		{"a dashboard that is allowed", public, []string{"https://dash.example"}, true},
		{"another page", public, []string{"https://evil.example"}, false},
		{"a name that begins alike", public, []string{"https://relay.example.evil.example"}, false},
		{"the dashboard without TLS", public, []string{"http://relay.example"}, false},
		{"another port", public, []string{"https://relay.example:444"}, false},
		{"a page of this machine", public, []string{"http://localhost:7900"}, false},
		{"a sandboxed page", public, []string{"null"}, false},
		{"an empty header", public, []string{""}, false},
		{"two headers", public, []string{"https://relay.example", "https://evil.example"}, false},
		{"an extension", public, []string{"chrome-extension://abc"}, false},
		{"the local dashboard", local, []string{"http://127.0.0.1:7900"}, true},
		{"a development server", local, []string{"http://localhost:7901"}, true},
		{"a name that was bound to this machine", local, []string{"http://evil.example:7900"}, false},
	} {
		if _, got := c.origins.Allowed(http.Header{"Origin": c.sent}); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
