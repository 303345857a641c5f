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

// How many records of the audit go in one transaction, and how long the relay pauses before the next, so that commits pass.
const (
	recordsAtOnce = 1000
	recordsPause  = 50 * time.Millisecond
)

// retainRecords drops what is too old of the audit, of every mesh, until the relay drains.
func (h *hub) retainRecords(age time.Duration) {
	if age <= 0 {
		return
	}
	ticker := time.NewTicker(agedEvery)
	defer ticker.Stop()
	for {
		before := uint64(max(time.Now().Add(-age).UnixMilli(), 0))
		dropped, err := h.store.DropRecords(context.Background(), before, recordsAtOnce)
		if err != nil {
			h.log.Error("old records of the audit could not be dropped", "error", err)
		}
		h.meters.records.Add(dropped)
		next := ticker.C
		if dropped > 0 {
			next = time.After(recordsPause)
		}
		select {
		case <-h.stop:
			return
		case <-next:
		}
	}
}

// wake loads a mesh that is not in memory.
func (h *hub) wake(id wire.MeshID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, _ = h.mesh(id) // refused: the relay drains
}
