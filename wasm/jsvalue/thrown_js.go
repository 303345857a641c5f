package jsvalue

import (
	"errors"
	"syscall/js"

	"github.com/hack-pad/safejs"
)

// Thrown is what JavaScript threw or rejected with. Name is that of the Error or DOMException ("QuotaExceededError",
// "NotSupportedError"), by which callers decide.
type Thrown struct {
	Name    string
	Message string
}

func (t *Thrown) Error() string { return t.Name + ": " + t.Message }

// AsThrown reads an error or a DOMException; anything else keeps its text under the name "Error".
func AsThrown(v safejs.Value) *Thrown {
	t := &Thrown{Name: "Error"}
	if v.Type() != safejs.TypeObject {
		t.Message, _ = v.String()
		return t
	}
	if name, err := v.Get("name"); err == nil && name.Type() == safejs.TypeString {
		t.Name, _ = name.String()
	}
	if message, err := v.Get("message"); err == nil && message.Type() == safejs.TypeString {
		t.Message, _ = message.String()
	}
	return t
}

// NameOf is the name of what was thrown, whether err comes from Await or from a call of safejs; "" where JavaScript threw
// nothing.
func NameOf(err error) string {
	var t *Thrown
	if errors.As(err, &t) {
		return t.Name
	}
	var thrown js.Error
	if errors.As(err, &thrown) {
		return AsThrown(safejs.Safe(thrown.Value)).Name
	}
	return ""
}
