package peer

import (
	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
)

// keys are the answers of the device's private keys, and what waits for them. Keys answer late (WebCrypto), so nothing
// here calls them: wants go out, answers come in as inputs.
type keys struct {
	ref     uint64
	signing map[uint64]func(signature []byte, err error)
	shared  map[[identity.KeySize]byte]identity.SharedKey
	asked   map[[identity.KeySize]byte]bool
	bad     map[[identity.KeySize]byte]*wire.Error
}

func newKeys() keys {
	return keys{
		signing: map[uint64]func([]byte, error){},
		shared:  map[[identity.KeySize]byte]identity.SharedKey{},
		asked:   map[[identity.KeySize]byte]bool{},
		bad:     map[[identity.KeySize]byte]*wire.Error{},
	}
}

// sign asks for a signature; then runs when it is there.
func (c *Core) sign(message []byte, then func(signature []byte, err error)) {
	c.keys.ref++
	c.keys.signing[c.keys.ref] = then
	c.output(WantSignature{Ref: c.keys.ref, Message: message})
}

func (c *Core) handleSigned(in Signed) {
	then := c.keys.signing[in.Ref]
	if then == nil {
		return
	}
	delete(c.keys.signing, in.Ref)
	then(in.Signature, in.Err)
}

// sharedKey is the key with another device's Box key. Where ready is false it was asked for, and pump comes by again when it
// is there; err is set where the keys cannot make it.
func (c *Core) sharedKey(box [identity.KeySize]byte) (key identity.SharedKey, ready bool, err *wire.Error) {
	if key, ready = c.keys.shared[box]; ready {
		return key, true, nil
	}
	if err := c.keys.bad[box]; err != nil {
		return key, true, err
	}
	if !c.keys.asked[box] {
		c.keys.asked[box] = true
		c.output(WantSharedKey{Box: box})
	}
	return key, false, nil
}

// keyFailed reports whether it was the keys that failed, and not the other device's key that is unsafe. Nothing is judged by
// that: the connection ends, and everything is asked again on the next.
func (c *Core) keyFailed(problem *wire.Error) bool {
	if problem.Code == wire.CodeBadKey {
		return false
	}
	c.hangUp(problem, 0, false)
	return true
}

func (c *Core) handleShared(in Shared) {
	delete(c.keys.asked, in.Box)
	if in.Err != nil {
		c.keys.bad[in.Box] = wire.AsError(in.Err)
		return
	}
	c.keys.shared[in.Box] = in.Key
}
