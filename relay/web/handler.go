// Package web serves the dashboard that `make build` left in a folder: files named by their content for ever, everything
// else as the one page, under a strict content security policy.
//
// It does not build or compress anything, and it knows no route of the API: whoever composes the relay's routes sends it
// only what is not theirs.
package web

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// The folder whose files Vite names by their content.
const hashed = "assets/"

// The types of what a build holds. Go's own table depends on the machine it runs on.
var types = map[string]string{
	".css":         "text/css; charset=utf-8",
	".html":        "text/html; charset=utf-8",
	".ico":         "image/x-icon",
	".js":          "text/javascript; charset=utf-8",
	".json":        "application/json",
	".png":         "image/png",
	".svg":         "image/svg+xml",
	".txt":         "text/plain; charset=utf-8",
	".wasm":        "application/wasm",
	".webmanifest": "application/manifest+json",
	".woff2":       "font/woff2",
}

type handler struct {
	files   fs.FS
	policy  string
	page    *file
	known   map[string]*file
	refused http.Handler
}

// Options are what a dashboard needs to know of its relay.
type Options struct {
	// Placeholder is the page to serve where there is no index.html.
	Placeholder string
	// Hosts are the relay's own public hosts with their ports, to which the page may open WebSockets.
	Hosts []string
	// NoRoute answers what is neither a file nor a place in the dashboard, and methods other than GET and HEAD.
	NoRoute http.Handler
}

// Handler serves files: those of the build by their path, and index.html for every other path. It reads the folder once,
// to learn what is there; it fails where neither index.html nor the placeholder is.
func Handler(files fs.FS, o Options) (http.Handler, error) {
	h := &handler{files: files, policy: policy(o.Hosts), known: map[string]*file{}, refused: o.NoRoute}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return h.learn(name)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the dashboard: %w", err)
	}
	for _, name := range []string{"index.html", o.Placeholder} {
		if h.page == nil {
			h.page = h.known["/"+name]
		}
	}
	delete(h.known, "/"+o.Placeholder)
	if h.page == nil {
		return nil, errors.New("the dashboard has no page")
	}
	return h, nil
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", h.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	f := h.known[path.Clean(r.URL.Path)]
	if f == nil {
		f = h.page
	}
	// A page asks for a hashed file that is gone when the relay was updated under it; HTML in its place would only
	// hide why it fails.
	missing := f == h.page && strings.HasPrefix(r.URL.Path, "/"+hashed)
	if missing || r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.refused.ServeHTTP(w, r)
		return
	}
	if err := f.serve(h.files, w, r); err != nil {
		// The status is out already; ending the connection tells the client that the body is not whole.
		panic(http.ErrAbortHandler)
	}
}

// file is one file of the build and its precompressed forms.
type file struct {
	name      string
	mediaType string
	immutable bool
	tag       string
	forms     map[string]int64 // sizes by Content-Encoding; "" is the file itself, which may be missing
}

func (h *handler) learn(name string) error {
	encoding, plain := "", name
	switch ext := path.Ext(name); ext {
	case ".br", ".gz":
		encoding, plain = map[string]string{".br": "br", ".gz": "gzip"}[ext], strings.TrimSuffix(name, ext)
	}
	f := h.known["/"+plain]
	if f == nil {
		f = &file{name: plain, mediaType: mediaType(plain), immutable: strings.HasPrefix(plain, hashed), forms: map[string]int64{}}
		h.known["/"+plain] = f
	}
	size, tag, err := examine(h.files, name, encoding == "" && !f.immutable)
	f.forms[encoding] = size
	if tag != "" {
		f.tag = tag
	}
	return err
}

func mediaType(name string) string {
	if t, ok := types[path.Ext(name)]; ok {
		return t
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// examine gives a file's size in bytes and, where asked, a tag made from its content.
func examine(files fs.FS, name string, tagged bool) (size int64, tag string, err error) {
	f, err := files.Open(name)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	if !tagged {
		info, err := f.Stat()
		if err != nil {
			return 0, "", err
		}
		return info.Size(), "", nil
	}
	sum := sha256.New()
	size, err = io.Copy(sum, f)
	return size, base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:12]), err
}

func (f *file) serve(files fs.FS, w http.ResponseWriter, r *http.Request) error {
	header := w.Header()
	header.Set("Content-Type", f.mediaType)
	header.Set("Vary", "Accept-Encoding")
	encoding, name := f.choose(r.Header.Values("Accept-Encoding"))
	if encoding != "" {
		header.Set("Content-Encoding", encoding)
	}
	if f.immutable {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		tag := strconv.Quote(f.tag + "-" + encoding)
		header.Set("Cache-Control", "no-cache")
		header.Set("ETag", tag)
		if slices.Contains(listed(r.Header.Values("If-None-Match")), tag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	size, stored := f.forms[encoding]
	if stored {
		header.Set("Content-Length", strconv.FormatInt(size, 10))
	}
	if r.Method == http.MethodHead {
		return nil
	}
	if !stored {
		return f.unpack(files, w)
	}
	content, err := files.Open(name)
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(w, content)
	return err
}

// unpack serves a file of which the build left only compressed forms to a client that takes none.
func (f *file) unpack(files fs.FS, w io.Writer) error {
	packed, err := files.Open(f.name + ".gz")
	if err != nil {
		return err
	}
	defer packed.Close()
	content, err := gzip.NewReader(packed)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, content)
	return err
}
