package protocoltest

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

func routes(t *testing.T, x Target) {
	for _, path := range []string{"/livez", "/readyz", "/health"} {
		if got := x.call(t, http.MethodGet, path, nil); got.Status != http.StatusOK {
			t.Errorf("%s answers %d %s", path, got.Status, got.Body)
		}
		if got := x.call(t, http.MethodHead, path, nil); got.Status != http.StatusOK || len(got.Body) != 0 {
			t.Errorf("HEAD %s answers %d %s", path, got.Status, got.Body)
		}
		x.call(t, http.MethodPost, path, nil).Refused(t, wire.CodeMethodNotAllowed)
	}
	for _, path := range []string{"/api", "/api/", "/api/public", "/api/public/meshes/x", "/api/public/invites", "/api/public/invites/abcdefgh/claims", "/api/v2"} {
		x.call(t, http.MethodGet, path, nil).Refused(t, wire.CodeNoRoute)
	}
	for _, c := range []struct{ method, path, allow string }{
		{http.MethodGet, "/api/public/meshes", "POST"},
		{http.MethodPut, "/api/public/meshes", "POST"},
		{http.MethodPost, "/api/public/invites/abcdefgh", "GET, HEAD"},
		{http.MethodGet, "/api/public/invites/abcdefgh/claim", "POST"},
		{http.MethodOptions, "/api/public/meshes", "POST"},
	} {
		got := x.call(t, c.method, c.path, nil)
		got.Refused(t, wire.CodeMethodNotAllowed)
		if allow := got.Header.Get("Allow"); allow != c.allow {
			t.Errorf("%s %s allows %q, want %q", c.method, c.path, allow, c.allow)
		}
	}
}

func origins(t *testing.T, x Target) {
	m := Found(t, x)
	const path = "/api/public/meshes"
	body := statements(m.Statements...)
	x.call(t, http.MethodPost, path, body, "Origin", "https://evil.example").Refused(t, wire.CodeForbidden)
	x.call(t, http.MethodPost, path, body, "Origin", "null").Refused(t, wire.CodeForbidden)
	x.call(t, http.MethodGet, "/api/public/invites/abcdefgh", nil, "Origin", "https://evil.example").Refused(t, wire.CodeForbidden)
	x.call(t, http.MethodOptions, path, nil, "Origin", "https://evil.example", "Access-Control-Request-Method", "POST").Refused(t, wire.CodeForbidden)

	own := x.call(t, http.MethodPost, path, body, "Origin", x.Origin)
	if own.Status != http.StatusCreated || own.Header.Get("Access-Control-Allow-Origin") != x.Origin {
		t.Errorf("the dashboard's origin: %d %s %v", own.Status, own.Body, own.Header)
	}
	asked := x.call(t, http.MethodOptions, path, nil, "Origin", x.Origin, "Access-Control-Request-Method", "POST")
	if asked.Status != http.StatusNoContent || asked.Header.Get("Access-Control-Allow-Methods") != "POST" {
		t.Errorf("the dashboard's preflight: %d %v", asked.Status, asked.Header)
	}
	if none := x.call(t, http.MethodPost, path, body); none.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a program is told of allowed origins: %v", none.Header)
	}
}

func create(t *testing.T, x Target) {
	const path = "/api/public/meshes"
	const minute = 60_000
	other, founder := Found(t, x), NewDevice(t)
	genesis := founder.genesis(Now())
	bad := bytes.Clone(genesis)
	bad[len(bad)-1] ^= 1
	weak := bytes.Clone(genesis)
	clear(weak[147 : 147+32]) // the X25519 key of the device record, behind 114 bytes, the suite and the Ed25519 key

	for _, c := range []struct {
		name string
		body any
		code wire.Code
	}{
		{"no body", nil, wire.CodeMalformed},
		{"no JSON", []byte("statements"), wire.CodeMalformed},
		{"JSON cut short", []byte(`{"statements":[`), wire.CodeMalformed},
		{"more behind the JSON", []byte(`{"statements":[]}{}`), wire.CodeMalformed},
		{"an unknown field", []byte(`{"statements":[],"name":"x"}`), wire.CodeUnknownField},
		{"a field twice", []byte(`{"statements":[],"statements":[]}`), wire.CodeMalformed},
		{"another type", []byte(`{"statements":"x"}`), wire.CodeMalformed},
		{"no base64", []byte(`{"statements":["%"]}`), wire.CodeMalformed},
		{"null", []byte(`{"statements":null}`), wire.CodeMalformed},
		{"no statement", statements(), wire.CodeMalformed},
		{"nine statements", statements(genesis, genesis, genesis, genesis, genesis, genesis, genesis, genesis, genesis), wire.CodeMalformed},
		{"an empty statement", statements(nil), wire.CodeMalformed},
		{"a statement cut short", statements(genesis[:len(genesis)-1]), wire.CodeMalformed},
		{"a byte too many", statements(append(bytes.Clone(genesis), 0)), wire.CodeMalformed},
		{"another version", statements(append([]byte{9}, genesis[1:]...)), wire.CodeUnsupported},
		{"another kind", statements(genesis, append([]byte{1, 99}, other.Statements[1][2:]...)), wire.CodeUnknownKind},
		{"a bad signature", statements(bad), wire.CodeBadSignature},
		{"a key of small order", statements(weak), wire.CodeBadKey},
		{"a clock six minutes fast", statements(founder.genesis(Now() + 6*minute)), wire.CodeClockSkew},
		{"a clock six minutes slow", statements(founder.genesis(Now() - 6*minute)), wire.CodeClockSkew},
		{"two geneses", statements(genesis, genesis), wire.CodeForbidden},
		// Not by so much that a server may close the connection while the client still writes.
		{"too large", []byte(`{"statements":["` + strings.Repeat("A", 200<<10) + `"]}`), wire.CodeTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			x.call(t, http.MethodPost, path, c.body).Refused(t, c.code)
		})
	}

	var first, again creation
	x.call(t, http.MethodPost, path, statements(genesis)).reads(t, http.StatusCreated, &first)
	x.call(t, http.MethodPost, path, statements(genesis)).reads(t, http.StatusCreated, &again)
	if first != again {
		t.Errorf("a repeat is answered with %+v, the first time it was %+v", again, first)
	}
	m := &Mesh{Target: x, Owner: founder, Roster: roster.New()}
	m.fold(t, genesis)
	profile := m.Draft(founder, &roster.Profile{Sealed: Sealed()})
	x.call(t, http.MethodPost, path, statements(genesis, profile)).Refused(t, wire.CodeStaleHead)
}

func lookUp(t *testing.T, x Target) {
	m := Found(t, x)
	owner := m.Connect(t, m.Owner)
	open := m.NewInvite(t, 3, NextHour()).Issue(t, owner)
	expired := m.NewInvite(t, 3, 1).Issue(t, owner)
	retired := m.NewInvite(t, 3, 1).Issue(t, owner)
	retired.Retire(t, owner)
	used := m.NewInvite(t, 1, NextHour()).Issue(t, owner)
	d := NewDevice(t)
	if got := used.Claim(t, d, used.Join(d)); got.Status != http.StatusOK {
		t.Fatalf("a claim is answered with %d %s", got.Status, got.Body)
	}

	for _, c := range []struct {
		name, code string
		want       wire.Code
	}{
		{"too short", "abc", wire.CodeMalformed},
		{"too long", "abcdefghi", wire.CodeMalformed},
		{"another alphabet", "abcd-fgh", wire.CodeMalformed},
		{"unknown", "00000000", wire.CodeNotFound},
		{"expired", string(expired.Code), wire.CodeExpired},
		{"revoked before it expired", string(retired.Code), wire.CodeRevoked},
		{"exhausted", string(used.Code), wire.CodeExhausted},
	} {
		t.Run(c.name, func(t *testing.T) {
			x.call(t, http.MethodGet, "/api/public/invites/"+c.code, nil).Refused(t, c.want)
		})
	}

	var got invite.Lookup
	x.call(t, http.MethodGet, open.path(), nil).reads(t, http.StatusOK, &got)
	want := fmt.Sprint(2, open.Code, m.ID, open.Body.ID, wire.RoleMember, open.Body.Expires, 3, m.Roster.Canonical(open.Body))
	have := fmt.Sprint(got.Version, got.Code, got.Mesh, got.Invite, got.Role, uint64(got.ExpiresAt), got.UsesLeft, got.Canonical)
	if have != want {
		t.Errorf("looked up %s, want %s", have, want)
	}
	if !bytes.Equal(got.Preview, open.Preview) || !bytes.Equal(got.Signature, open.Body.Signature[:]) ||
		got.Owner != m.Owner.Keys.Public().Sign {
		t.Error("preview, signature or owner is not the invite's")
	}
	if answer := x.call(t, http.MethodGet, open.path(), nil); bytes.Contains(answer.Body, []byte("escrow")) {
		t.Errorf("a look-up shows the escrow: %s", answer.Body)
	}
}
