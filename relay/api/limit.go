package api

import (
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// Rates are how many requests one address may make in a minute; as many may come at once. Zero means no limit.
type Rates struct {
	Lookups   int // of invites and of what can be downloaded
	Claims    int // of invites
	Meshes    int // made
	Upgrades  int // to WebSockets
	Downloads int // of programs and the scripts that install them
}

// action is what a rate counts.
type action uint8

const (
	lookUp action = iota
	claim
	create
	upgrade
	download
)

// maxBuckets bounds the limiter's memory. Where so many addresses are active at once, newcomers share one bucket.
const maxBuckets = 1 << 16

// limiter holds a token bucket for each address and action. It is safe for concurrent use.
type limiter struct {
	rates [5]float64 // for each minute

	mu      sync.Mutex
	buckets map[caller]bucket
	swept   time.Time
}

type caller struct {
	address netip.Prefix
	action  action
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newLimiter(rates Rates) *limiter {
	return &limiter{
		rates: [5]float64{
			lookUp: float64(rates.Lookups), claim: float64(rates.Claims), create: float64(rates.Meshes), upgrade: float64(rates.Upgrades),
			download: float64(rates.Downloads),
		},
		buckets: map[caller]bucket{},
		swept:   time.Now(),
	}
}

// LimitUpgrades counts the WebSockets that each address opens; false: it is too many, and the request was answered. They are
// what a stranger who proves nothing can make a relay hold.
func LimitUpgrades(c Config) func(http.ResponseWriter, *http.Request) bool {
	l := newLimiter(c.Rates)
	return func(w http.ResponseWriter, r *http.Request) bool { return l.admits(w, c.Address(r), upgrade) }
}

// admits uses one token, or answers the request.
func (l *limiter) admits(w http.ResponseWriter, address netip.Addr, what action) bool {
	wait, ok := l.take(address, what)
	if !ok {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		WriteError(w, wire.Refuse(wire.CodeRateLimited))
	}
	return ok
}

// take uses one token; where there is none it gives the time until the next.
func (l *limiter) take(address netip.Addr, what action) (wait time.Duration, ok bool) {
	rate := l.rates[what]
	if rate <= 0 {
		return 0, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.sweep(now)
	key := caller{Network(address), what}
	b, known := l.buckets[key]
	if !known && len(l.buckets) >= maxBuckets {
		key.address = netip.Prefix{}
		b, known = l.buckets[key]
	}
	if !known {
		b = bucket{rate, now}
	}
	b = bucket{min(rate, b.tokens+now.Sub(b.at).Minutes()*rate), now}
	if ok = b.tokens >= 1; ok {
		b.tokens--
	} else {
		wait = time.Duration(math.Ceil((1 - b.tokens) / rate * float64(time.Minute)))
	}
	l.buckets[key] = b
	return wait, ok
}

// sweep forgets, once a minute, the buckets that are full again: a minute without use fills any.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute {
		return
	}
	l.swept = now
	for key, b := range l.buckets {
		if now.Sub(b.at) >= time.Minute {
			delete(l.buckets, key)
		}
	}
}

// Network is what one party can be assumed to hold: an IPv4 address, or the /64 of an IPv6 one. Addresses that are not known share the
// zero Prefix.
func Network(address netip.Addr) netip.Prefix {
	address = address.Unmap().WithZone("")
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}
