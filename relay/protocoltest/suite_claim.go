package protocoltest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/blake2b"
	"golang.org/x/crypto/nacl/secretbox"

	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

func claim(t *testing.T, x Target) {
	m := Found(t, x)
	owner := m.Connect(t, m.Owner)
	i := m.NewInvite(t, 2, NextHour()).Issue(t, owner)
	other := m.NewInvite(t, 2, NextHour()).Issue(t, owner)
	d := NewDevice(t)
	join := i.Join(d)

	t.Run("refusals", func(t *testing.T) { claimRefusals(t, i, other, d, join) })

	// None of the refusals cost a use.
	var first invite.ClaimAnswer
	i.Claim(t, d, join).reads(t, http.StatusOK, &first)
	m.fold(t, join)
	if first.Mesh != m.ID || first.Member != d.Member || first.Device != d.ID || first.Owner != m.Owner.Keys.Public().Sign ||
		first.Canonical != m.Roster.Canonical(i.Body) || !bytes.Equal(first.Signature, i.Body.Signature[:]) || first.Head != m.Roster.Head() {
		t.Errorf("the claim is answered with %+v", first)
	}
	if got := openAnonymous(t, d, first.SealedRootKey); !bytes.Equal(got, i.Escrow) {
		t.Error("sealed_root_key does not hold the escrow")
	}

	t.Run("repeat", func(t *testing.T) {
		var again invite.ClaimAnswer
		i.Claim(t, d, join).reads(t, http.StatusOK, &again)
		if !bytes.Equal(openAnonymous(t, d, again.SealedRootKey), i.Escrow) {
			t.Error("a repeat gets another escrow")
		}
		again.SealedRootKey = first.SealedRootKey // sealed with other randomness
		if toJSON(t, again) != toJSON(t, first) {
			t.Errorf("a repeat is answered with %s, the first time it was %s", toJSON(t, again), toJSON(t, first))
		}
		var left invite.Lookup
		x.call(t, http.MethodGet, i.path(), nil).reads(t, http.StatusOK, &left)
		if left.UsesLeft != 1 {
			t.Errorf("%d uses left after one claim of two and its repeat", left.UsesLeft)
		}
	})
	t.Run("another statement of the same device", func(t *testing.T) {
		i.Claim(t, d, i.Join(d)).Refused(t, wire.CodeAlreadyJoined)
	})
	t.Run("the claimant is a member at once", func(t *testing.T) {
		if c := m.Connect(t, d); c.Welcome.Member != d.Member {
			t.Errorf("welcome names member %s", c.Welcome.Member)
		}
	})
	t.Run("gone", func(t *testing.T) { claimsOfGoneInvites(t, m, owner) })
}

func claimRefusals(t *testing.T, i, other *Invite, d *Device, join []byte) {
	x := i.mesh.Target
	box := hex.EncodeToString(d.Keys.Public().Record()[33:])
	text := base64.StdEncoding.EncodeToString(join)
	request := func(recipient, join string) []byte {
		return []byte(`{"recipient_x25519_pubkey":"` + recipient + `","join":"` + join + `"}`)
	}
	broken := bytes.Clone(join)
	broken[len(broken)-65] ^= 1 // in the device's signature
	for _, c := range []struct {
		name string
		code invite.Code
		body []byte
		want wire.Code
	}{
		{"no body", i.Code, nil, wire.CodeMalformed},
		{"no JSON", i.Code, []byte("join"), wire.CodeMalformed},
		{"an unknown field", i.Code, []byte(`{"recipient_x25519_pubkey":"` + box + `","join":"` + text + `","name":"x"}`), wire.CodeUnknownField},
		{"another type", i.Code, []byte(`{"recipient_x25519_pubkey":7,"join":"` + text + `"}`), wire.CodeMalformed},
		{"no join", i.Code, request(box, ""), wire.CodeMalformed},
		{"a short key", i.Code, request(box[2:], text), wire.CodeMalformed},
		{"a key in capitals", i.Code, request(strings.ToUpper(box), text), wire.CodeMalformed},
		{"another's key", i.Code, request(hex.EncodeToString(NewDevice(t).Keys.Public().Record()[33:]), text), wire.CodeMalformed},
		{"no base64", i.Code, request(box, "%"), wire.CodeMalformed},
		{"a join cut short", i.Code, request(box, base64.StdEncoding.EncodeToString(join[:100])), wire.CodeMalformed},
		{"another statement", i.Code, request(box, base64.StdEncoding.EncodeToString(i.mesh.Statements[1])), wire.CodeMalformed},
		{"a bad signature of the device", i.Code, request(box, base64.StdEncoding.EncodeToString(broken)), wire.CodeBadSignature},
		{"another secret", i.Code, request(box, base64.StdEncoding.EncodeToString(otherSecret(t, i, d))), wire.CodeBadSignature},
		{"the code of another invite", other.Code, request(box, text), wire.CodeMalformed},
		{"a malformed code", "abc", request(box, text), wire.CodeMalformed},
		{"an unknown code", "00000000", request(box, text), wire.CodeNotFound},
		{"a clock six minutes fast", i.Code, request(box, base64.StdEncoding.EncodeToString(i.joinAt(d, Now()+360_000))), wire.CodeClockSkew},
		{"too large", i.Code, request(box, strings.Repeat("A", 200<<10)), wire.CodeTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			x.call(t, http.MethodPost, "/api/public/invites/"+string(c.code)+"/claim", c.body).Refused(t, c.want)
		})
	}
}

// otherSecret is a join signed with the key of a secret that is not the invite's.
func otherSecret(t *testing.T, i *Invite, d *Device) []byte {
	wrong := *i
	wrong.Secret = invite.Secret(Random(invite.SecretSize))
	return wrong.Join(d)
}

func claimsOfGoneInvites(t *testing.T, m *Mesh, owner *Client) {
	expired := m.NewInvite(t, 1, 1).Issue(t, owner)
	retired := m.NewInvite(t, 1, 1).Issue(t, owner)
	retired.Retire(t, owner)
	used := m.NewInvite(t, 1, NextHour()).Issue(t, owner)
	winner := NewDevice(t)
	if got := used.Claim(t, winner, used.Join(winner)); got.Status != http.StatusOK {
		t.Fatalf("a claim is answered with %d %s", got.Status, got.Body)
	}
	for _, c := range []struct {
		invite *Invite
		want   wire.Code
	}{
		{expired, wire.CodeExpired},
		{retired, wire.CodeRevoked}, // expired too; revoked comes first
		{used, wire.CodeExhausted},
	} {
		t.Run(string(c.want), func(t *testing.T) {
			d := NewDevice(t)
			c.invite.Claim(t, d, c.invite.Join(d)).Refused(t, c.want)
		})
	}
}

// claimsAtOnce has a hundred devices claim an invite with one use at the same moment.
func claimsAtOnce(t *testing.T, x Target) {
	const claimants = 100
	m := Found(t, x)
	owner := m.Connect(t, m.Owner)
	i := m.NewInvite(t, 1, NextHour()).Issue(t, owner)
	devices, joins := make([]*Device, claimants), make([][]byte, claimants)
	for n := range devices {
		devices[n] = NewDevice(t)
		joins[n] = i.Join(devices[n])
	}
	answers := make([]Answer, claimants)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for n := range devices {
		all.Go(func() {
			<-begin
			answers[n] = i.Claim(t, devices[n], joins[n])
		})
	}
	close(begin)
	all.Wait()
	joined := 0
	for n, got := range answers {
		if got.Status == http.StatusOK {
			joined++
			m.fold(t, joins[n])
			continue
		}
		got.Refused(t, wire.CodeExhausted)
	}
	if joined != 1 {
		t.Errorf("%d devices joined by an invite with one use", joined)
	}

	roster := wire.RosterStream(m.ID)
	owner.Tail(0, roster)
	joins = nil
	for {
		frame, ok := owner.Next()
		if !ok {
			t.Fatalf("the connection ended: %v", owner.ended)
		}
		if frame.Type == wire.FrameLive {
			break
		}
		if s, err := wire.ParseStatement(frame.Payload); frame.Type == wire.FrameStatement && err == nil {
			joins = append(joins, s.Bytes)
		}
	}
	if n := countJoins(t, joins); n != 1 {
		t.Errorf("the roster holds %d joins", n)
	}
}

func countJoins(t *testing.T, statements [][]byte) (joins int) {
	t.Helper()
	for _, raw := range statements {
		s, err := roster.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if s.Kind == roster.KindJoin {
			joins++
		}
	}
	return joins
}

// openAnonymous opens crypto_box_seal: an ephemeral key, then a box under the nonce that both public keys give.
func openAnonymous(t *testing.T, d *Device, sealed []byte) []byte {
	t.Helper()
	if len(sealed) < 32 {
		t.Fatalf("sealed_root_key has %d bytes", len(sealed))
	}
	ephemeral, own := [32]byte(sealed), d.Keys.Public().Box
	key, err := d.Keys.SharedKey(t.Context(), ephemeral)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := blake2b.New(24, nil)
	if err != nil {
		t.Fatal(err)
	}
	hash.Write(ephemeral[:])
	hash.Write(own[:])
	opened, ok := secretbox.Open(nil, sealed[32:], (*[24]byte)(hash.Sum(nil)), (*[32]byte)(&key))
	if !ok {
		t.Fatal("sealed_root_key does not open")
	}
	return opened
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
