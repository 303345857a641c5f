package indexeddb

import (
	"context"
	"errors"

	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/jsvalue"
)

// What opening and using a store can end with, besides a context's end.
var (
	// ErrEvicted says that the database is gone.
	ErrEvicted = wire.Errorf(wire.CodeStorage, "This browser has deleted what this page stored. The device that was here is lost; ask for an invite to join with a new one.")
	// ErrFull says that the browser gives this page no more room.
	ErrFull = wire.Errorf(wire.CodeStorage, "This browser gives this page no more storage. Free some disk space and try again.")
	// ErrUnsupported says that the browser stores nothing for this page, or no keys.
	ErrUnsupported = wire.Errorf(wire.CodeUnsupported, "This browser does not let this page store keys. In a private window, open the page in an ordinary one.")
	// ErrFenced says that this database was opened again after this store was.
	ErrFenced = wire.Refuse(wire.CodeInUse)
	// ErrBlocked says that another program, of an older build, keeps the database from being opened.
	ErrBlocked = wire.Errorf(wire.CodeInUse, "An older version of this page is still open and holds the store. Close its tabs and try again.")
)

// failed gives an error of IndexedDB its code; what says what was tried. Nil stays nil.
func failed(what string, err error) error {
	var coded *wire.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &coded), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	switch jsvalue.NameOf(err) {
	case "QuotaExceededError":
		return ErrFull
	case "DataCloneError", "SecurityError", "NotSupportedError":
		return ErrUnsupported
	}
	return wire.Errorf(wire.CodeStorage, "This browser failed at %s this page's store (%s).", what, err)
}
