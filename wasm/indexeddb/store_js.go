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
	var found page
	err = s.read(ctx, bucket, func(t *transaction, objects safejs.Value) error {
		if r.Reverse && r.Limit > 0 {
			return found.askLast(t, objects, keys, r)
		}
		return found.ask(objects, keys, r.Limit)
	})
	if err != nil {
		return nil, failed("reading", err)
	}
	records, err := found.records()
	if r.Reverse {
		slices.Reverse(records)
	}
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
