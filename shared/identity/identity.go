// Package identity is a device's keys: what others see of them, what the device does with them, and when a key is refused
// (docs/PROTOCOL.md, section 2).
//
// A device makes two independent key pairs for each mesh, Ed25519 to sign and X25519 to seal. Whoever works with a device's
// private half does it through Keys; Software holds it in memory, the browser's implementation leaves it in WebCrypto.
//
// What it does not do: store keys, know who a device belongs to, or seal anything.
package identity

import (
	"context"

	"claudemesh.com/mesh/shared/wire"
)

// KeySize is the size in bytes of every public key and of a shared key.
const KeySize = 32

// RecordSize is the size in bytes of a device record: suite u8 ‖ sign 32 ‖ box 32.
const RecordSize = 1 + 2*KeySize

// Public is what a device shows of itself: its Ed25519 key (Sign) and its X25519 key (Box).
type Public struct {
	Sign [KeySize]byte
	Box  [KeySize]byte
}

// ParsePublic reads a device record. It refuses another length (wire.CodeMalformed), another suite (wire.CodeUnsupported)
// and unsafe keys (wire.CodeBadKey).
func ParsePublic(record []byte) (Public, error) {
	r := wire.NewReader(record)
	suite := r.U8()
	var p Public
	r.Fill(p.Sign[:])
	r.Fill(p.Box[:])
	if err := r.Done("a device record"); err != nil {
		return Public{}, err
	}
	if suite != wire.Suite {
		return Public{}, wire.Errorf(wire.CodeUnsupported, "a device record has a suite that this version does not know")
	}
	if err := p.Check(); err != nil {
		return Public{}, err
	}
	return p, nil
}

// Check refuses keys that CheckSign or CheckBox refuses.
func (p Public) Check() error {
	if err := CheckSign(p.Sign); err != nil {
		return err
	}
	return CheckBox(p.Box)
}

// Record is the device record.
func (p Public) Record() []byte {
	record := make([]byte, 0, RecordSize)
	record = append(record, wire.Suite)
	record = append(record, p.Sign[:]...)
	return append(record, p.Box[:]...)
}

// DeviceID is the hash of the device record.
func (p Public) DeviceID() wire.DeviceID { return wire.HashOf("device-id", p.Record()) }

// Keys is what a device can do with its private keys. Implementations may be slow and asynchronous (WebCrypto), so nothing
// that must not wait calls them. They may be called from several goroutines at once.
type Keys interface {
	Public() Public
	// Sign makes the 64-byte Ed25519 signature of a message that carries its own domain already.
	Sign(ctx context.Context, message []byte) ([]byte, error)
	// SharedKey is box_beforenm with another device's Box key; an unsafe key is refused with wire.CodeBadKey.
	SharedKey(ctx context.Context, box [KeySize]byte) (SharedKey, error)
}
