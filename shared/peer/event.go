package peer

import "claudemesh.com/mesh/shared/wire"

// EventKind tells what an Event is about.
type EventKind string

// The kinds of events.
const (
	// EventMesh: something of MeshView changed.
	EventMesh EventKind = "mesh"
	// EventMessage: a message is new in the log, or its state changed.
	EventMessage EventKind = "message"
	// EventConnection: Connection or Problem changed.
	EventConnection EventKind = "connection"
	// EventStorage: the store failed; Problem says how.
	EventStorage EventKind = "storage"
)

// Event is something a program may want to show. It comes after what it tells of is durable.
type Event struct {
	Kind       EventKind
	Mesh       wire.MeshID
	Message    *MessageView
	IsNew      bool
	Connection Connection
	Problem    *wire.Error
}
