package server

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"

	"claudemesh.com/mesh/relay/api"
	"claudemesh.com/mesh/shared/wire"
)

// Limits bound how many connections are held at once. Zero means no limit. An address is an IPv4 address or an IPv6 network of 64
// bits.
type Limits struct {
	Connections        int // WebSockets, in all
	AddressConnections int // WebSockets of one address, as api.Config.Address tells it
	// Visits are connections that are no WebSocket, or not yet, of one address that is no proxy; VisitsInAll those of everybody.
	Visits, VisitsInAll int
	Proxies             []netip.Prefix
}

// DefaultLimits are good Limits of a relay without proxies.
var DefaultLimits = Limits{Connections: 50_000, AddressConnections: 2000, Visits: 512, VisitsInAll: 16_384}

// crowd bounds how many there are, in all and of each network.
type crowd struct {
	all, each int

	mu   sync.Mutex
	here map[netip.Prefix]int
	n    int
}

func newCrowd(all, each int) *crowd {
	return &crowd{all: all, each: each, here: map[netip.Prefix]int{}}
}

// enter reports whether one more may come, and counts it.
func (c *crowd) enter(from netip.Prefix) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all > 0 && c.n >= c.all || c.each > 0 && c.here[from] >= c.each {
		return false
	}
	c.n++
	c.here[from]++
	return true
}

// leave takes one back that entered.
func (c *crowd) leave(from netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n--
	if c.here[from]--; c.here[from] == 0 {
		delete(c.here, from)
	}
}

// crowdedSeconds is when who is refused for the number of connections may try again.
const crowdedSeconds = 10

// refuseCrowd answers an upgrade that is one too many.
func refuseCrowd(w http.ResponseWriter) {
	w.Header().Set("Retry-After", strconv.Itoa(crowdedSeconds))
	api.WriteError(w, wire.Errorf(wire.CodeRateLimited, "There are as many connections from your address, or in all, as this relay allows. Try again later."))
}

// visits bounds the connections of an HTTP server that are no WebSockets, or not yet: those of a stranger who sends nothing cost a
// goroutine and a buffer each until they time out. They are closed without a word.
type visits struct {
	crowd   *crowd
	proxies []netip.Prefix
	refused func()

	mu   sync.Mutex
	from map[net.Conn]netip.Prefix
}

func newVisits(l Limits, refused func()) *visits {
	return &visits{crowd: newCrowd(l.VisitsInAll, l.Visits), proxies: l.Proxies, refused: refused, from: map[net.Conn]netip.Prefix{}}
}

// note is an http.Server's ConnState.
func (v *visits) note(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		from, counts := v.network(c)
		if !counts {
			return
		}
		if !v.crowd.enter(from) {
			v.refused()
			_ = c.Close()
			return
		}
		v.mu.Lock()
		v.from[c] = from
		v.mu.Unlock()
	case http.StateHijacked, http.StateClosed:
		v.mu.Lock()
		from, known := v.from[c]
		delete(v.from, c)
		v.mu.Unlock()
		if known {
			v.crowd.leave(from)
		}
	}
}

// network is where a connection comes from; those of proxies are not counted, for they bring everybody.
func (v *visits) network(c net.Conn) (from netip.Prefix, counts bool) {
	peer, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Prefix{}, false // no address of the network, so nobody from outside
	}
	address := peer.Addr().Unmap().WithZone("")
	for _, p := range v.proxies {
		if p.Contains(address) {
			return netip.Prefix{}, false
		}
	}
	return api.Network(address), true
}
