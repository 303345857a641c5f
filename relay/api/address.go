package api

import (
	"net/http"
	"net/netip"
	"strings"
)

// ClientAddress tells who makes a request: the address of the connection, or, where that is one of the trusted proxies, the
// last address in X-Forwarded-For that is not. A header from anybody else counts for nothing. The zero address means that
// it is not known.
func ClientAddress(trusted []netip.Prefix) func(*http.Request) netip.Addr {
	return func(r *http.Request) netip.Addr {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			return netip.Addr{}
		}
		address := peer.Addr().Unmap()
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; i >= 0 && within(trusted, address); i-- {
			hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
			if err != nil {
				break
			}
			address = hop.Unmap()
		}
		return address
	}
}

func within(prefixes []netip.Prefix, address netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(address.WithZone("")) {
			return true
		}
	}
	return false
}
