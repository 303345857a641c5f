package websocket

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
)

// ErrHandshake is what Upgrade gives for a request that is no handshake of RFC 6455; nothing was answered then.
var ErrHandshake = errors.New("the request is no WebSocket handshake")

// Upgrade answers a client's handshake and takes the connection over. early is what the client sent behind it, which is to be
// read before the connection. The caller looked at the Origin and chose the subprotocol among those that the client offers.
func Upgrade(w http.ResponseWriter, r *http.Request, subprotocol string) (c net.Conn, early []byte, err error) {
	if r.Method != http.MethodGet || !r.ProtoAtLeast(1, 1) || r.Header.Get("Sec-WebSocket-Version") != "13" ||
		!has(r.Header, "Connection", "Upgrade") || !has(r.Header, "Upgrade", "websocket") {
		return nil, nil, ErrHandshake
	}
	keys := r.Header.Values("Sec-WebSocket-Key")
	if len(keys) != 1 {
		return nil, nil, ErrHandshake
	}
	key := strings.TrimSpace(keys[0])
	if nonce, err := base64.StdEncoding.DecodeString(key); err != nil || len(nonce) != 16 {
		return nil, nil, ErrHandshake
	}
	h := w.Header()
	h.Set("Connection", "Upgrade")
	h.Set("Upgrade", "websocket")
	h.Set("Sec-WebSocket-Accept", accept(key))
	if subprotocol != "" {
		h.Set("Sec-WebSocket-Protocol", subprotocol)
	}
	w.WriteHeader(http.StatusSwitchingProtocols)
	c, both, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("taking the connection over: %w", err)
	}
	received, err := both.Reader.Peek(both.Reader.Buffered())
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("taking the connection over: %w", err), c.Close())
	}
	return c, bytes.Clone(received), nil
}

// accept is what answers a client's key (RFC 6455, section 4.2.2).
func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// has looks for a token in a header that is a list.
func has(header http.Header, name, token string) bool {
	for _, line := range header.Values(name) {
		if slices.ContainsFunc(strings.Split(line, ","), func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), token) }) {
			return true
		}
	}
	return false
}
