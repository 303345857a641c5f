// Package downloads hands out the claudemesh programs that lie in a folder, and the scripts that install them: the listing
// at /api/public/downloads, the programs at /downloads/NAME, /install.sh and /install.ps1 (docs/downloads.md).
//
// A program is served only when it stands in the folder's SHA256SUMS and has the sum that stands there. The folder is looked
// at again with each request, and read again when something in it changed.
//
// It builds no programs and vouches for none: a sum finds a broken or half-copied file, not an operator that lies. It does
// not decide who may ask, by which method and how often; whoever mounts it does (relay/api).
package downloads

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// Options are what New needs. All fields but Folder are required.
type Options struct {
	// Folder holds programs, SHA256SUMS and VERSION, as `make dist` leaves them. Empty: nothing is served.
	Folder string
	// Origin is the relay's public address in the form of wire.CanonicalOrigin. The scripts download from it.
	Origin string
	// Refuse answers a request with an error, which is or wraps a *wire.Error.
	Refuse func(http.ResponseWriter, error)
	Log    *slog.Logger
}

// Handler serves the four routes, to GET and HEAD. It is safe for concurrent use.
type Handler struct {
	Options
	mux *http.ServeMux

	mu     sync.Mutex
	listed *listing
}

// New reads the folder for the first time. It fails where the folder cannot be opened; one without SHA256SUMS is taken, and
// serves nothing until that is there.
func New(o Options) (*Handler, error) {
	if canonical, err := wire.CanonicalOrigin(o.Origin); err != nil || canonical != o.Origin {
		return nil, fmt.Errorf("downloads: %q is not a canonical origin", o.Origin)
	}
	h := &Handler{Options: o, mux: http.NewServeMux(), listed: &listing{}}
	if o.Folder != "" {
		root, err := os.OpenRoot(o.Folder)
		if err != nil {
			return nil, err
		}
		if err := root.Close(); err != nil {
			return nil, err
		}
		h.current()
	}
	h.mux.HandleFunc("/api/public/downloads", h.list)
	h.mux.HandleFunc("/downloads/{name}", h.program)
	h.mux.HandleFunc("/install.sh", h.script(shellScript))
	h.mux.HandleFunc("/install.ps1", h.script(powerShellScript))
	h.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { h.Refuse(w, wire.Refuse(wire.CodeNoRoute)) })
	return h, nil
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

func (h *Handler) list(w http.ResponseWriter, _ *http.Request) {
	listed := h.current()
	answer := struct {
		Version string    `json:"version"`
		Files   []program `json:"files"`
	}{listed.version, listed.programs}
	if answer.Files == nil {
		answer.Files = []program{}
	}
	text, err := json.Marshal(answer)
	if err != nil {
		panic("downloads: " + err.Error()) // strings and numbers
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(text)))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	w.Write(text) // fails only where the client is gone
}

// program serves a file that was listed. With ?sha256=SUM it is that one or none, so that a script never gets the program of
// another version than its own.
func (h *Handler) program(w http.ResponseWriter, r *http.Request) {
	p := h.current().named(r.PathValue("name"))
	if p == nil {
		h.Refuse(w, wire.Errorf(wire.CodeNotFound, "This relay hands out no program of this name."))
		return
	}
	asked := r.URL.Query()["sha256"]
	if len(asked) > 0 && (len(asked) > 1 || asked[0] != p.Sum) {
		h.Refuse(w, wire.Errorf(wire.CodeNotFound, "This relay has another version of this program by now. Fetch the script or the page again."))
		return
	}
	content, err := h.open(p)
	if err != nil {
		h.Refuse(w, wire.Errorf(wire.CodeUnavailable, "This program is being replaced just now. Try again in a moment."))
		return
	}
	defer content.Close()
	header := w.Header()
	header.Set("Content-Disposition", `attachment; filename="`+p.Name+`"`)
	header.Set("ETag", `"`+p.Sum+`"`)
	if len(asked) > 0 {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		header.Set("Cache-Control", "no-cache")
	}
	serve(w, r, "application/octet-stream", content)
}

// open opens what was listed, and fails where the file is another by now.
func (h *Handler) open(p *program) (*os.File, error) {
	root, err := os.OpenRoot(h.Folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, info, err := openRegular(root, p.Name)
	if err == nil && !same(info, p.info) {
		f.Close()
		err = errChanged
	}
	return f, err
}

func (h *Handler) script(template string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		listed := h.current()
		if len(listed.programs) == 0 {
			h.Refuse(w, wire.Errorf(wire.CodeNotFound, "This relay hands out no programs. Build claudemesh from its source: make build."))
			return
		}
		w.Header().Set("Cache-Control", "no-cache")
		serve(w, r, "text/plain; charset=utf-8", bytes.NewReader(fill(template, h.Origin, listed)))
	}
}

// serve answers with content that a browser shows or keeps, and never runs.
func serve(w http.ResponseWriter, r *http.Request, mediaType string, content io.ReadSeeker) {
	header := w.Header()
	header.Set("Content-Type", mediaType)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	http.ServeContent(w, r, "", time.Time{}, content)
}
