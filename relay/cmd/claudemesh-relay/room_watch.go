package main

import (
	"context"
	"log/slog"
	"time"
)

// roomEvery is how often it is looked how much room there is.
const roomEvery = time.Minute

// roomWatch warns of a disk that is almost full, before the relay can write nothing any more.
type roomWatch struct {
	free  func() (bytes float64, known bool)
	least size // below it there is a warning; 0: never
	log   *slog.Logger

	low bool // was warned of
}

// look warns once each time that there is too little room, and tells when there is enough again.
func (w *roomWatch) look() {
	free, known := w.free()
	low := known && free < float64(w.least)
	switch {
	case low && !w.low:
		w.log.Warn("the disk is almost full. When it is, the relay accepts nothing until there is room again", "free_bytes", int64(free), "warn_free", w.least.String())
	case known && !low && w.low:
		w.log.Info("the disk has room again", "free_bytes", int64(free))
	}
	w.low = low
}

// until looks now and then until ctx ends.
func (w *roomWatch) until(ctx context.Context) {
	ticker := time.NewTicker(roomEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.look()
		}
	}
}
