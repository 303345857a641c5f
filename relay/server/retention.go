package server

import (
	"context"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// How often it is looked for meshes in which nobody is, but which keep what is too old, and how many are loaded at a time.
const (
	agedEvery  = 10 * time.Minute
	agedAtOnce = 64
)

// retain loads such meshes, whose cores then trim and are forgotten again, until the relay drains. The others need no help.
func (h *hub) retain() {
	if h.config.Keep.Age <= 0 {
		return
	}
	ticker := time.NewTicker(agedEvery)
	defer ticker.Stop()
	for {
		before := uint64(max(time.Now().Add(-h.config.Keep.Age).UnixMilli(), 0))
		ids, err := h.store.Aged(context.Background(), before, agedAtOnce)
		if err != nil {
			h.log.Error("what is too old could not be looked for", "error", err)
		}
		for _, id := range ids {
			h.wake(id)
		}
		select {
		case <-h.stop:
			return
		case <-ticker.C:
		}
	}
}

// wake loads a mesh that is not in memory.
func (h *hub) wake(id wire.MeshID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, _ = h.mesh(id) // refused: the relay drains
}
