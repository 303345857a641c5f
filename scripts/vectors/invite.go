package main

import (
	"bytes"
	"encoding/json"
	"strings"

	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

func inviteVectors(g *group) {
	const rule = "4"
	s := secret("link")
	id, escrow, preview := s.Key().ID(), s.EscrowKey(), s.PreviewKey()
	g.add("secret", rule, "secret", "what follows from an invite's secret", in("secret", s[:]), outText("text", s.Text()), out("invite", id[:]), out("escrow_key", escrow[:]), out("preview_key", preview[:]))
	escrowHash, previewHash := roster.EscrowHash([]byte("escrow")), roster.PreviewHash([]byte("preview"))
	g.add("hashes", rule, "hashes", "what a statement says of escrow and preview", inText("escrow", "escrow"), inText("preview", "preview"), out("escrow_hash", escrowHash[:]), out("preview_hash", previewHash[:]))
	codeVectors(g)
	linkVectors(g, s)
	lookupVectors(g)
}

func codeVectors(g *group) {
	const rule = "4"
	g.add("code", rule, "code", "a code is drawn byte by byte", inText("entropy", "\x00\x09\x0a\x23\x24\x3d\x3e\x78"), outText("code", "09AZaz0w"))
	g.add("code_unbiased", rule, "code", "bytes of 248 and above are drawn again", in("entropy", []byte{0xff, 0xf7, 0xf8, 61, 62, 123, 124, 185, 186, 0xfe, 0}), outText("code", "zz0z0z00"))
	for _, c := range []struct{ name, comment, text string }{
		{"short", "seven characters", "Ab3dE6g"},
		{"long", "nine characters", "Ab3dE6gHi"},
		{"sign", "a sign", "Ab3dE6g-"},
		{"letter", "a letter that is not of base62", "Ab3dE6\u00e9"},
		{"empty", "no characters", ""},
	} {
		g.refuse(wire.CodeMalformed, "code_"+c.name, rule, "read-code", c.comment, inText("code", c.text))
	}
	g.add("code_read", rule, "read-code", "a code", inText("code", "Ab3dE6gH"))
}

func linkVectors(g *group, s invite.Secret) {
	const rule, do = "4", "link"
	text := s.Text()
	ok := func(name, comment, link, origin string) {
		g.add("link"+name, rule, do, comment, inText("link", link), outText("origin", origin), outText("code", "Ab3dE6gH"), out("secret", s[:]))
	}
	ok("", "a link", "https://relay.example/i/Ab3dE6gH#"+text, "https://relay.example")
	ok("_port", "with a port", "https://relay.example:8443/i/Ab3dE6gH#"+text, "https://relay.example:8443")
	ok("_loopback", "to this machine", "http://127.0.0.1:7900/i/Ab3dE6gH#"+text, "http://127.0.0.1:7900")
	ok("_ipv6", "to an IPv6 address", "http://[::1]:7900/i/Ab3dE6gH#"+text, "http://[::1]:7900")
	ok("_case", "scheme and host in capitals", "HTTPS://Relay.Example/i/Ab3dE6gH#"+text, "https://relay.example")
	ok("_space", "white space around it", " https://relay.example/i/Ab3dE6gH#"+text+"\n", "https://relay.example")
	bad := func(code wire.Code, name, comment, link string) {
		g.refuse(code, "link_"+name, rule, do, comment, inText("link", link))
	}
	bad(wire.CodeNoSecret, "no_secret", "no secret", "https://relay.example/i/Ab3dE6gH")
	bad(wire.CodeNoSecret, "empty_secret", "nothing behind #", "https://relay.example/i/Ab3dE6gH#")
	bad(wire.CodeV1Link, "v1_root_key", "a root key behind #", "https://relay.example/i/Ab3dE6gH#root_key="+strings.Repeat("00", 32))
	bad(wire.CodeV1Link, "v1_key", "a key behind #", "https://relay.example/#mesh=a&key="+strings.Repeat("00", 32))
	bad(wire.CodeV1Link, "v1_query_root_key", "a root key in the query", "https://relay.example/?root_key="+strings.Repeat("00", 32))
	bad(wire.CodeV1Link, "v1_query_key", "a key in the query", "https://relay.example/?mesh=a&key="+strings.Repeat("00", 32)+"#"+text)
	bad(wire.CodeV1Link, "v1_path", "a path of version 1", "https://relay.example/join/eyJ2IjoxfQ")
	bad(wire.CodeMalformed, "empty", "nothing", "")
	bad(wire.CodeMalformed, "scheme", "another scheme", "ftp://relay.example/i/Ab3dE6gH#"+text)
	bad(wire.CodeMalformed, "user", "a user before the host", "https://me@relay.example/i/Ab3dE6gH#"+text)
	bad(wire.CodeMalformed, "query", "a query", "https://relay.example/i/Ab3dE6gH?a=b#"+text)
	bad(wire.CodeMalformed, "path", "another path", "https://relay.example/x/Ab3dE6gH#"+text)
	bad(wire.CodeMalformed, "path_escaped", "a path in another writing", "https://relay.example/i/%41b3dE6gH#"+text)
	bad(wire.CodeMalformed, "code", "a code that is none", "https://relay.example/i/Ab3dE6g#"+text)
	bad(wire.CodeMalformed, "secret_short", "a secret of 21 characters", "https://relay.example/i/Ab3dE6gH#"+text[1:])
	bad(wire.CodeMalformed, "secret_padded", "a secret with padding", "https://relay.example/i/Ab3dE6gH#"+text+"==")
	bad(wire.CodeMalformed, "secret_bits", "bits behind the secret's last byte", "https://relay.example/i/Ab3dE6gH#"+strings.Repeat("A", 21)+"B")
	bad(wire.CodeMalformed, "secret_alphabet", "a secret in the other alphabet", "https://relay.example/i/Ab3dE6gH#"+strings.Repeat("A", 20)+"+A")
}

func lookupVectors(g *group) {
	const rule, do = "4", "lookup"
	t := town()
	statement, _ := t.state.Invitation(secret("link").Key().ID())
	good := string(must(json.Marshal(invite.Lookup{
		Version: invite.Version, Code: "Ab3dE6gH", Mesh: t.state.Mesh(), Invite: statement.ID, Role: statement.Role, ExpiresAt: invite.Expiry(statement.Expires),
		UsesLeft: 1, Preview: bytes.Repeat([]byte{7}, 8), Canonical: t.state.Canonical(&statement.Invite), Signature: statement.Signature[:],
		Owner: invite.PublicKey(t.state.Owner().Sign), Head: t.state.Head(),
	})))
	head := t.state.Head()
	g.add("lookup", rule, do, "what a look-up answers", inText("json", good), out("mesh", statementMesh(t)), out("invite", statement.ID[:]), outNumber("role", uint64(statement.Role)),
		outNumber("expires", statement.Expires), outNumber("uses_left", 1), out("preview", bytes.Repeat([]byte{7}, 8)), outText("canonical", t.state.Canonical(&statement.Invite)),
		out("signature", statement.Signature[:]), out("owner", ownerKey(t)), out("head", head[:]))
	for _, c := range []struct {
		code                         wire.Code
		name, comment, before, after string
	}{
		{wire.CodeUnsupported, "version", "version 1", `"v":2`, `"v":1`},
		{wire.CodeUnknownField, "field", "a field that it does not have", `"v":2`, `"v":2,"root_key":""`},
		{wire.CodeMalformed, "code", "a code that is none", `"Ab3dE6gH"`, `"Ab3dE6g"`},
		{wire.CodeMalformed, "role", "a role that is none", `"role":"member"`, `"role":"king"`},
		{wire.CodeMalformed, "no_role", "no role", `"role":"member",`, ``},
		{wire.CodeMalformed, "time_zone", "a time that is not in UTC", `00:00Z`, `00:00+00:00`},
		{wire.CodeMalformed, "time_fraction", "a time with a fraction", `00:00Z`, `00:00.0Z`},
	} {
		changed := strings.Replace(good, c.before, c.after, 1)
		if changed == good {
			panic("nothing to change for " + c.name)
		}
		g.refuse(c.code, "lookup_"+c.name, rule, do, c.comment, inText("json", changed))
	}
}

func statementMesh(s *story) []byte { mesh := s.state.Mesh(); return mesh[:] }

func ownerKey(s *story) []byte { owner := s.state.Owner(); return owner.Sign[:] }
