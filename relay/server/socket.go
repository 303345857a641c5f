package server

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/coder/websocket"

	"claudemesh.com/mesh/relay/api"
	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// socketHandler is GET /ws?mesh=<mesh id> (docs/PROTOCOL.md, section 9).
func (h *hub) socketHandler(c api.Config) http.Handler {
	admits := api.LimitUpgrades(c)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := checkUpgrade(r, c.Origins)
		if err == nil {
			err = h.takes()
		}
		if err != nil {
			api.WriteError(w, err)
			return
		}
		if !admits(w, r) {
			return
		}
		from := api.Network(c.Address(r))
		if !h.crowd.enter(from) {
			refuseCrowd(w)
			return
		}
		hijacked := &hijacker{ResponseWriter: w, limit: h.output + controlRoom}
		ws, err := websocket.Accept(hijacked, r, &websocket.AcceptOptions{
			Subprotocols:       []string{wire.Subprotocol},
			InsecureSkipVerify: true, // checkUpgrade looked at the Origin
			CompressionMode:    websocket.CompressionDisabled,
		})
		if err != nil {
			h.log.Debug("an upgrade failed", "error", err)
			h.crowd.leave(from)
			return
		}
		ws.SetReadLimit(-1) // conn.read has limits of its own, and a code for them
		h.open(id, &conn{
			id: mesh.ConnID(h.lastConn.Add(1)), from: from, ws: ws, pipe: hijacked.pipe,
			outputLimit: h.output, input: newBudget(inputLimit), hub: h,
		})
	})
}

func checkUpgrade(r *http.Request, origins api.Origins) (wire.MeshID, error) {
	var id wire.MeshID
	if r.Method != http.MethodGet {
		return id, wire.Refuse(wire.CodeMethodNotAllowed)
	}
	if _, ok := origins.Allowed(r.Header); !ok {
		return id, wire.Errorf(wire.CodeForbidden, "Pages of this origin may not use this relay. Its operator can name them with --allow-origin.")
	}
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return id, wire.Errorf(wire.CodeMalformed, "This address takes WebSockets.")
	}
	if !speaks(r.Header, wire.Subprotocol) {
		return id, wire.Errorf(wire.CodeUnsupported, "This relay speaks the WebSocket subprotocol %s.", wire.Subprotocol)
	}
	query := r.URL.Query()
	if len(query) != 1 || len(query["mesh"]) != 1 {
		return id, wire.Errorf(wire.CodeMalformed, "The address of a connection is /ws?mesh=<mesh id>.")
	}
	return id, id.UnmarshalText([]byte(query.Get("mesh")))
}

func speaks(header http.Header, subprotocol string) bool {
	for _, line := range header.Values("Sec-WebSocket-Protocol") {
		if slices.ContainsFunc(strings.Split(line, ","), func(offer string) bool { return strings.TrimSpace(offer) == subprotocol }) {
			return true
		}
	}
	return false
}

// hijacker gives websocket.Accept a pipe in place of the bare connection.
type hijacker struct {
	http.ResponseWriter
	limit int
	pipe  *pipe
}

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, both, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("taking the connection over: %w", err)
	}
	h.pipe = newPipe(c, h.limit)
	// The pipe gathers what is written and reads into buffers that are lent, so neither side needs more than the head of a
	// WebSocket frame here. Where the pipe cannot lend, the reader keeps its buffer, and in it what the peer sent already.
	reader := both.Reader
	if h.pipe.poll != nil {
		early, err := reader.Peek(reader.Buffered())
		if err != nil {
			return nil, nil, fmt.Errorf("taking the connection over: %w", err)
		}
		h.pipe.unread = bytes.Clone(early)
		reader = bufio.NewReaderSize(h.pipe, 16)
	}
	return h.pipe, bufio.NewReadWriter(reader, bufio.NewWriterSize(h.pipe, 16)), nil
}
