package api

import (
	"context"
	"io"
	"time"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

// Platform is what the browser gives.
type Platform struct {
	Storage Storage
	Dialer  driver.Dialer
	HTTP    driver.HTTP
	Entropy io.Reader
	// Now is the wall clock.
	Now func() time.Time
	// Persisted asks whether the browser promised to keep what is stored.
	Persisted func(context.Context) bool
	// Client says in cards what program this is.
	Client string
	// Version is that of the release.
	Version string
	// Log takes sentences without secrets, for the browser's console.
	Log func(string)
}

// Storage keeps the register and the devices. A device is named by its register entry.
type Storage interface {
	// Register opens the store of the register, with the buckets of RegisterBuckets; it is made where there is none.
	Register(ctx context.Context) (driver.Store, error)
	// Create makes an empty store for a new device, or opens the one that an earlier Create made, and makes the device's keys
	// where it has none. The keys are stored before Create returns.
	Create(ctx context.Context, name string) (Device, error)
	// Open opens the store of a device that must be there; ErrGone where it is not.
	Open(ctx context.Context, name string) (Device, error)
	// Delete deletes a device's store with its keys; it must be closed. Deleting what is not there succeeds.
	Delete(ctx context.Context, name string) error
}

// ErrGone says that a device's store, or its keys in it, is not there any more: the browser deleted it.
var ErrGone = wire.Errorf(wire.CodeStorage, "This browser has deleted what this page stored of this mesh. Ask for an invite to join it again with a new device.")

// Device is one device's keys and store.
type Device struct {
	Keys  identity.Keys
	Store driver.Store
}
