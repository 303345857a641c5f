package main

import (
	"context"
	"errors"
	"time"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/wasm/api"
	"claudemesh.com/mesh/wasm/indexeddb"
	"claudemesh.com/mesh/wasm/jsvalue"
	"claudemesh.com/mesh/wasm/webcrypto"
)

// registerName is the register's database; a device's has its name behind it.
const registerName = "claudemesh"

// openTime bounds how long an older build's hold on a database is waited for.
const openTime = 15 * time.Second

// storage is api.Storage over IndexedDB, with the keys of WebCrypto.
type storage struct{}

func database(device string) string { return registerName + " " + device }

func (storage) Register(ctx context.Context) (driver.Store, error) {
	return open(ctx, registerName, api.RegisterBuckets[:], indexeddb.Create)
}

func open(ctx context.Context, name string, buckets []string, mode indexeddb.Mode) (*indexeddb.Store, error) {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	return indexeddb.Open(ctx, name, buckets, mode)
}

func (s storage) Create(ctx context.Context, device string) (api.Device, error) {
	return s.device(ctx, device, indexeddb.Create)
}

func (s storage) Open(ctx context.Context, device string) (api.Device, error) {
	return s.device(ctx, device, indexeddb.Existing)
}

func (storage) device(ctx context.Context, device string, mode indexeddb.Mode) (api.Device, error) {
	store, err := open(ctx, database(device), peer.Buckets[:], mode)
	if err == indexeddb.ErrEvicted {
		return api.Device{}, api.ErrGone
	}
	if err != nil {
		return api.Device{}, err
	}
	keys, err := deviceKeys(ctx, store, mode)
	if err != nil {
		return api.Device{}, errors.Join(err, store.Close())
	}
	return api.Device{Keys: keys, Store: store}, nil
}

// deviceKeys are the keys of a store, made where they may be. New ones are read back before they are used, since a browser
// that cannot store keys must be found out before anyone relies on them.
func deviceKeys(ctx context.Context, store *indexeddb.Store, mode indexeddb.Mode) (*webcrypto.Keys, error) {
	object, err := store.Keys(ctx)
	if err != nil {
		return nil, err
	}
	if object.Type() == safejs.TypeUndefined {
		if mode == indexeddb.Existing {
			return nil, api.ErrGone
		}
		if err := makeKeys(ctx, store); err != nil {
			return nil, err
		}
		if object, err = store.Keys(ctx); err != nil {
			return nil, err
		}
		if object.Type() == safejs.TypeUndefined {
			return nil, indexeddb.ErrUnsupported
		}
	}
	return webcrypto.FromObject(object)
}

func makeKeys(ctx context.Context, store *indexeddb.Store) error {
	keys, err := webcrypto.Generate(ctx)
	if err != nil {
		return err
	}
	object, err := keys.Object()
	if err != nil {
		return err
	}
	return store.SetKeys(ctx, object)
}

func (storage) Delete(ctx context.Context, device string) error {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	return indexeddb.Delete(ctx, database(device))
}

// persisted asks whether the browser promised to keep this page's stores.
func persisted(ctx context.Context) bool {
	navigator, err := safejs.Global().Get("navigator")
	if err != nil || navigator.Type() != safejs.TypeObject {
		return false
	}
	manager, err := navigator.Get("storage")
	if err != nil || manager.Type() != safejs.TypeObject {
		return false
	}
	promise, err := manager.Call("persisted")
	if err != nil {
		return false
	}
	answer, err := jsvalue.Await(ctx, promise)
	if err != nil {
		return false
	}
	kept, err := answer.Bool()
	return err == nil && kept
}
