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
	s, err := postgres.Open(t.Context(), postgrestest.Start(t).Database(t), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	protocoltest.Run(t, start(t, s, nil).Target)
}
