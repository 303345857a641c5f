package api

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// FuzzClientAddress: a client's address is the connection's, or one that a trusted proxy gave; nobody else's word counts.
func FuzzClientAddress(f *testing.F) {
	f.Add("192.0.2.1:5000", "198.51.100.9", "")
	f.Add("10.0.0.1:5000", "203.0.113.5, 198.51.100.9", "10.0.0.2")
	f.Add("[::ffff:10.0.0.1]:5000", "::ffff:198.51.100.9", ", ,")
	f.Add("[fe80::1%eth0]:1", "fe80::2%eth0", "nonsense")
	f.Add("@", "", "")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fe80::/10")}
	address := ClientAddress(trusted)
	f.Fuzz(func(t *testing.T, remote, first, second string) {
		got := address(&http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {first, second}}})
		peer, err := netip.ParseAddrPort(remote)
		switch {
		case err != nil:
			if got.IsValid() {
				t.Errorf("%q is read as %s", remote, got)
			}
		case !within(trusted, peer.Addr().Unmap()):
			if got != peer.Addr().Unmap() {
				t.Errorf("%s is taken for %s, because it says so", remote, got)
			}
		case got != peer.Addr().Unmap():
			said := func(hop string) bool {
				a, err := netip.ParseAddr(strings.TrimSpace(hop))
				return err == nil && a.Unmap() == got
			}
			known := false
			for _, hop := range strings.Split(first+","+second, ",") {
				known = known || said(hop)
			}
			if !known {
				t.Errorf("%s is in none of %q and %q", got, first, second)
			}
		}
	})
}
