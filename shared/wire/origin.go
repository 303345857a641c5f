package wire

import (
	"net/url"
	"strings"
)

// CanonicalOrigin is the form of a relay's origin that hellos sign: scheme://host[:port], lower case, no default port; ws is
// written http and wss https; localhost, 127.0.0.1 and [::1] are all localhost (docs/PROTOCOL.md, section 9). The URL's path
// is left out; user info, query and fragment are refused.
func CanonicalOrigin(text string) (string, error) {
	u, err := url.Parse(strings.ToLower(strings.TrimSpace(text)))
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", Errorf(CodeMalformed, "a relay's address looks like https://relay.example or http://localhost:7900")
	}
	scheme := u.Scheme
	switch scheme {
	case "ws":
		scheme = "http"
	case "wss":
		scheme = "https"
	case "http", "https":
	default:
		return "", Errorf(CodeMalformed, "a relay's address begins with https:// or http://")
	}
	host, port := u.Hostname(), u.Port()
	if IsLoopback(host) {
		host = "localhost"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == "" || scheme == "http" && port == "80" || scheme == "https" && port == "443" {
		return scheme + "://" + host, nil
	}
	return scheme + "://" + host + ":" + port, nil
}

// IsLoopback reports whether a host (without brackets) is one of the three names of this machine: localhost, 127.0.0.1, ::1.
func IsLoopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}
