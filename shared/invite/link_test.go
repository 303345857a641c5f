package invite_test

import (
	"strings"
	"testing"

	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

const secretText = "AAECAwQFBgcICQoLDA0ODw"

var secret = invite.Secret{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

func TestParseLink(t *testing.T) {
	good := invite.Link{Origin: "https://relay.example", Code: "Ab3dE6gH", Secret: secret}
	for name, c := range map[string]struct {
		text   string
		origin string
	}{
		"as it is made":     {good.String(), good.Origin},
		"with white space":  {" \n" + good.String() + "\t", good.Origin},
		"with a port":       {"https://relay.example:8443/i/Ab3dE6gH#" + secretText, "https://relay.example:8443"},
		"on this machine":   {"http://127.0.0.1:7900/i/Ab3dE6gH#" + secretText, "http://127.0.0.1:7900"},
		"by IPv6":           {"http://[::1]:7900/i/Ab3dE6gH#" + secretText, "http://[::1]:7900"},
		"in capitals":       {"HTTPS://Relay.Example/i/Ab3dE6gH#" + secretText, good.Origin},
		"key in the secret": {"https://key.example/i/Ab3dE6gH#" + secretText, "https://key.example"},
	} {
		t.Run(name, func(t *testing.T) {
			link, err := invite.ParseLink(c.text)
			if err != nil || link.Origin != c.origin || link.Code != "Ab3dE6gH" || link.Secret != secret {
				t.Errorf("read as %s, %v", link.Bare(), err)
			}
			again, err := invite.ParseLink(link.String())
			if err != nil || again != link {
				t.Errorf("read back as %s, %v", again.Bare(), err)
			}
		})
	}
}

func TestParseLinkRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want wire.Code
	}{
		"nothing":                    {"", wire.CodeMalformed},
		"a word":                     {"hello", wire.CodeMalformed},
		"another address":            {"https://relay.example/about", wire.CodeMalformed},
		"another path":               {"https://relay.example/x/i/Ab3dE6gH#" + secretText, wire.CodeMalformed},
		"more of a path":             {"https://relay.example/i/Ab3dE6gH/#" + secretText, wire.CodeMalformed},
		"a path in another writing":  {"https://relay.example/i/%41b3dE6gH#" + secretText, wire.CodeMalformed},
		"a query":                    {"https://relay.example/i/Ab3dE6gH?a=b#" + secretText, wire.CodeMalformed},
		"an empty query":             {"https://relay.example/i/Ab3dE6gH?#" + secretText, wire.CodeMalformed},
		"a user":                     {"https://me@relay.example/i/Ab3dE6gH#" + secretText, wire.CodeMalformed},
		"another scheme":             {"ftp://relay.example/i/Ab3dE6gH#" + secretText, wire.CodeMalformed},
		"a script":                   {"javascript://relay.example/i/Ab3dE6gH#" + secretText, wire.CodeMalformed},
		"no host":                    {"https:///i/Ab3dE6gH#" + secretText, wire.CodeMalformed},
		"a short code":               {"https://relay.example/i/Ab3dE6g#" + secretText, wire.CodeMalformed},
		"a code with a sign":         {"https://relay.example/i/Ab3dE6g-#" + secretText, wire.CodeMalformed},
		"a short secret":             {"https://relay.example/i/Ab3dE6gH#" + secretText[1:], wire.CodeMalformed},
		"a long secret":              {"https://relay.example/i/Ab3dE6gH#A" + secretText, wire.CodeMalformed},
		"bits behind the secret":     {"https://relay.example/i/Ab3dE6gH#" + secretText[:21] + "x", wire.CodeMalformed},
		"a secret in padded base64":  {"https://relay.example/i/Ab3dE6gH#" + secretText + "==", wire.CodeMalformed},
		"a line break in the secret": {"https://relay.example/i/Ab3dE6gH#" + secretText[:10] + "\n" + secretText[10:], wire.CodeMalformed},
		"too much":                   {"https://relay.example/i/Ab3dE6gH#" + strings.Repeat("A", 4096), wire.CodeMalformed},
		"no secret":                  {"https://relay.example/i/Ab3dE6gH", wire.CodeNoSecret},
		"an empty secret":            {"https://relay.example/i/Ab3dE6gH#", wire.CodeNoSecret},
		"a root key behind #":        {"https://relay.example/i/Ab3dE6gH#root_key=00ff", wire.CodeV1Link},
		"a key behind #":             {"https://relay.example/#mesh=1&key=00ff", wire.CodeV1Link},
		"a root key in the query":    {"https://relay.example/i/Ab3dE6gH?root_key=00ff", wire.CodeV1Link},
		"a key in the query":         {"https://relay.example/?a=b&key=00ff#" + secretText, wire.CodeV1Link},
		"a path of version 1":        {"https://relay.example/join/eyJ2IjoxfQ", wire.CodeV1Link},
		"a scheme of version 1":      {"ic://join/eyJ2IjoxfQ", wire.CodeV1Link},
	} {
		t.Run(name, func(t *testing.T) {
			link, err := invite.ParseLink(c.text)
			if code := wire.CodeOf(err); code != c.want {
				t.Fatalf("got %q (%v), want %q", code, err, c.want)
			}
			if link != (invite.Link{}) {
				t.Error("something of the link is handed out")
			}
			if strings.Contains(err.Error(), secretText) || strings.Contains(err.Error(), "00ff") {
				t.Errorf("the error repeats the link: %v", err)
			}
		})
	}
}

// FuzzParseLink: what is read is written back so that it reads the same.
func FuzzParseLink(f *testing.F) {
	for _, text := range []string{
		"https://relay.example/i/Ab3dE6gH#" + secretText, "http://[::1]:7900/i/Ab3dE6gH", "http://127.0.0.1/i/00000000#" + secretText,
		"https://relay.example/join/x", "https://relay.example/i/Ab3dE6gH?key=1", "ic://join/x", "https://relay.example:443/i/Ab3dE6gH#",
	} {
		f.Add(text)
	}
	list, err := vectors.Load("invite")
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range list {
		for _, field := range v.Fields {
			if b, err := field.Bytes(); err == nil && field.Name == "link" {
				f.Add(string(b))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		link, err := invite.ParseLink(text)
		switch code := wire.CodeOf(err); code {
		case "":
			if again, err := invite.ParseLink(link.String()); err != nil || again != link {
				t.Fatalf("%q is read as %q, and that as %q: %v", text, link.String(), again.String(), err)
			}
		case wire.CodeMalformed, wire.CodeV1Link, wire.CodeNoSecret:
			if link != (invite.Link{}) {
				t.Fatalf("%q is refused and read as %q", text, link.String())
			}
		default:
			t.Fatalf("%q: %q", text, code)
		}
	})
}
