//go:build unix

package main

import (
	"strings"
	"testing"

	"claudemesh.com/mesh/relay/store/postgres/postgrestest"
	"claudemesh.com/mesh/shared/wire"
)

// TestNodesUnderLoad: of three nodes one is killed, one is cut off from the database and joins again, and the database is
// killed and comes back, while many talk across them. Nothing that was accepted is lost, everything comes once and in
// order, and cursors are where they were stored.
func TestNodesUnderLoad(t *testing.T) {
	database := postgrestest.Start(t)
	address := database.Database(t)
	proxy := database.Proxy(t, address)
	c := startCluster(t, address, address, proxy.Address())
	crowd := newCrowd(t, c.target, seed(), 2, 6, wire.CodeUnavailable, wire.CodeDraining, wire.CodeSuperseded)
	crowd.round(200, c.nodes[0].Kill)
	c.nodes[0].Kill()
	crowd.round(200, func() { c.start(0, address) })
	crowd.round(200, proxy.Cut)
	c.ready(2, false)
	crowd.round(200, proxy.Mend)
	crowd.round(200, func() { c.ready(2, true) })
	crowd.round(200, func() {
		database.Kill(t)
		for i := range c.nodes {
			c.ready(i, false)
		}
		database.Restart(t)
		for i := range c.nodes {
			c.ready(i, true)
		}
	})
	crowd.round(100, func() {})
	crowd.finish()
	crowd.cursors(cursorsIn(t, address))
	for i, n := range c.nodes {
		if err := n.Stop(); err != nil {
			t.Errorf("node %d: %v", i, err)
		}
		if strings.Contains(n.Log(), "a%20secret") || strings.Contains(n.Log(), "a secret") {
			t.Errorf("node %d tells the password of the database: %s", i, n.Log())
		}
	}
}
