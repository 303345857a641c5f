package sqlite

import (
	"testing"
	"time"

	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t testing.TB, now time.Time, before store.Store) store.Store {
		dir := t.TempDir()
		if before != nil {
			dir = before.(*Store).dir
		}
		s, err := Open(dir, now)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
