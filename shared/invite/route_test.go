package invite_test

import (
	"encoding/json"
	"strings"
	"testing"

	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/wire"
)

var lookup = invite.Lookup{
	Version: invite.Version, Code: "Ab3dE6gH", Mesh: wire.MeshID{1}, Invite: wire.InviteID{2}, Role: wire.RoleMember,
	ExpiresAt: 1_795_291_200, UsesLeft: 3, Preview: wire.Bytes{4}, Canonical: "v=2|…", Signature: wire.Bytes{5}, Owner: invite.PublicKey{6}, Head: wire.Head{7},
}

var answer = invite.ClaimAnswer{
	SealedRootKey: wire.Bytes{1}, Mesh: wire.MeshID{2}, Member: wire.MemberID{3}, Device: wire.DeviceID{4}, Owner: invite.PublicKey{5},
	Canonical: "v=2|…", Signature: wire.Bytes{6}, Head: wire.Head{7}, Position: 8,
}

func encode(t testing.TB, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// parseLookup and parseAnswer do what a claimant does with an answer.
func parseLookup(data []byte) (l invite.Lookup, err error) {
	if err = wire.DecodeJSON(data, wire.MaxJSON, &l); err == nil {
		err = l.Check()
	}
	return l, err
}

func parseAnswer(data []byte) (a invite.ClaimAnswer, err error) {
	err = wire.DecodeJSON(data, wire.MaxJSON, &a)
	return a, err
}

func TestLookupReadsBack(t *testing.T) {
	text := encode(t, lookup)
	if !strings.Contains(text, `"expires_at":"2026-11-21T20:00:00Z"`) || !strings.Contains(text, `"preview":"BA=="`) {
		t.Errorf("written %s", text)
	}
	read, err := parseLookup([]byte(text))
	if err != nil || encode(t, read) != text {
		t.Errorf("read %s, %v", encode(t, read), err)
	}
}

func TestLookupRefuses(t *testing.T) {
	text := encode(t, lookup)
	for name, c := range map[string]struct {
		old, new string
		want     wire.Code
	}{
		"another version":     {`"v":2`, `"v":1`, wire.CodeUnsupported},
		"a code that is none": {"Ab3dE6gH", "Ab3dE6g!", wire.CodeMalformed},
		"an unknown field":    {`"v":2`, `"v":2,"root_key":"00"`, wire.CodeUnknownField},
		"a local time":        {"20:00:00Z", "21:00:00+01:00", wire.CodeMalformed},
		"half a second":       {"20:00:00Z", "20:00:00.5Z", wire.CodeMalformed},
		"no such day":         {"2026-11-21", "2026-11-31", wire.CodeMalformed},
		"before 1970":         {"2026-11-21", "1969-11-21", wire.CodeMalformed},
		"no such role":        {`"member"`, `"king"`, wire.CodeMalformed},
		"capitals in an id":   {`"mesh_id":"01`, `"mesh_id":"0A`, wire.CodeMalformed},
		"a short key":         {`"owner_pubkey":"06`, `"owner_pubkey":"`, wire.CodeMalformed},
		"no role":             {`"role":"member",`, ``, wire.CodeMalformed},
		"no mesh":             {`"mesh_id":"01` + strings.Repeat("0", 62) + `",`, ``, wire.CodeMalformed},
		"other base64":        {"BA==", "BA", wire.CodeMalformed},
	} {
		changed := strings.Replace(text, c.old, c.new, 1)
		if _, err := parseLookup([]byte(changed)); changed == text || wire.CodeOf(err) != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestClaimAnswerReadsBack(t *testing.T) {
	text := encode(t, answer)
	read, err := parseAnswer([]byte(text))
	if err != nil || encode(t, read) != text {
		t.Errorf("read %s, %v", encode(t, read), err)
	}
	if _, err := parseAnswer([]byte(strings.Replace(text, `"head"`, `"tail"`, 1))); wire.CodeOf(err) != wire.CodeUnknownField {
		t.Errorf("an unknown field: %v", err)
	}
	if _, err := parseAnswer([]byte(`{"canonical_v2":"` + strings.Repeat("v", wire.MaxJSON) + `"}`)); wire.CodeOf(err) != wire.CodeTooLarge {
		t.Errorf("too large: %v", err)
	}
}

func TestExpiryEnds(t *testing.T) {
	for _, e := range []invite.Expiry{0, 253402300799} {
		text := encode(t, e)
		var read invite.Expiry
		if err := json.Unmarshal([]byte(text), &read); err != nil || read != e {
			t.Errorf("%s is read as %d: %v", text, read, err)
		}
	}
	if _, err := invite.Expiry(253402300800).MarshalText(); wire.CodeOf(err) != wire.CodeMalformed {
		t.Errorf("the year 10000: %v", err)
	}
}

// FuzzParseAnswers: what is read is written back so that it reads the same.
func FuzzParseAnswers(f *testing.F) {
	f.Add([]byte(encode(f, lookup)))
	f.Add([]byte(encode(f, answer)))
	f.Add([]byte(encode(f, invite.ClaimRequest{Recipient: invite.PublicKey{1}, Join: wire.Bytes{2}})))
	f.Fuzz(func(t *testing.T, data []byte) {
		if l, err := parseLookup(data); err == nil {
			if again, err := parseLookup([]byte(encode(t, l))); err != nil || encode(t, again) != encode(t, l) {
				t.Errorf("a look-up reads back as %s, %v", encode(t, again), err)
			}
		}
		if a, err := parseAnswer(data); err == nil {
			if again, err := parseAnswer([]byte(encode(t, a))); err != nil || encode(t, again) != encode(t, a) {
				t.Errorf("an answer reads back as %s, %v", encode(t, again), err)
			}
		}
		var request invite.ClaimRequest
		if wire.DecodeJSON(data, wire.MaxJSON, &request) == nil && len(request.Join) > len(data) {
			t.Error("a claim grew")
		}
	})
}
