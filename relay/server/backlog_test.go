package server_test

import (
	"runtime"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/server"
	"claudemesh.com/mesh/relay/store/sqlite"
	"claudemesh.com/mesh/shared/wire"
)

// What a relay holds while a device that was long away catches up does not grow with what waits for it.
func TestMemoryOfABacklog(t *testing.T) {
	// Both are more than waits for a connection at most; the longer one is 12 MiB longer.
	const size, few, many = 16 << 10, 400, 1_200 // bytes, and envelopes
	const most = 5 << 20
	short, long := drained(t, few, size), drained(t, many, size)
	if more := int64(long) - int64(short); more > most {
		t.Errorf("the relay holds %d bytes while %d envelopes are read, and %d while %d are", short, few, long, many)
	}
}

// drained fills a topic with envelopes and has a peer read them, who pauses now and then. It gives the most bytes that were live.
func drained(t *testing.T, envelopes, size int) (most uint64) {
	s, err := sqlite.Open(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	r := start(t, s, func(c *server.Config) { c.Mesh.Bytes = mesh.Rate{} })
	m := protocoltest.Found(t, r.Target)
	general := wire.GeneralTopic(m.ID)
	writer := m.Connect(t, m.Owner)
	const together = 80
	for n := 0; n < envelopes; n += together {
		var message []byte
		for i := range together {
			message = wire.AppendSend(message, wire.Send{After: uint64(n + i), Envelope: m.Topic(m.Owner, size, general)})
		}
		writer.Write(message)
		for i := range together {
			writer.Accepted(uint64(n + i + 1))
		}
	}
	writer.HangUp()
	r.stop(t)

	// Another relay: what the first one held of the writing is not to be counted.
	r = start(t, s, nil)
	m.Target = r.Target
	const pauses = 8
	reader := m.Connect(t, m.Owner)
	reader.Tail(0, wire.TopicStream(general))
	for n := range envelopes {
		if n%(envelopes/pauses) == 0 {
			most = max(most, live())
		}
		reader.Delivery()
	}
	reader.Live(wire.TopicStream(general))
	reader.HangUp()
	r.stop(t)
	return most
}

// live is how many bytes of the heap are in use.
func live() uint64 {
	runtime.GC()
	runtime.GC() // the first leaves what lies in pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
