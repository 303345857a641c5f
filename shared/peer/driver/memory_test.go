package driver_test

import (
	"errors"
	"testing"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/peer/driver/storetest"
)

func TestMemory(t *testing.T) {
	storetest.Run(t, func() driver.Store { return driver.NewMemory() })
}

func TestMemoryFault(t *testing.T) {
	broken := errors.New("broken")
	for _, after := range []bool{false, true} {
		m := driver.NewMemory()
		m.Fault = func(done bool) error {
			if done == after {
				return broken
			}
			return nil
		}
		err := m.Commit(t.Context(), []peer.Op{{Bucket: peer.BucketMeta, Key: []byte("k"), Value: []byte("v")}})
		if !errors.Is(err, broken) {
			t.Errorf("Commit gives %v", err)
		}
		got, _ := m.Get(t.Context(), peer.BucketMeta, []byte("k"))
		if carried := got != nil; carried != after {
			t.Errorf("failing with done %v: carried out is %v", after, carried)
		}
	}
}
