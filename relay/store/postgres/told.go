package postgres

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

const (
	channel = "claudemesh_moved"
	// tellEvery is the least time between two notifications of a node: what it commits in between is told of together.
	tellEvery = 4 * time.Millisecond
	// maxTold is what a notification holds at most, in bytes: the server takes less than 8000.
	maxTold = 7999
	// everyMesh is told in place of more meshes than a notification holds.
	everyMesh = "all"
)

// told are the meshes that this node wrote to, of which the others are not told yet.
type told struct {
	wake chan struct{} // holds one where there are any

	mu     sync.Mutex
	meshes map[wire.MeshID]struct{}
}

func (t *told) add(ids []wire.MeshID) {
	if len(ids) == 0 {
		return
	}
	t.mu.Lock()
	if t.meshes == nil {
		t.meshes = make(map[wire.MeshID]struct{})
	}
	for _, id := range ids {
		t.meshes[id] = struct{}{}
	}
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func (t *told) take() map[wire.MeshID]struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	meshes := t.meshes
	t.meshes = nil
	return meshes
}

// notice is the text of a notification: the node that wrote, and meshes by their ids, or all.
func notice(node mesh.NodeID, meshes map[wire.MeshID]struct{}) string {
	b := strconv.AppendUint(nil, uint64(node), 10)
	head := len(b)
	for id := range meshes {
		text := id.String()
		if len(b)+1+len(text) > maxTold {
			return string(b[:head]) + " " + everyMesh
		}
		b = append(append(b, ' '), text...)
	}
	return string(b)
}

// notify tells the other nodes, outside of every transaction that they wait for: the server lets one transaction with a
// notification end at a time.
func notify(ctx context.Context, conn *pgx.Conn, node mesh.NodeID, meshes map[wire.MeshID]struct{}) error {
	_, err := conn.Exec(ctx, "SELECT pg_notify($1, $2)", channel, notice(node, meshes))
	return err
}

// listen hands the notifications of other nodes to moves, until the connection fails.
func (s *Store) listen(ctx context.Context, conn *pgx.Conn, self mesh.NodeID) error {
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		s.heard(n.Payload, self)
	}
}

// heard takes one notification. One that cannot be read may have told of anything.
func (s *Store) heard(text string, self mesh.NodeID) {
	words := strings.Fields(text)
	if len(words) > 0 && words[0] == strconv.FormatUint(uint64(self), 10) {
		return
	}
	var ids []wire.MeshID
	for _, word := range words[min(1, len(words)):] {
		var id wire.MeshID
		if id.UnmarshalText([]byte(word)) != nil {
			s.moves.everything()
			return
		}
		ids = append(ids, id)
	}
	s.moves.add(ids...)
}
