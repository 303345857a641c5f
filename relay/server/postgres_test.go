//go:build unix

package server_test

import (
	"testing"
	"time"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/store/postgres"
	"claudemesh.com/mesh/relay/store/postgres/postgrestest"
)

func TestProtocolOnPostgres(t *testing.T) {
	protocoltest.Run(t, start(t, openPostgres(t, postgrestest.Start(t).Database(t)), nil).Target)
}

// TestProtocolOnPostgresNodes: whoever comes to the next of two relays each time sees one.
func TestProtocolOnPostgresNodes(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	protocoltest.Run(t, startNodes(t, openPostgres(t, address), openPostgres(t, address)).Target)
}

func openPostgres(t *testing.T, address string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), address, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
