package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

const (
	// followsAtOnce is how many streams are read at a time for those who are live, because other nodes appended to them.
	followsAtOnce = 16
	// joinAgain is how long after a failure it is tried again to become a node.
	joinAgain = time.Second
)

// errLost ends an actor whose state was this node's, which lost its lease.
var errLost = fmt.Errorf("dropping what was loaded before: %w", store.ErrNodeLost)

// watch tells meshes in memory that other nodes may have changed them, until ctx ends.
func (h *hub) watch(ctx context.Context, shared store.Shared) {
	for {
		ids, all, err := shared.Moved(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, store.ErrNodeLost):
			h.rejoin(ctx, shared)
		case err != nil:
			h.unasked.error("it could not be asked what other nodes changed", "error", err)
		default:
			h.moved(ids, all)
		}
	}
}

func (h *hub) moved(ids []wire.MeshID, all bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if all {
		for _, a := range h.meshes {
			a.post(item{event: &mesh.Event{Kind: mesh.EventMoved}})
		}
		return
	}
	for _, id := range ids {
		if a := h.meshes[id]; a != nil {
			a.post(item{event: &mesh.Event{Kind: mesh.EventMoved}})
		}
	}
}

// rejoin drops every mesh, with its connections, and then makes this process another node.
func (h *hub) rejoin(ctx context.Context, shared store.Shared) {
	h.log.Error("this node lost its lease; it drops everything and joins again", "node", shared.Node())
	h.mu.Lock()
	h.lost = true
	for _, a := range h.meshes {
		a.lost.Store(true)
		a.wake()
	}
	h.mu.Unlock()
	h.actors.Wait()
	unjoined := &seldom{log: h.log}
	for {
		err := shared.Join(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			break
		}
		unjoined.error("this node could not join again", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(joinAgain):
		}
	}
	h.meters.joins.Add(1)
	h.log.Info("this node joined again", "node", shared.Node())
	h.mu.Lock()
	h.lost = false
	h.mu.Unlock()
}

// node is the id of this relay for a mesh that is loaded from now on.
func (h *hub) node() mesh.NodeID {
	if shared, ok := h.store.(store.Shared); ok {
		return shared.Node()
	}
	return 0
}

// askElsewhere carries out an OutputElsewhere.
func (a *actor) askElsewhere(since mesh.Mark) {
	event := mesh.Event{Kind: mesh.EventElsewhere}
	a.hub.meters.looks.Add(1)
	e, err := a.hub.store.(store.Shared).Elsewhere(context.Background(), a.id, since)
	if err != nil {
		a.hub.meters.lookFailures.Add(1)
		a.hub.unasked.error("it could not be asked what other nodes did", "mesh", a.id, "error", err)
		event.Failed = true
	} else {
		event.Elsewhere = &e
	}
	a.post(item{event: &event})
}

// follow carries out an OutputFollow.
func (a *actor) follow(o mesh.Output) {
	a.hub.follows <- struct{}{}
	defer func() { <-a.hub.follows }()
	event := mesh.Event{Kind: mesh.EventFollowed, Tag: o.Tag, Followed: &mesh.Followed{Stream: o.Stream}}
	page, err := a.page(o)
	if n := len(page.Entries); n > 0 {
		a.hub.meters.behind.Observe(max(time.Since(time.UnixMilli(int64(page.Entries[n-1].Time))), 0).Seconds())
	}
	if err != nil {
		a.hub.log.Error("a stream could not be read", "mesh", a.id, "stream", o.Stream.Kind.String(), "error", err)
		event.Failed = true
	} else {
		event.Followed.Page = page
	}
	a.post(item{event: &event})
}
