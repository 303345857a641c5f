// The tag browser keeps crypto/ecdh, which is 100 kB of a browser's download, out of the program that has WebCrypto instead.
//go:build !browser

package identity

import (
	"context"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/subtle"
	"fmt"
	"io"

	"claudemesh.com/mesh/shared/wire"
)

// Software is Keys held in memory. It does not change after it was made.
type Software struct {
	sign   ed25519.PrivateKey
	box    *ecdh.PrivateKey
	public Public
}

var _ Keys = (*Software)(nil)

// Generate makes a device's keys from 64 bytes of entropy; it fails only where entropy does.
func Generate(entropy io.Reader) (*Software, error) {
	var private Private
	if _, err := io.ReadFull(entropy, private[:]); err != nil {
		return nil, fmt.Errorf("drawing a device's keys: %w", err)
	}
	return Restore(private)
}

// Restore makes the device of a private half that Private gave. One whose seed or scalar is zero is no key but the sign of
// a lost store: wire.CodeBadKey.
func Restore(private Private) (*Software, error) {
	var zero [KeySize]byte
	seed, scalar := private[:KeySize], private[KeySize:]
	if subtle.ConstantTimeCompare(seed, zero[:])|subtle.ConstantTimeCompare(scalar, zero[:]) != 0 {
		return nil, wire.Errorf(wire.CodeBadKey, "a device's private key is empty")
	}
	box, err := ecdh.X25519().NewPrivateKey(scalar)
	if err != nil {
		return nil, wire.Errorf(wire.CodeBadKey, "a device's private key cannot be used")
	}
	s := &Software{sign: ed25519.NewKeyFromSeed(seed), box: box}
	copy(s.public.Sign[:], s.sign[ed25519.SeedSize:])
	copy(s.public.Box[:], box.PublicKey().Bytes())
	return s, nil
}

// Private is what Restore takes. Whoever stores it keeps it from others.
func (s *Software) Private() Private {
	var private Private
	copy(private[:KeySize], s.sign.Seed())
	copy(private[KeySize:], s.box.Bytes())
	return private
}

// Public is the device's record.
func (s *Software) Public() Public { return s.public }

// Sign never fails.
func (s *Software) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(s.sign, message), nil
}

// SharedKey fails for an unsafe key only, with wire.CodeBadKey.
func (s *Software) SharedKey(_ context.Context, box [KeySize]byte) (SharedKey, error) {
	if err := CheckBox(box); err != nil {
		return SharedKey{}, err
	}
	key, err := ecdh.X25519().NewPublicKey(box[:])
	if err != nil {
		return SharedKey{}, errBoxKey
	}
	point, err := s.box.ECDH(key)
	if err != nil {
		return SharedKey{}, errBoxKey
	}
	return AfterCurve([KeySize]byte(point))
}

// Format shows the device's id and nothing of its private half, whatever the verb.
func (s Software) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "device %s", s.public.DeviceID())
}
