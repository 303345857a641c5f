package server

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"claudemesh.com/mesh/relay/api"
	"claudemesh.com/mesh/relay/websocket"
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
		socket, early, err := websocket.Upgrade(w, r, wire.Subprotocol)
		if err != nil {
			h.crowd.leave(from)
			if errors.Is(err, websocket.ErrHandshake) {
				err = wire.Errorf(wire.CodeMalformed, "This is no handshake of WebSockets, version 13.")
				api.WriteError(w, err)
			}
			h.log.Debug("an upgrade failed", "error", err)
			return
		}
		h.open(id, newConn(h, socket, early, from))
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
