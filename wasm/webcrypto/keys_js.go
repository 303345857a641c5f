package webcrypto

import (
	"context"
	"errors"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/jsvalue"
)

const (
	signing = "Ed25519"
	sealing = "X25519"
)

// Keys are a device's keys. They do not change after they were made.
type Keys struct {
	// sign and box are CryptoKeys, the private halves.
	sign, box safejs.Value
	public    identity.Public
}

var _ identity.Keys = (*Keys)(nil)

// Generate makes a device's keys, which cannot be extracted.
func Generate(ctx context.Context) (*Keys, error) {
	k := new(Keys)
	var err error
	if k.sign, err = generate(ctx, signing, k.public.Sign[:], "sign", "verify"); err != nil {
		return nil, err
	}
	if k.box, err = generate(ctx, sealing, k.public.Box[:], "deriveBits"); err != nil {
		return nil, err
	}
	return k, k.public.Check()
}

func generate(ctx context.Context, algorithm string, public []byte, usages ...any) (private safejs.Value, err error) {
	const extractable = false
	pair, err := call(ctx, "generateKey", map[string]any{"name": algorithm}, extractable, usages)
	if err != nil {
		return safejs.Value{}, err
	}
	key, err := pair.Get("publicKey")
	if err != nil {
		return safejs.Value{}, err
	}
	if err := fill(ctx, public, "exportKey", "raw", key); err != nil {
		return safejs.Value{}, err
	}
	return pair.Get("privateKey")
}

// Object is what IndexedDB stores of the keys: the two CryptoKeys and the device record.
func (k *Keys) Object() (safejs.Value, error) {
	record, err := jsvalue.FromBytes(k.public.Record())
	if err != nil {
		return safejs.Value{}, err
	}
	return safejs.ValueOf(map[string]any{
		"sign":   safejs.Unsafe(k.sign),
		"box":    safejs.Unsafe(k.box),
		"record": safejs.Unsafe(record),
	})
}

var errNotKeys = wire.Errorf(wire.CodeStorage, "What this browser stored as this device's keys are no keys.")

// FromObject takes keys that Object gave back into use; anything else is wire.CodeStorage.
func FromObject(object safejs.Value) (*Keys, error) {
	k := new(Keys)
	record, err := object.Get("record")
	if err != nil {
		return nil, errors.Join(errNotKeys, err)
	}
	b, err := jsvalue.Bytes(record, identity.RecordSize)
	if err != nil {
		return nil, errors.Join(errNotKeys, err)
	}
	if k.public, err = identity.ParsePublic(b); err != nil {
		return nil, err
	}
	if k.sign, err = privateKey(object, "sign", signing); err != nil {
		return nil, err
	}
	k.box, err = privateKey(object, "box", sealing)
	return k, err
}

// privateKey reads a CryptoKey and holds it to what Generate makes, so that no other key is ever used as a device's.
func privateKey(object safejs.Value, field, algorithm string) (safejs.Value, error) {
	key, err := object.Get(field)
	if err != nil || key.Type() != safejs.TypeObject {
		return safejs.Value{}, errors.Join(errNotKeys, err)
	}
	kind, err := text(key, "type")
	if err != nil {
		return safejs.Value{}, err
	}
	details, err := key.Get("algorithm")
	if err != nil || details.Type() != safejs.TypeObject {
		return safejs.Value{}, errors.Join(errNotKeys, err)
	}
	name, err := text(details, "name")
	if err != nil {
		return safejs.Value{}, err
	}
	extractable, err := key.Get("extractable")
	if err != nil {
		return safejs.Value{}, err
	}
	if open, err := extractable.Bool(); err != nil || open || kind != "private" || name != algorithm {
		return safejs.Value{}, errors.Join(errNotKeys, err)
	}
	return key, nil
}

func text(object safejs.Value, field string) (string, error) {
	value, err := object.Get(field)
	if err != nil || value.Type() != safejs.TypeString {
		return "", errors.Join(errNotKeys, err)
	}
	return value.String()
}

// Public is the device's record.
func (k *Keys) Public() identity.Public { return k.public }

// Sign makes the Ed25519 signature of message.
func (k *Keys) Sign(ctx context.Context, message []byte) ([]byte, error) {
	data, err := jsvalue.FromBytes(message)
	if err != nil {
		return nil, err
	}
	signature := make([]byte, identity.SignatureSize)
	return signature, fill(ctx, signature, "sign", signing, k.sign, data)
}

// SharedKey is box_beforenm with another device's sealing key. An unsafe key is wire.CodeBadKey.
func (k *Keys) SharedKey(ctx context.Context, box [identity.KeySize]byte) (identity.SharedKey, error) {
	if err := identity.CheckBox(box); err != nil {
		return identity.SharedKey{}, err
	}
	raw, err := jsvalue.FromBytes(box[:])
	if err != nil {
		return identity.SharedKey{}, err
	}
	other, err := call(ctx, "importKey", "raw", raw, map[string]any{"name": sealing}, false, []any{})
	if err != nil {
		return identity.SharedKey{}, err
	}
	var point [identity.KeySize]byte
	algorithm := map[string]any{"name": sealing, "public": other}
	// WebCrypto itself refuses a product of zero, with an OperationError; AfterCurve does so for one that does not.
	if err := fill(ctx, point[:], "deriveBits", algorithm, k.box, 8*len(point)); err != nil {
		if jsvalue.NameOf(err) == "OperationError" {
			return identity.SharedKey{}, wire.Refuse(wire.CodeBadKey)
		}
		return identity.SharedKey{}, err
	}
	defer clear(point[:])
	return identity.AfterCurve(point)
}
