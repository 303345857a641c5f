// Package api is the relay over HTTP: making meshes, looking invites up and claiming them, and health
// (docs/PROTOCOL.md, sections 4 and 11). It is one http.Handler over a Backend, so that a native relay and one on an edge
// platform serve the same routes.
//
// It decides nothing about meshes or invites and stores nothing; it knows no socket and no store. The one thing it seals
// is the answer to a claim (escrow.go), to the claimant's key; it can open nothing.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/wire"
)

// Backend is a relay as its HTTP routes see it. Errors that are or wrap a *wire.Error are shown; any other is
// CodeInternal. Methods are called concurrently.
type Backend interface {
	// CreateMesh stores a genesis and the statements on it. The same statements again get the same answer.
	CreateMesh(ctx context.Context, statements [][]byte) (mesh.Created, error)
	// Invite looks a code up: CodeNotFound, CodeRevoked, CodeExpired, CodeExhausted.
	Invite(ctx context.Context, code invite.Code) (*mesh.Lookup, error)
	// Claim uses an invite with a signed join statement, whose device has the recipient key. The same statement again gets
	// the same answer and costs no use.
	Claim(ctx context.Context, code invite.Code, recipient [wire.KeySize]byte, join []byte) (*mesh.Claimed, error)
	// Ready is nil when the relay can commit and is not draining.
	Ready(ctx context.Context) error
}

// Config is what the routes need besides a Backend. All fields are required, but for Token where Creation does not ask for
// one, and Downloads.
type Config struct {
	Creation Creation
	// Token is the operator's, for CreateByToken. It is never shown or logged.
	Token   string
	Rates   Rates
	Origins Origins
	// Address tells who makes a request; see ClientAddress.
	Address func(*http.Request) netip.Addr
	Log     *slog.Logger
	// Downloads serves GET and HEAD of /api/public/downloads, /downloads/NAME, /install.sh and /install.ps1; nil: those
	// routes are not there.
	Downloads http.Handler
}

// Creation says who may make meshes.
type Creation string

// The ways to make meshes.
const (
	CreateOpen    Creation = "open"
	CreateByToken Creation = "token"
	CreateClosed  Creation = "closed"
)

type server struct {
	Config
	backend Backend
	limiter *limiter
}

// Handler serves /api/, /livez, /readyz and /health, and what Config.Downloads has. Every other answer is JSON, also to a path or
// method that it does not have.
func Handler(backend Backend, c Config) http.Handler {
	s := &server{c, backend, newLimiter(c.Rates)}
	mux := http.NewServeMux()
	mux.Handle("/api/public/meshes", s.public(route{http.MethodPost, create, s.createMesh}))
	mux.Handle("/api/public/invites/{code}", s.public(route{http.MethodGet, lookUp, s.lookUpInvite}))
	mux.Handle("/api/public/invites/{code}/claim", s.public(route{http.MethodPost, claim, s.claimInvite}))
	if c.Downloads != nil {
		mux.Handle("/api/public/downloads", s.guard(http.MethodGet, lookUp, c.Downloads))
		for _, path := range []string{"/downloads/{name}", "/install.sh", "/install.ps1"} {
			mux.Handle(path, s.guard(http.MethodGet, download, c.Downloads))
		}
	}
	mux.Handle("/livez", health(func(context.Context) error { return nil }))
	mux.Handle("/readyz", health(backend.Ready))
	mux.Handle("/health", health(backend.Ready))
	mux.Handle("/", NoRoute())
	return mux
}
