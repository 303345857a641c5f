package invite

import (
	"fmt"
	"net/url"
	"strings"

	"claudemesh.com/mesh/shared/wire"
)

// Link is an invite as people pass it on: <origin>/i/<code>#<secret>.
type Link struct {
	Origin string // scheme://host[:port] of the relay, lower case
	Code   Code
	Secret Secret
}

// String is the whole link with its secret: what is shown, copied or drawn as a QR code. Only a call gives it: a Link that is
// formatted or logged shows no secret.
func (l Link) String() string { return l.Bare() + "#" + l.Secret.Text() }

// Format writes the link without its secret, whatever the verb.
func (l Link) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(l.Bare() + "#" + redacted)) }

// Bare is the link without its secret: what may be logged.
func (l Link) Bare() string { return l.Origin + "/i/" + string(l.Code) }

// maxLink is a bound on what is looked at as a link, in bytes.
const maxLink = 2048

// ParseLink reads a link. A link of version 1 is refused with v1_link, one without its secret with no_secret, anything else
// that is no link with malformed. White space around it is left out. No error repeats any of the text.
func ParseLink(text string) (Link, error) {
	link, err := parse(text)
	if err == nil && link.Secret == (Secret{}) {
		return Link{}, wire.Refuse(wire.CodeNoSecret)
	}
	return link, err
}

// parse reads a link whose secret may be missing; it is then zero.
func parse(text string) (Link, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxLink {
		return Link{}, errLink
	}
	if versionOne(text) {
		return Link{}, wire.Refuse(wire.CodeV1Link)
	}
	address, fragment, _ := strings.Cut(text, "#")
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery {
		return Link{}, errLink
	}
	if _, err := wire.CanonicalOrigin(u.Scheme + "://" + u.Host); err != nil {
		return Link{}, errLink
	}
	code, ok := strings.CutPrefix(u.EscapedPath(), "/i/")
	if !ok {
		return Link{}, errLink
	}
	link := Link{Origin: u.Scheme + "://" + strings.ToLower(u.Host)}
	if link.Code, err = ParseCode(code); err != nil {
		return Link{}, err
	}
	if fragment != "" {
		link.Secret, err = ParseSecret(fragment)
	}
	if err != nil {
		return Link{}, err
	}
	return link, nil
}

var errLink = wire.Errorf(wire.CodeMalformed, "this is not an invite link, which looks like https://relay.example/i/Ab3dE6gH#… with %d characters after the #", secretText)

// versionOne recognises links that carry a root key.
func versionOne(text string) bool {
	if strings.Contains(text, "/join/") {
		return true
	}
	at := strings.IndexAny(text, "?#")
	if at < 0 {
		return false
	}
	for _, part := range strings.FieldsFunc(text[at:], func(r rune) bool { return strings.ContainsRune("?#&;", r) }) {
		if name, _, ok := strings.Cut(part, "="); ok && (name == "root_key" || name == "key") {
			return true
		}
	}
	return false
}
