package wire

import (
	"errors"
	"fmt"
)

// Code is a stable name of a refusal, drop or close; the table in codes.go gives each its HTTP status, whether a retry can
// help, and a sentence for a person (docs/PROTOCOL.md, section 12).
type Code string

// Error is a refusal: a code, a sentence for a person, and nothing secret. Compare codes with CodeOf or errors.Is.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
	// Retry says whether the same thing can succeed later.
	Retry bool `json:"retry"`
}

func (e *Error) Error() string { return e.Message + " (" + string(e.Code) + ")" }

// Is reports whether target is an Error of the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Refuse makes an error with the table's own sentence for the code.
func Refuse(code Code) *Error {
	info := code.Info()
	return &Error{Code: code, Message: info.Sentence, Retry: info.Retry}
}

// Errorf makes an error of the code with a sentence of its own.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Retry: code.Info().Retry}
}

// CodeOf is the code of the first Error in err's chain; "" for nil, and CodeInternal where there is none.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// AsError is the first Error in err's chain; any other error becomes CodeInternal with the table's sentence, so that
// nothing internal is shown to a stranger.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Refuse(CodeInternal)
}
