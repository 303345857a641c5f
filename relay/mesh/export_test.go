package mesh

import "fmt"

// Remains tells what a core holds beside its roster: for tests that look for what was left behind.
func (c *Core) Remains() string {
	live, tracked, kept, waiting, spoken := 0, 0, c.kept, 0, 0
	for _, s := range c.leases {
		if s.conn != nil {
			spoken++
		}
	}
	for _, s := range c.streams {
		live += len(s.live)
		tracked += len(s.watched)
		kept += len(s.recent) + s.catching
	}
	for _, d := range c.devices {
		waiting += len(d.conns)
	}
	if tracked != c.tracked {
		return fmt.Sprintf("%d sends are tracked and %d counted", tracked, c.tracked)
	}
	return fmt.Sprintf("%d connections, %d of devices, %d live, %d kept, %d sessions held", len(c.conns)+len(c.welcomed)+len(c.unheard), waiting, live, kept, spoken)
}
