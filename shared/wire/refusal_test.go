package wire_test

import (
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

// refusal holds that whatever is refused is refused with a code of the table, and not as a fault of our own.
func refusal(t *testing.T, err error) {
	t.Helper()
	if code := wire.CodeOf(err); !code.Known() || code == wire.CodeInternal {
		t.Errorf("refused with %q: %v", code, err)
	}
}
