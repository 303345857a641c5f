package main

import (
	"os"
	"path/filepath"

	"claudemesh.com/mesh/relay/metrics"
	"claudemesh.com/mesh/relay/store/sqlite"
)

// showRoom adds how much the database in a folder takes, and how much is free beside it.
func showRoom(r *metrics.Registry, data string) {
	r.Func("gauge", "claudemesh_store_bytes", "Bytes of the database's files.", func() float64 {
		files, _ := filepath.Glob(sqlite.Path(data) + "*") // with its log
		total := int64(0)
		for _, name := range files {
			if info, err := os.Stat(name); err == nil {
				total += info.Size()
			}
		}
		return float64(total)
	})
	if _, ok := freeBytes(data); !ok {
		return
	}
	r.Func("gauge", "claudemesh_disk_free_bytes", "Bytes that the relay can still write where its database is.", func() float64 {
		free, _ := freeBytes(data)
		return free
	})
}
