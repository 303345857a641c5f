package server_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/api"
	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/server"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

func TestRatesOfAnAddress(t *testing.T) {
	r := start(t, memory.New(time.Now()), func(c *server.Config) { c.API.Rates = api.Rates{Claims: 2, Meshes: 1, Lookups: 3} })
	m := protocoltest.Found(t, r.Target)
	m.RefusesCreation(t, wire.CodeRateLimited)

	invite := m.NewInvite(t, 9, protocoltest.NextHour()).Issue(t, m.Connect(t, m.Owner))
	d := protocoltest.NewDevice(t)
	join := invite.Join(d)
	for range 2 {
		invite.Claimed(t, d, join)
	}
	refused := invite.Claim(t, d, join)
	refused.Refused(t, wire.CodeRateLimited)
	if wait, err := strconv.Atoi(refused.Header.Get("Retry-After")); err != nil || wait < 1 || wait > 30 {
		t.Errorf("told to wait %q seconds, want until the next of two a minute", refused.Header.Get("Retry-After"))
	}
	for n := range 4 {
		want := http.StatusOK
		if n == 3 {
			want = http.StatusTooManyRequests
		}
		if got := r.status(t, "/api/public/invites/"+string(invite.Code)); got != want {
			t.Errorf("look-up %d answers %d, want %d", n+1, got, want)
		}
	}
	if got := r.status(t, "/readyz"); got != http.StatusOK {
		t.Errorf("/readyz answers %d", got)
	}
}

// An address that opens connections without end is refused before anything is held for it; those it has go on.
func TestUpgradesOfAnAddress(t *testing.T) {
	r := start(t, memory.New(time.Now()), func(c *server.Config) { c.API.Rates = api.Rates{Upgrades: 2} })
	m := protocoltest.Found(t, r.Target)
	first := m.Connect(t, m.Owner)
	m.Connect(t, m.Owner)
	m.RefusesUpgrade(t, wire.CodeRateLimited)
	first.Write(wire.AppendFrame(nil, wire.FramePing, make([]byte, wire.PingSize)))
	if _, ok := first.Until(wire.FramePong); !ok {
		t.Error("an open connection was closed")
	}
}

func TestWhoMayMakeMeshes(t *testing.T) {
	const token = "the operator's token, of good length"
	for _, c := range []struct {
		name     string
		creation api.Creation
		token    string
		header   []string
		want     wire.Code // "": made
	}{
		{"open", api.CreateOpen, "", nil, ""},
		{"closed", api.CreateClosed, token, []string{"Authorization", "Bearer " + token}, wire.CodeCreationClosed},
		{"the token", api.CreateByToken, token, []string{"Authorization", "Bearer " + token}, ""},
		{"no token", api.CreateByToken, token, nil, wire.CodeOperatorToken},
		{"a wrong token", api.CreateByToken, token, []string{"Authorization", "Bearer " + token[1:]}, wire.CodeOperatorToken},
		{"the token in another scheme", api.CreateByToken, token, []string{"Authorization", "Basic " + token}, wire.CodeOperatorToken},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := memory.New(time.Now())
			m := protocoltest.Found(t, start(t, s, nil).Target)
			r := start(t, s, func(config *server.Config) { config.API.Creation, config.API.Token = c.creation, c.token })
			m.Target = r.Target
			if c.want == "" {
				m.CreatesAgain(t, c.header...)
			} else {
				m.RefusesCreation(t, c.want, c.header...)
			}
		})
	}
}
