package mesh_test

import (
	"testing"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// TestPageAllocations: a page takes its room at once, whatever it holds, and none where it is given enough. Under the race
// detector slices.Grow allocates twice.
func TestPageAllocations(t *testing.T) {
	device := wire.DeviceID{7}
	header := func(kind wire.Kind) []byte {
		return wire.AppendHeader(nil, wire.Header{Kind: kind, Epoch: 1, Counter: 1, Recipients: [][wire.IDSize]byte{{1}}})
	}
	stanzas := []wire.Stanza{{Device: device}}
	direct := wire.AppendEnvelope(nil, header(wire.KindDirect), new([wire.CommitmentSize]byte), new([wire.NonceSize]byte), stanzas, nil)
	topic := wire.AppendEnvelope(nil, header(wire.KindTopic), nil, new([wire.NonceSize]byte), nil, nil)
	for name, c := range map[string]struct {
		stream wire.Stream
		entry  []byte
	}{
		"direct":    {wire.Stream{Kind: wire.StreamInbox}, direct},
		"topic":     {wire.Stream{Kind: wire.StreamTopic}, topic},
		"statement": {wire.Stream{Kind: wire.StreamRoster}, []byte{1}},
	} {
		page := &mesh.Page{Entries: make([]mesh.Entry, 1000)}
		for i := range page.Entries {
			page.Entries[i].Bytes = c.entry
		}
		var room []byte
		var err error
		appending := func() { room, err = mesh.AppendPage(room[:0], c.stream, device, page) }
		appending()
		if n := testing.AllocsPerRun(10, appending); n > 0 || err != nil {
			t.Errorf("%s: a page into a buffer that had one allocates %v times (%v)", name, n, err)
		}
		if n := testing.AllocsPerRun(10, func() { room = nil; appending() }); n > 2 || err != nil {
			t.Errorf("%s: a page without a buffer allocates %v times (%v)", name, n, err)
		}
	}
}
