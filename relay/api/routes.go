package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"claudemesh.com/mesh/shared/wire"
)

// route is one public route: a method, what it costs, and what it does. serve gives the answer's status and JSON.
type route struct {
	method string
	action action
	serve  func(*http.Request, []byte) (status int, answer any, err error)
}

// maxBody bounds a request's body in bytes: a genesis and seven statements with sealed names, in base64.
const maxBody = 128 << 10

// guard wraps a public route in what holds for all of them: which pages may ask, by which method, and how often.
func (s *server) guard(method string, what action, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin, ok := s.Origins.Allowed(r.Header)
		if !ok {
			WriteError(w, wire.Errorf(wire.CodeForbidden, "Pages of this origin may not use this relay. Its operator can name them with --allow-origin."))
			return
		}
		s.Origins.allow(w, origin)
		if r.Method == http.MethodOptions && origin != "" {
			preflight(w, method)
			return
		}
		if !takes(r.Method, method) {
			wrongMethod(w, method)
			return
		}
		if s.limiter.admits(w, s.Address(r), what) {
			next.ServeHTTP(w, r)
		}
	})
}

// public is a route behind its guard, with a bound on the body and one form of errors.
func (s *server) public(rt route) http.Handler {
	return s.guard(rt.method, rt.action, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := read(w, r)
		if err != nil {
			WriteError(w, err)
			return
		}
		status, answer, err := rt.serve(r, body)
		if err != nil {
			s.report(r.Context(), rt, err)
			WriteError(w, err)
			return
		}
		writeJSON(w, status, answer)
	}))
}

// report logs what was not the caller's doing. The path is left out: it holds the invite's code.
func (s *server) report(ctx context.Context, rt route, err error) {
	if wire.CodeOf(err) == wire.CodeInternal && ctx.Err() == nil {
		s.Log.Error("a request failed", "method", rt.method, "error", err)
	}
}

func read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > maxBody {
		return nil, wire.Refuse(wire.CodeTooLarge)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return nil, wire.Refuse(wire.CodeTooLarge)
	}
	if err != nil {
		return nil, wire.Errorf(wire.CodeMalformed, "The request ended before its body did.")
	}
	return body, nil
}

func takes(method, want string) bool {
	return method == want || method == http.MethodHead && want == http.MethodGet
}

func preflight(w http.ResponseWriter, method string) {
	header := w.Header()
	header.Set("Access-Control-Allow-Methods", method)
	header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	header.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// Tally is a ResponseWriter that is told the code of a refusal, to count it.
type Tally interface {
	http.ResponseWriter
	Refused(code wire.Code)
}

// WriteError answers with an error as section 11 of docs/PROTOCOL.md has it; one that is not a *wire.Error shows as
// CodeInternal. A w that is a Tally is told.
func WriteError(w http.ResponseWriter, err error) {
	e := wire.AsError(err)
	if tally, ok := w.(Tally); ok {
		tally.Refused(e.Code)
	}
	writeJSON(w, e.Code.Info().Status, struct {
		Error *wire.Error `json:"error"`
	}{e})
}

func writeJSON(w http.ResponseWriter, status int, answer any) {
	text, err := json.Marshal(answer)
	if err != nil {
		panic("api: " + err.Error()) // every answer is a type of this package or of wire
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(text)))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(text) // fails only where the client is gone
}

// NoRoute answers CodeNoRoute, whatever is asked.
func NoRoute() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		WriteError(w, wire.Refuse(wire.CodeNoRoute))
	})
}

func wrongMethod(w http.ResponseWriter, allowed string) {
	if allowed == http.MethodGet {
		allowed += ", " + http.MethodHead
	}
	w.Header().Set("Allow", allowed)
	WriteError(w, wire.Refuse(wire.CodeMethodNotAllowed))
}

func health(check func(context.Context) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !takes(r.Method, http.MethodGet) {
			wrongMethod(w, http.MethodGet)
			return
		}
		if err := check(r.Context()); err != nil {
			WriteError(w, err)
			return
		}
		writeJSON(w, http.StatusOK, struct {
			Status string `json:"status"`
		}{"ok"})
	})
}
