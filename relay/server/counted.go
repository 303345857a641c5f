package server

import (
	"io"
	"net/http"

	"claudemesh.com/mesh/relay/api"
	"claudemesh.com/mesh/shared/wire"
)

// What answers are counted under besides a code: nothing was refused, or what refused it has no code.
const (
	answeredOK    = "ok"
	answeredOther = "other"
)

// counted counts the requests of a handler by route, which is a pattern of a ServeMux, and code.
func (m *meters) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := &tally{ResponseWriter: w}
		defer func() {
			code := string(t.code)
			switch {
			case code != "":
			case t.failed:
				code = answeredOther
			default:
				code = answeredOK
			}
			route := r.Pattern
			if route == "" {
				route = answeredOther // the mux answered by itself
			}
			m.requests.With(route, code).Add(1)
		}()
		next.ServeHTTP(t, r)
	})
}

// tally remembers how a request was answered.
type tally struct {
	http.ResponseWriter
	code   wire.Code
	failed bool
}

var (
	_ api.Tally     = (*tally)(nil)
	_ io.ReaderFrom = (*tally)(nil)
)

// Refused implements api.Tally.
func (t *tally) Refused(code wire.Code) { t.code = code }

// WriteHeader implements http.ResponseWriter.
func (t *tally) WriteHeader(status int) {
	t.failed = status >= http.StatusBadRequest
	t.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach what is below.
func (t *tally) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// ReadFrom lets what is below send a file without copying it.
func (t *tally) ReadFrom(r io.Reader) (int64, error) { return io.Copy(t.ResponseWriter, r) }
