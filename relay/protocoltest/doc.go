// Package protocoltest is a black-box suite of docs/PROTOCOL.md: it talks to a running relay over real sockets, knowing
// nothing of it but its address, so that every relay can be held to the same rules.
//
// It seals and opens nothing: what a relay sees as ciphertext is random bytes here. It does not restart, drain or slow the
// relay; the tests of each relay do, with the same Mesh, Device and Client.
package protocoltest

import (
	"net/http"
	"testing"
)

// Target is a relay under test. It lets anyone make meshes, and its rates are too high to be met.
type Target struct {
	// URL is where the relay answers, without a path: http://127.0.0.1:4711.
	URL string
	// Origin is what hellos to it sign.
	Origin string
	// HTTP makes the requests.
	HTTP *http.Client
}

// Run runs the whole suite as subtests.
func Run(t *testing.T, target Target) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, Target)
	}{
		{"routes", routes},
		{"origins", origins},
		{"create", create},
		{"look-up", lookUp},
		{"claim", claim},
		{"claims at once", claimsAtOnce},
		{"upgrade", upgrade},
		{"handshake", handshake},
		{"frames", frames},
		{"append", appending},
		{"append again", appendingAgain},
		{"send", sending},
		{"delivery", delivery},
		{"access", access},
		{"presence", presence},
		{"spoken sessions", spoken},
		{"spoken sessions refused", spokenRefused},
		{"spoken sessions pass", spokenPass},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, target) })
	}
}
