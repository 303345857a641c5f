package api

// Event is something that the page is told; each is one form of PeerEvent in wasm/peer.d.ts. The form `restarted` is not
// among them: the worker tells it, which sees the program end.
type Event interface{ event() }

type (
	// MeshesEvent: the list of meshes changed.
	MeshesEvent struct {
		Type string `json:"type"`
	}
	// MeshEvent: a mesh's state changed.
	MeshEvent struct {
		Type   string `json:"type"`
		MeshID string `json:"meshId"`
	}
	// MessageEvent: a message is new in the log (IsNew), or its state changed.
	MessageEvent struct {
		Type    string  `json:"type"`
		MeshID  string  `json:"meshId"`
		Message Message `json:"message"`
		IsNew   bool    `json:"isNew"`
	}
	// ConnectionEvent: a mesh's connection changed.
	ConnectionEvent struct {
		Type       string     `json:"type"`
		MeshID     string     `json:"meshId"`
		Connection Connection `json:"connection"`
		Problem    *Problem   `json:"problem"`
	}
	// SupersededEvent: another worker opened the stores.
	SupersededEvent struct {
		Type string `json:"type"`
	}
	// StorageEvent: a store failed, or is gone.
	StorageEvent struct {
		Type    string  `json:"type"`
		Problem Problem `json:"problem"`
	}
	// MarkerEvent: what the page keeps outside the stores changed.
	MarkerEvent struct {
		Type   string `json:"type"`
		Marker string `json:"marker"`
	}
)

func (MeshesEvent) event()     {}
func (MeshEvent) event()       {}
func (MessageEvent) event()    {}
func (ConnectionEvent) event() {}
func (SupersededEvent) event() {}
func (StorageEvent) event()    {}
func (MarkerEvent) event()     {}

func meshesChanged() Event                { return MeshesEvent{"meshes"} }
func meshChanged(mesh string) Event       { return MeshEvent{"mesh", mesh} }
func superseded() Event                   { return SupersededEvent{"superseded"} }
func storageFailed(problem Problem) Event { return StorageEvent{"storage", problem} }
func markerChanged(marker string) Event   { return MarkerEvent{"marker", marker} }

func messageChanged(mesh string, message Message, isNew bool) Event {
	return MessageEvent{"message", mesh, message, isNew}
}

func connectionChanged(mesh string, connection Connection, problem *Problem) Event {
	return ConnectionEvent{"connection", mesh, connection, problem}
}
