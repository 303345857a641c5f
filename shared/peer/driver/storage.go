package driver

import "claudemesh.com/mesh/shared/wire"

// storage makes an error of what a store says.
func storage(err error) error {
	if code := wire.CodeOf(err); code != wire.CodeInternal {
		return err
	}
	return wire.Errorf(wire.CodeStorage, "This device's store failed: %v.", err)
}
