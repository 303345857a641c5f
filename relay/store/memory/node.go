package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// Node is a store.Shared: one of several relays on one store in memory. Its lease has no time; Lose takes it.
type Node struct {
	*Store
	disk  *sharedDisk
	id    mesh.NodeID
	moved chan struct{} // holds a token while there is something for Moved to tell
	told  map[wire.MeshID]bool
	all   bool
}

var (
	_ store.Shared     = (*Node)(nil)
	_ store.SharedRows = (*sharedDisk)(nil)
)

// NewNode is the first node of an empty store, opened at a time.
func NewNode(now time.Time) *Node { return newNode(newSharedDisk(), now) }

func newNode(d *sharedDisk, now time.Time) *Node {
	n := &Node{Store: open(d.disk, d, now), disk: d, moved: make(chan struct{}, 1), told: make(map[wire.MeshID]bool)}
	n.join()
	return n
}

// Beside opens another node on the same store, at a time.
func (n *Node) Beside(now time.Time) *Node {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	return newNode(n.disk, now)
}

// Reopen ends this node as a crash would, so that the others hear of it at once, and opens a new one at a time, without faults.
func (n *Node) Reopen(now time.Time) *Node {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	n.closed = true
	n.leave()
	return newNode(n.disk, now)
}

// Lose takes the node's lease, as if the others had not heard of it for too long.
func (n *Node) Lose() {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	n.leave()
	n.wake()
}

// Close implements store.Store. The others hear of it at once.
func (n *Node) Close() error {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	n.closed = true
	n.leave()
	n.wake()
	return nil
}

func (n *Node) join() {
	n.disk.last++
	n.id = n.disk.last
	n.disk.nodes[n.id] = n
}

func (n *Node) runs() bool { return n.disk.nodes[n.id] == n }

func (n *Node) leave() {
	if !n.runs() {
		return
	}
	delete(n.disk.nodes, n.id)
	n.disk.clock++
	n.disk.lost[n.id] = n.disk.clock
	for _, other := range n.disk.nodes {
		other.all = true
		other.wake()
	}
}

func (n *Node) wake() {
	select {
	case n.moved <- struct{}{}:
	default:
	}
}

// Node implements store.Shared.
func (n *Node) Node() mesh.NodeID {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	return n.id
}

// Join implements store.Shared.
func (n *Node) Join(context.Context) error {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if n.closed {
		return errClosed
	}
	if !n.runs() {
		n.join()
	}
	return nil
}

// Commit implements store.Store. What was changed is told to the other nodes.
func (n *Node) Commit(_ context.Context, batches []mesh.Batch) ([][]mesh.Verdict, error) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if !n.closed && !n.runs() {
		return nil, store.ErrNodeLost
	}
	n.disk.clock++
	n.disk.writer = n.id
	verdicts, err := n.commit(batches)
	for _, other := range n.disk.nodes {
		if other != n {
			for _, batch := range batches {
				other.told[batch.Mesh] = true
			}
			other.wake()
		}
	}
	return verdicts, err
}

// Load implements store.Store.
func (n *Node) Load(_ context.Context, id wire.MeshID) (mesh.Snapshot, error) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	snapshot, err := n.load(id)
	snapshot.Mark, snapshot.Nodes = n.disk.clock, slices.Sorted(maps.Keys(n.disk.nodes))
	return snapshot, err
}

// Elsewhere implements store.Shared.
func (n *Node) Elsewhere(_ context.Context, id wire.MeshID, since mesh.Mark) (mesh.Elsewhere, error) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if n.closed {
		return mesh.Elsewhere{}, errClosed
	}
	return n.disk.since(id, since, n.id)
}

// Moved implements store.Shared.
func (n *Node) Moved(ctx context.Context) ([]wire.MeshID, bool, error) {
	for {
		n.disk.mu.Lock()
		all := n.all
		meshes := slices.Collect(maps.Keys(n.told))
		n.all = false
		clear(n.told)
		closed, lost := n.closed, !n.runs()
		n.disk.mu.Unlock()
		switch {
		case closed:
			<-ctx.Done() // a failure is told after a pause
			return nil, false, errClosed
		case lost:
			return nil, false, store.ErrNodeLost
		case all || len(meshes) > 0:
			return meshes, all, nil
		}
		select {
		case <-n.moved:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
}
