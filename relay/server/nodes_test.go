package server_test

import (
	"testing"
	"time"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/store/memory"
)

// TestProtocolOnNode: a relay that could have others beside it keeps to the protocol.
func TestProtocolOnNode(t *testing.T) {
	protocoltest.Run(t, start(t, memory.NewNode(time.Now()), nil).Target)
}
