package api

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func taken(l *limiter, address string, what action, tries int) (n int) {
	for range tries {
		if _, ok := l.take(netip.MustParseAddr(address), what); ok {
			n++
		}
	}
	return n
}

func TestRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(Rates{Claims: 6, Lookups: 1})
		if got := taken(l, "192.0.2.1", claim, 10); got != 6 {
			t.Errorf("%d claims at once, want 6", got)
		}
		if got := taken(l, "192.0.2.1", lookUp, 10); got != 1 {
			t.Errorf("%d look-ups after the claims, want 1", got)
		}
		if got := taken(l, "192.0.2.2", claim, 10); got != 6 {
			t.Errorf("%d claims by another address, want 6", got)
		}
		if got := taken(l, "192.0.2.1", create, 100); got != 100 {
			t.Errorf("%d meshes where nothing limits them", got)
		}
		wait, _ := l.take(netip.MustParseAddr("192.0.2.1"), claim)
		if wait != 10*time.Second {
			t.Errorf("told to wait %s, want 10s", wait)
		}
		time.Sleep(wait)
		if got := taken(l, "192.0.2.1", claim, 10); got != 1 {
			t.Errorf("%d claims after the wait, want 1", got)
		}
		time.Sleep(time.Hour)
		if got := taken(l, "192.0.2.1", claim, 10); got != 6 {
			t.Errorf("%d claims after an hour, want 6", got)
		}
	})
}

func TestRateOfANetwork(t *testing.T) {
	l := newLimiter(Rates{Claims: 2})
	if got := taken(l, "2001:db8::1", claim, 2) + taken(l, "2001:db8::ffff:1", claim, 2); got != 2 {
		t.Errorf("%d claims from one /64, want 2", got)
	}
	if got := taken(l, "2001:db8:0:1::1", claim, 3); got != 2 {
		t.Errorf("%d claims from another /64, want 2", got)
	}
	if got := taken(l, "192.0.2.7", claim, 1) + taken(l, "::ffff:192.0.2.7", claim, 2); got != 2 {
		t.Errorf("%d claims by an IPv4 address in both forms, want 2", got)
	}
}

func TestLimiterIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(Rates{Claims: 1})
		for i := range maxBuckets + 100 {
			l.take(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), claim)
		}
		if n := len(l.buckets); n > maxBuckets+1 {
			t.Errorf("%d buckets, want at most %d", n, maxBuckets+1)
		}
		if got := taken(l, "192.0.2.1", claim, 1); got != 0 {
			t.Error("an address beyond the bound does not share the last bucket")
		}
		time.Sleep(2 * time.Minute)
		taken(l, "192.0.2.1", claim, 1)
		if n := len(l.buckets); n != 1 {
			t.Errorf("%d buckets after two quiet minutes, want 1", n)
		}
	})
}
