package indexeddb

import (
	"bytes"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/wasm/jsvalue"
)

// An operation is a peer.Op whose bytes JavaScript has.
type operation struct {
	key, value safejs.Value
	deletes    bool
}

// pack hands the bytes of all operations over in one copy, and cuts them apart on the other side: a copy for each key and
// value would cost more than the rest of a commit.
func pack(ops []peer.Op) ([]operation, error) {
	var all []byte
	for _, op := range ops {
		all = append(append(all, op.Key...), op.Value...)
	}
	array, err := jsvalue.FromBytes(all)
	if err != nil {
		return nil, err
	}
	at := 0
	// slice copies: a view would take the whole buffer along into the store.
	cut := func(n int) (safejs.Value, error) {
		at += n
		return array.Call("slice", at-n, at)
	}
	packed := make([]operation, len(ops))
	for i, op := range ops {
		packed[i].deletes = op.Value == nil
		if packed[i].key, err = cut(len(op.Key)); err != nil {
			return nil, err
		}
		if packed[i].deletes {
			continue
		}
		if packed[i].value, err = cut(len(op.Value)); err != nil {
			return nil, err
		}
	}
	return packed, nil
}

func (o operation) carryOut(objects safejs.Value) error {
	if o.deletes {
		_, err := objects.Call("delete", o.key)
		return err
	}
	_, err := objects.Call("put", o.value, o.key)
	return err
}

// keyRange is the IDBKeyRange of r, or null for all; some is false where no key can lie in it, which IDBKeyRange would
// throw on.
func keyRange(r driver.Range) (keys safejs.Value, some bool, err error) {
	if r.From == nil && r.To == nil {
		return safejs.Null(), true, nil
	}
	if r.To != nil && bytes.Compare(r.From, r.To) >= 0 {
		return safejs.Value{}, false, nil
	}
	from, err := jsvalue.FromBytes(r.From)
	if err != nil {
		return safejs.Value{}, false, err
	}
	keys, err = keysFrom(from, r.To)
	return keys, true, err
}

// keysFrom is the range of keys from one that JavaScript has, before to (nil: no bound).
func keysFrom(from safejs.Value, to []byte) (safejs.Value, error) {
	class, err := safejs.Global().Get("IDBKeyRange")
	if err != nil {
		return safejs.Value{}, err
	}
	if to == nil {
		return class.Call("lowerBound", from)
	}
	bound, err := jsvalue.FromBytes(to)
	if err != nil {
		return safejs.Value{}, err
	}
	return class.Call("bound", from, bound, false, true)
}
