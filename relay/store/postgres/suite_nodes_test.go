//go:build unix

package postgres

import (
	"testing"
	"time"

	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/postgres/postgrestest"
	"claudemesh.com/mesh/relay/store/storetest"
)

func TestConformanceOfNodes(t *testing.T) {
	server := postgrestest.Start(t)
	storetest.RunNodes(t, func(t testing.TB, now time.Time, beside store.Shared) store.Shared {
		var address string
		if beside != nil {
			address = beside.(*Store).config.ConnString()
		} else {
			address = server.Database(t)
		}
		s, err := Open(t.Context(), address, func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
