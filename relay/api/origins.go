package api

import (
	"net/http"
	"net/url"
	"slices"

	"claudemesh.com/mesh/shared/wire"
)

// Origins decides which web pages may speak to the relay: its own dashboard, pages of other origins that the operator
// named, and, on a relay that is itself on loopback, any page of this machine. Programs send no Origin and may always.
// Nothing rests on it alone: whoever speaks as a device proves its key, and a relay keeps no cookies.
type Origins struct {
	own     string
	allowed []string
}

// NewOrigins takes the relay's own origin and those of other dashboards, each in the form of wire.CanonicalOrigin.
func NewOrigins(own string, others ...string) Origins {
	return Origins{own, append([]string{own}, others...)}
}

// Allowed reports whether a request with these headers may go on, and gives its origin as it came; "" where there is none.
func (o Origins) Allowed(header http.Header) (origin string, ok bool) {
	values := header.Values("Origin")
	if len(values) == 0 {
		return "", true
	}
	if len(values) > 1 {
		return "", false
	}
	canonical, err := wire.CanonicalOrigin(values[0])
	if err != nil {
		return "", false
	}
	return values[0], slices.Contains(o.allowed, canonical) || loopback(o.own) && loopback(canonical)
}

// allow lets pages of allowed origins read an answer.
func (o Origins) allow(w http.ResponseWriter, origin string) {
	header := w.Header()
	header.Add("Vary", "Origin")
	if origin == "" {
		return
	}
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Expose-Headers", "Retry-After")
}

func loopback(canonical string) bool {
	u, err := url.Parse(canonical)
	return err == nil && wire.IsLoopback(u.Hostname())
}
