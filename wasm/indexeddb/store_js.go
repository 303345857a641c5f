package indexeddb

import (
	"context"
	"slices"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/wasm/jsvalue"
)

var _ driver.Store = (*Store)(nil)

// maxValue bounds what is read back, in bytes; it is far above what any bucket holds.
const maxValue = 64 << 20

// Get is the value under a key, or nil.
func (s *Store) Get(ctx context.Context, bucket string, key []byte) ([]byte, error) {
	bytes, err := jsvalue.FromBytes(key)
	if err != nil {
		return nil, err
	}
	var asked safejs.Value
	err = s.read(ctx, bucket, func(_ *transaction, objects safejs.Value) error {
		asked, err = objects.Call("get", bytes)
		return err
	})
	if err != nil {
		return nil, failed("reading", err)
	}
	value, err := asked.Get("result")
	if err != nil || value.Type() == safejs.TypeUndefined {
		return nil, failed("reading", err)
	}
	b, err := jsvalue.Bytes(value, maxValue)
	return b, failed("reading", err)
}

// Scan reads a range of a bucket, in the order of its keys or the other way round.
func (s *Store) Scan(ctx context.Context, bucket string, r driver.Range) ([]driver.Record, error) {
	keys, some, err := keyRange(r)
	if err != nil {
		return nil, failed("reading", err)
	}
	if !some {
		return nil, nil
	}
	if r.Reverse {
		return s.scanBack(ctx, bucket, keys, r.Limit)
	}
	var askedKeys, askedValues safejs.Value
	err = s.read(ctx, bucket, func(_ *transaction, objects safejs.Value) error {
		args := []any{keys}
		if r.Limit > 0 {
			args = append(args, r.Limit)
		}
		if askedKeys, err = objects.Call("getAllKeys", args...); err != nil {
			return err
		}
		askedValues, err = objects.Call("getAll", args...)
		return err
	})
	if err != nil {
		return nil, failed("reading", err)
	}
	records, err := recordsOf(askedKeys, askedValues)
	return records, failed("reading", err)
}

func recordsOf(askedKeys, askedValues safejs.Value) ([]driver.Record, error) {
	keys, err := askedKeys.Get("result")
	if err != nil {
		return nil, err
	}
	values, err := askedValues.Get("result")
	if err != nil {
		return nil, err
	}
	n, err := keys.Length()
	if err != nil {
		return nil, err
	}
	records := make([]driver.Record, n)
	for i := range records {
		key, err := keys.Index(i)
		if err != nil {
			return nil, err
		}
		value, err := values.Index(i)
		if err != nil {
			return nil, err
		}
		if records[i], err = record(key, value); err != nil {
			return nil, err
		}
	}
	return records, nil
}

func record(key, value safejs.Value) (r driver.Record, err error) {
	if r.Key, err = jsvalue.Bytes(key, maxValue); err != nil {
		return r, err
	}
	r.Value, err = jsvalue.Bytes(value, maxValue)
	return r, err
}

// scanBack walks a cursor from the end, since getAll begins at the front only.
func (s *Store) scanBack(ctx context.Context, bucket string, keys safejs.Value, limit int) ([]driver.Record, error) {
	var records []driver.Record
	err := s.read(ctx, bucket, func(t *transaction, objects safejs.Value) error {
		asked, err := objects.Call("openCursor", keys, "prev")
		if err != nil {
			return err
		}
		return t.onResult(asked, func(cursor safejs.Value) error {
			if cursor.Type() != safejs.TypeObject {
				return nil
			}
			key, err := cursor.Get("key")
			if err != nil {
				return err
			}
			value, err := cursor.Get("value")
			if err != nil {
				return err
			}
			r, err := record(key, value)
			if err != nil {
				return err
			}
			if records = append(records, r); len(records) == limit {
				return nil
			}
			_, err = cursor.Call("continue")
			return err
		})
	})
	return records, failed("reading", err)
}

// Commit carries the operations out, all or none. It is durable when it returns nil.
func (s *Store) Commit(ctx context.Context, ops []peer.Op) error {
	if len(ops) == 0 {
		return nil
	}
	packed, err := pack(ops)
	if err != nil {
		return failed("writing", err)
	}
	stores := []any{deviceStore}
	for _, op := range ops {
		if !slices.Contains(stores, any(op.Bucket)) {
			stores = append(stores, op.Bucket)
		}
	}
	err = s.transact(ctx, writing(), stores, func(t *transaction) error {
		if err := s.checkFence(t); err != nil {
			return err
		}
		objects := map[string]safejs.Value{}
		for i, op := range ops {
			if _, ok := objects[op.Bucket]; !ok {
				if objects[op.Bucket], err = t.objects(op.Bucket); err != nil {
					return err
				}
			}
			if err := packed[i].carryOut(objects[op.Bucket]); err != nil {
				return err
			}
		}
		return nil
	})
	return failed("writing", err)
}

func (s *Store) read(ctx context.Context, bucket string, body func(*transaction, safejs.Value) error) error {
	return s.transact(ctx, reading(), []any{bucket}, func(t *transaction) error {
		objects, err := t.objects(bucket)
		if err != nil {
			return err
		}
		return body(t, objects)
	})
}
