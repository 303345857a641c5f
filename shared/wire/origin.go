package wire

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// CanonicalOrigin is the form of a relay's origin that hellos sign: scheme://host[:port], lower case, no default port; ws is
// written http and wss https; localhost, 127.0.0.1 and [::1] are all localhost (docs/PROTOCOL.md, section 9). The URL's path
// is left out; user info, query and fragment are refused with CodeMalformed, and so is a host that is neither a name of
// a–z, 0–9, '-', '_' and '.' nor an IPv6 address in brackets.
func CanonicalOrigin(text string) (string, error) {
	u, err := url.Parse(strings.ToLower(strings.TrimSpace(text)))
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errOrigin
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
	host, err := canonicalHost(u.Hostname())
	if err != nil {
		return "", err
	}
	if u.Port() == "" {
		return scheme + "://" + host, nil
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || port == 0 {
		return "", errOrigin
	}
	if scheme == "http" && port == 80 || scheme == "https" && port == 443 {
		return scheme + "://" + host, nil
	}
	return scheme + "://" + host + ":" + strconv.FormatUint(port, 10), nil
}

func canonicalHost(host string) (string, error) {
	if strings.Contains(host, ":") {
		address, err := netip.ParseAddr(host)
		if err != nil || address.Zone() != "" {
			return "", errOrigin
		}
		if host = address.String(); !IsLoopback(host) {
			return "[" + host + "]", nil
		}
	}
	if IsLoopback(host) {
		return "localhost", nil
	}
	if strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" || host == "" {
		return "", errOrigin
	}
	return host, nil
}

var errOrigin = Errorf(CodeMalformed, "a relay's address looks like https://relay.example or http://localhost:7900")

// IsLoopback reports whether a host (without brackets) is one of the three names of this machine: localhost, 127.0.0.1, ::1.
func IsLoopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}
