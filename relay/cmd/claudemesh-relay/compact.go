package main

import (
	"fmt"

	"claudemesh.com/mesh/relay/store/sqlite"
)

type compact struct {
	Dir string `arg:"" type:"path" help:"The relay's data folder. No relay may run on it."`
}

// Run gives the room of what was dropped back to the disk.
func (c *compact) Run(o *outside) error {
	if isAddress(c.Dir) {
		return usageError("PostgreSQL makes room again by itself (autovacuum), and gives it back to the disk with VACUUM FULL")
	}
	before, after, err := sqlite.Compact(c.Dir, func(need int64) error {
		if free, known := freeBytes(c.Dir); known && free < float64(need) {
			return fmt.Errorf("the new file takes up to %d bytes beside the old one, and %.0f are free. Make room; or back up to another disk, and restore to a new folder", need, free)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("compacting %s: %w", c.Dir, err)
	}
	_, err = fmt.Fprintf(o.stdout, "%s had %d bytes and has %d: %d came back\n", sqlite.Path(c.Dir), before, after, before-after)
	return err
}
