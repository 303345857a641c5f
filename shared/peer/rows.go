package peer

import (
	"encoding/binary"
	"fmt"

	"claudemesh.com/mesh/shared/wire"
)

// Keys of BucketMeta.
const (
	metaIdentity   = "identity"
	metaEnrollment = "enrollment"
	metaRing       = "ring"
	metaCounter    = "counter"
	metaArrival    = "arrival"
	metaShown      = "shown"
	metaReturned   = "returned"
	metaAsk        = "ask " // and the message's id
)

// identityRow is what a device knows of itself before it knows the roster.
type identityRow struct {
	Version int         `json:"v"`
	Mesh    wire.MeshID `json:"mesh"`
	// Relay is the relay's address as it was typed: where to dial. Hellos sign its canonical form.
	Relay string `json:"relay"`
	// Name is the display name that the person chose; the own profile is made to follow it.
	Name string `json:"name"`
}

const identityVersion = 1

func u64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

func parseU64(b []byte) (uint64, error) {
	if len(b) != 8 {
		return 0, fmt.Errorf("a row holds %d bytes instead of a number", len(b))
	}
	return binary.BigEndian.Uint64(b), nil
}

func encode(v any) []byte {
	b, err := wire.EncodeJSON(v)
	if err != nil {
		panic("peer: " + err.Error())
	}
	return b
}

// messageKey is a message's key in BucketMessage, BucketState and BucketUnread: conversation ‖ 0 ‖ seq.
func messageKey(conversation ConversationID, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(conversation), 0), seq)
}

// MessagesRange are the keys of a conversation's messages in BucketMessage with a seq below before (0: all): from ≤ key < to.
func MessagesRange(conversation ConversationID, before uint64) (from, to []byte) {
	from = append([]byte(conversation), 0)
	if before == 0 {
		return from, append([]byte(conversation), 1)
	}
	return from, messageKey(conversation, before)
}

// splitMessageKey is messageKey backwards.
func splitMessageKey(key []byte) (conversation ConversationID, seq uint64, err error) {
	n := len(key) - 9
	if n < 1 || key[n] != 0 {
		return "", 0, fmt.Errorf("a row's key names no message")
	}
	return ConversationID(key[:n]), binary.BigEndian.Uint64(key[n+1:]), nil
}

// ArrivalRange are the keys of BucketArrival behind a number.
func ArrivalRange(after uint64) (from []byte) { return u64(after + 1) }

// ParseArrival reads a key of BucketArrival.
func ParseArrival(key []byte) (uint64, error) { return parseU64(key) }

// ParseMessage reads a row of BucketMessage and what BucketState holds under the same key (nil: nothing).
func ParseMessage(row, state []byte) (MessageView, error) {
	var m MessageView
	if err := wire.DecodeKnownJSON(row, &m); err != nil {
		return m, fmt.Errorf("reading a stored message: %w", err)
	}
	if state != nil {
		m.State = Delivery(state)
	}
	return m, nil
}

// metaKey is a key of BucketMeta.
func metaKey(name string) []byte { return []byte(name) }
