package jsvalue

import (
	"errors"

	"github.com/hack-pad/safejs"
)

// ErrNotBytes says that a value is neither a Uint8Array nor an ArrayBuffer.
var ErrNotBytes = errors.New("jsvalue: this is neither a Uint8Array nor an ArrayBuffer")

// FromBytes copies b into a new Uint8Array with a buffer of its own.
func FromBytes(b []byte) (safejs.Value, error) {
	class, err := safejs.Global().Get("Uint8Array")
	if err != nil {
		return safejs.Value{}, err
	}
	array, err := class.New(len(b))
	if err != nil {
		return safejs.Value{}, err
	}
	_, err = safejs.CopyBytesToJS(array, b)
	return array, err
}

// Bytes copies a Uint8Array or an ArrayBuffer of at most limit bytes to Go; a longer one is refused before anything is
// allocated.
func Bytes(v safejs.Value, limit int) ([]byte, error) {
	class, err := safejs.Global().Get("Uint8Array")
	if err != nil {
		return nil, err
	}
	isArray, err := v.InstanceOf(class)
	if err != nil {
		return nil, err
	}
	if !isArray {
		buffer, err := safejs.Global().Get("ArrayBuffer")
		if err != nil {
			return nil, err
		}
		if ok, err := v.InstanceOf(buffer); err != nil || !ok {
			return nil, errors.Join(ErrNotBytes, err)
		}
		if v, err = class.New(v); err != nil {
			return nil, err
		}
	}
	n, err := v.Length()
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, ErrTooLong
	}
	b := make([]byte, n)
	_, err = safejs.CopyBytesToGo(b, v)
	return b, err
}

// ErrTooLong says that a value has more bytes than the caller takes.
var ErrTooLong = errors.New("jsvalue: this has more bytes than are taken here")
