package indexeddb

import (
	"context"

	"github.com/hack-pad/safejs"
)

const (
	fenceKey = "fence"
	keysKey  = "keys"
)

// raiseFence takes the database over from every store that was opened on it before.
func (s *Store) raiseFence(ctx context.Context) error {
	err := s.transact(ctx, claiming(), []any{deviceStore}, func(t *transaction) error {
		objects, err := t.objects(deviceStore)
		if err != nil {
			return err
		}
		asked, err := objects.Call("get", fenceKey)
		if err != nil {
			return err
		}
		return t.onResult(asked, func(last safejs.Value) error {
			if last.Type() == safejs.TypeNumber {
				if s.fence, err = last.Int(); err != nil {
					return err
				}
			}
			s.fence++
			_, err := objects.Call("put", s.fence, fenceKey)
			return err
		})
	})
	return failed("opening", err)
}

// checkFence makes a transaction that covers the device store fail with ErrFenced where the database was opened again.
func (s *Store) checkFence(t *transaction) error {
	objects, err := t.objects(deviceStore)
	if err != nil {
		return err
	}
	asked, err := objects.Call("get", fenceKey)
	if err != nil {
		return err
	}
	return t.onResult(asked, func(present safejs.Value) error {
		if number, err := present.Int(); err != nil || number != s.fence {
			return ErrFenced
		}
		return nil
	})
}

// SetKeys stores the device's keys, as webcrypto.Keys gives them. ErrUnsupported where the browser cannot store them.
func (s *Store) SetKeys(ctx context.Context, keys safejs.Value) error {
	err := s.transact(ctx, writing(), []any{deviceStore}, func(t *transaction) error {
		if err := s.checkFence(t); err != nil {
			return err
		}
		objects, err := t.objects(deviceStore)
		if err != nil {
			return err
		}
		_, err = objects.Call("put", keys, keysKey)
		return err
	})
	return failed("storing this device's keys", err)
}

// Keys are what SetKeys stored, or undefined.
func (s *Store) Keys(ctx context.Context) (safejs.Value, error) {
	var asked safejs.Value
	err := s.transact(ctx, reading(), []any{deviceStore}, func(t *transaction) error {
		objects, err := t.objects(deviceStore)
		if err != nil {
			return err
		}
		asked, err = objects.Call("get", keysKey)
		return err
	})
	if err != nil {
		return safejs.Value{}, failed("reading this device's keys", err)
	}
	keys, err := asked.Get("result")
	return keys, failed("reading this device's keys", err)
}
