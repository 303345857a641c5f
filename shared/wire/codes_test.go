package wire_test

import (
	"errors"
	"fmt"
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

func TestErrors(t *testing.T) {
	refused := wire.Refuse(wire.CodeStaleHead)
	if !refused.Retry || refused.Message != wire.CodeStaleHead.Info().Sentence || refused.Error() != refused.Message+" (stale_head)" {
		t.Errorf("a refusal is %+v", refused)
	}
	own := wire.Errorf(wire.CodeTooLarge, "%d is too many", 5)
	if own.Message != "5 is too many" || own.Retry {
		t.Errorf("an error with its own sentence is %+v", own)
	}
	wrapped := fmt.Errorf("while reading: %w", own)
	if !errors.Is(wrapped, wire.Refuse(wire.CodeTooLarge)) || errors.Is(wrapped, refused) || errors.Is(own, errors.New("other")) {
		t.Error("errors are told apart by their code")
	}
	other := errors.New("secret detail")
	for _, c := range []struct {
		err  error
		code wire.Code
	}{{nil, ""}, {wrapped, wire.CodeTooLarge}, {other, wire.CodeInternal}} {
		if got := wire.CodeOf(c.err); got != c.code {
			t.Errorf("the code of %v is %q, not %q", c.err, got, c.code)
		}
	}
	if e := wire.AsError(other); e.Code != wire.CodeInternal || e.Message == other.Error() {
		t.Errorf("an error without a code becomes %+v", e)
	}
	if wire.AsError(wrapped) != own {
		t.Error("an error with a code is kept")
	}
	if unknown := wire.Code("no_such_code"); unknown.Known() || unknown.Info() != wire.CodeInternal.Info() {
		t.Error("an unknown code reads as internal")
	}
}
