package invite

// Link is an invite as people pass it on: <origin>/i/<code>#<secret>.
type Link struct {
	Origin string // scheme://host[:port] of the relay, as wire.CanonicalOrigin but with the host as it was written
	Code   Code
	Secret Secret
}

// String is the whole link with its secret: what is shown, copied or drawn as a QR code, and never logged.
func (l Link) String() string { return l.Bare() + "#" + l.Secret.Text() }

// Bare is the link without its secret: what may be logged.
func (l Link) Bare() string { return l.Origin + "/i/" + string(l.Code) }

// ParseLink reads a link. A link of version 1 is refused with v1_link, one without its secret with no_secret, anything else
// that is no link with malformed. White space around it is left out.
func ParseLink(text string) (Link, error) { panic("unwritten") }

// ParseBare is ParseLink where the secret may be missing, for a look-up that opens nothing; Secret is then zero.
func ParseBare(text string) (Link, error) { panic("unwritten") }
