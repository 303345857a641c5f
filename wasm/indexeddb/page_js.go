package indexeddb

import (
	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/wasm/jsvalue"
)

// maxValue bounds what is read back, in bytes; it is far above what any bucket holds.
const maxValue = 64 << 20

// A page is the part of a range that was asked for: two requests, or none where the range is empty.
type page struct{ keys, values safejs.Value }

// ask asks for the records of a range from its front, at most limit (0: all).
func (p *page) ask(objects, keys safejs.Value, limit int) (err error) {
	args := []any{keys}
	if limit > 0 {
		args = append(args, limit)
	}
	if p.keys, err = objects.Call("getAllKeys", args...); err != nil {
		return err
	}
	p.values, err = objects.Call("getAll", args...)
	return err
}

// askLast asks for the last r.Limit records of a range, in the order of their keys. getAll begins at the front only, and a
// cursor that gives every record costs a crossing for each; so a cursor of keys finds the first of the last ones.
func (p *page) askLast(t *transaction, objects, keys safejs.Value, r driver.Range) error {
	asked, err := objects.Call("openKeyCursor", keys, "prev")
	if err != nil {
		return err
	}
	advanced := r.Limit == 1
	return t.onResult(asked, func(cursor safejs.Value) error {
		switch {
		case cursor.Type() != safejs.TypeObject && !advanced:
			return nil // the range is empty
		case cursor.Type() != safejs.TypeObject:
			return p.ask(objects, keys, 0) // it holds fewer
		case !advanced:
			advanced = true
			_, err := cursor.Call("advance", r.Limit-1)
			return err
		}
		first, err := cursor.Get("key")
		if err != nil {
			return err
		}
		from, err := keysFrom(first, r.To)
		if err != nil {
			return err
		}
		return p.ask(objects, from, 0)
	})
}

// records are the records that were asked for, once the transaction is complete.
func (p *page) records() ([]driver.Record, error) {
	if p.keys.Type() != safejs.TypeObject {
		return nil, nil
	}
	keys, err := p.keys.Get("result")
	if err != nil {
		return nil, err
	}
	values, err := p.values.Get("result")
	if err != nil {
		return nil, err
	}
	n, err := keys.Length()
	if err != nil {
		return nil, err
	}
	records := make([]driver.Record, n)
	for i := range records {
		if records[i].Key, err = bytesAt(keys, i); err != nil {
			return nil, err
		}
		if records[i].Value, err = bytesAt(values, i); err != nil {
			return nil, err
		}
	}
	return records, nil
}

func bytesAt(list safejs.Value, i int) ([]byte, error) {
	value, err := list.Index(i)
	if err != nil {
		return nil, err
	}
	return jsvalue.Bytes(value, maxValue)
}
