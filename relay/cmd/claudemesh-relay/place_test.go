package main

import (
	"net"
	"slices"
	"strings"
	"testing"
)

func TestListen(t *testing.T) {
	for _, c := range []struct{ flag, port, want string }{
		{"", "", "127.0.0.1:7900"},
		{"", "8123", "127.0.0.1:8123"},
		{":8000", "8123", "127.0.0.1:8000"},
		{"0.0.0.0:8000", "", "0.0.0.0:8000"},
		{"[::1]:8000", "", "[::1]:8000"},
		{"localhost:0", "", "localhost:0"},
	} {
		got, err := parseListen(c.flag, c.port)
		if err != nil || got != c.want {
			t.Errorf("parseListen(%q, %q) = %q, %v; want %q", c.flag, c.port, got, err, c.want)
		}
	}
	for _, c := range []struct{ flag, port string }{{"", "port"}, {"", "70000"}, {"8000", ""}, {"localhost", ""}, {"a:b:c", ""}, {":", ""}} {
		if got, err := parseListen(c.flag, c.port); err == nil {
			t.Errorf("parseListen(%q, %q) = %q, want a refusal", c.flag, c.port, got)
		}
	}
}

func TestPlace(t *testing.T) {
	for _, c := range []struct {
		name, actual, asked, public string
		want                        place
	}{
		{"loopback", "127.0.0.1:4711", "127.0.0.1:0", "", place{
			url: "http://localhost:4711", origin: "http://localhost:4711", loopback: true,
			hosts: []string{"localhost:4711", "127.0.0.1:4711"},
		}},
		{"another loopback address", "127.0.0.5:4711", "127.0.0.5:4711", "", place{
			url: "http://127.0.0.5:4711", origin: "http://127.0.0.5:4711", loopback: true, hosts: []string{"127.0.0.5:4711"},
		}},
		{"behind a proxy", "127.0.0.1:7900", "127.0.0.1:7900", "https://Relay.example/", place{
			url: "https://Relay.example", origin: "https://relay.example", hosts: []string{"relay.example"},
		}},
		{"in public", "0.0.0.0:80", "0.0.0.0:80", "https://relay.example:8443", place{
			url: "https://relay.example:8443", origin: "https://relay.example:8443", hosts: []string{"relay.example:8443"},
		}},
		{"open to others under a loopback name", "0.0.0.0:7900", "0.0.0.0:7900", "http://localhost:7900", place{
			url: "http://localhost:7900", origin: "http://localhost:7900", hosts: []string{"localhost:7900"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			actual, err := net.ResolveTCPAddr("tcp", c.actual)
			if err != nil {
				t.Fatal(err)
			}
			got, err := locate(actual, c.asked, c.public, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got.url != c.want.url || got.origin != c.want.origin || got.loopback != c.want.loopback || !slices.Equal(got.hosts, c.want.hosts) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestPlaceRefused(t *testing.T) {
	actual := &net.TCPAddr{IP: net.IPv4zero, Port: 7900}
	for _, c := range []struct{ name, asked, public, allow, want string }{
		{"public without a URL", "0.0.0.0:7900", "", "", "--public-url"},
		{"no URL", "127.0.0.1:7900", "relay.example", "", "--public-url"},
		{"a WebSocket URL", "127.0.0.1:7900", "wss://relay.example", "", "--public-url"},
		{"a path", "127.0.0.1:7900", "https://relay.example/mesh", "", "--public-url"},
		{"a fragment", "127.0.0.1:7900", "https://relay.example/#x", "", "--public-url"},
		{"no origin", "127.0.0.1:7900", "", "*", "--allow-origin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var allow []string
			if c.allow != "" {
				allow = []string{c.allow}
			}
			got, err := locate(actual, c.asked, c.public, allow)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %+v, %v; want a sentence about %s", got, err, c.want)
			}
		})
	}
}
