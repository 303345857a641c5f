package driver

import (
	"context"
	"net/url"
	"strings"

	"claudemesh.com/mesh/shared/wire"
)

// maxAnswer bounds an HTTP answer, in bytes.
const maxAnswer = 1 << 20

// relayAddress is the address of a relay without a path: where to dial and fetch. The host stays as it was typed, because
// another name of the same machine may be served by another certificate.
func relayAddress(text string) (string, error) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "://") {
		scheme := "https://"
		if u, err := url.Parse(scheme + text); err == nil && wire.IsLoopback(u.Hostname()) {
			scheme = "http://"
		}
		text = scheme + text
	}
	if _, err := wire.CanonicalOrigin(text); err != nil {
		return "", err
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", wire.Refuse(wire.CodeMalformed)
	}
	scheme := strings.Replace(strings.ToLower(u.Scheme), "ws", "http", 1)
	return scheme + "://" + strings.ToLower(u.Host), nil
}

// SocketURL is where a mesh's connection is dialled.
func SocketURL(relay string, mesh wire.MeshID) string {
	return strings.Replace(relay, "http", "ws", 1) + "/ws?mesh=" + mesh.String()
}

// unreachable makes an error of what a dialer or fetcher says.
func unreachable(err error) *wire.Error {
	if code := wire.CodeOf(err); code != wire.CodeInternal {
		return wire.AsError(err)
	}
	return wire.Errorf(wire.CodeUnreachable, "The relay cannot be reached: %v.", err)
}

// overtime is the error of a context that ended: cancelled as it is, and else that the relay took too long.
func overtime(ctx context.Context) error {
	if ctx.Err() == context.Canceled {
		return ctx.Err()
	}
	return wire.Errorf(wire.CodeUnreachable, "The relay did not answer in time.")
}

// request makes one request; in is sent as JSON where it is not nil, and the answer read into out. Refusals come back as
// the *wire.Error that the relay gave.
func request(ctx context.Context, http HTTP, method, url string, token string, in, out any) error {
	header := map[string]string{"Accept": "application/json"}
	if token != "" {
		header["Authorization"] = "Bearer " + token
	}
	var body []byte
	if in != nil {
		header["Content-Type"] = "application/json"
		var err error
		if body, err = wire.EncodeJSON(in); err != nil {
			return err
		}
	}
	status, answer, err := http.Do(ctx, method, url, header, body)
	if err != nil {
		if ctx.Err() != nil {
			return overtime(ctx)
		}
		return unreachable(err)
	}
	if status >= 200 && status < 300 {
		if err := wire.DecodeJSON(answer, maxAnswer, out); err != nil {
			return wire.Errorf(wire.CodeUnsupported, "What answers at this address is not a claudemesh relay of this version.")
		}
		return nil
	}
	return refusal(status, answer)
}

// refusal reads an error's answer. What is none of the protocol's comes from something between, or from another server.
func refusal(status int, answer []byte) *wire.Error {
	var in struct {
		Error wire.Error `json:"error"`
	}
	if err := wire.DecodeJSON(answer, maxAnswer, &in); err == nil && in.Error.Code != "" {
		return &in.Error
	}
	if status >= 500 {
		return wire.Errorf(wire.CodeUnavailable, "The relay cannot answer just now (HTTP %d). Nothing was lost; try again soon.", status)
	}
	return wire.Errorf(wire.CodeUnreachable, "What answers at this address is not a claudemesh relay of this version (HTTP %d).", status)
}
