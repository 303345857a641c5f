package web

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

const peer = "\x00asm"

func packed(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	if err := errors.Join(err, w.Close()); err != nil {
		panic(err) // a Buffer takes everything
	}
	return b.Bytes()
}

var built = fstest.MapFS{
	"index.html":              {Data: []byte("<!doctype html>page")},
	"index.html.br":           {Data: []byte("page in brotli")},
	"index.html.gz":           {Data: []byte("page in gzip")},
	"placeholder.html":        {Data: []byte("run make")},
	"assets/peer-abc.wasm.br": {Data: []byte("peer in brotli")},
	"assets/peer-abc.wasm.gz": {Data: packed(peer)},
	"assets/app-abc.js":       {Data: []byte("app()")},
	"assets/app-abc.js.br":    {Data: []byte("app in brotli")},
	"manifest.webmanifest":    {Data: []byte("{}")},
	"assets/font-abc.woff2":   {Data: []byte("font")},
}

func refuse(w http.ResponseWriter, r *http.Request) { http.Error(w, "refused", http.StatusTeapot) }

func get(t *testing.T, files fs.FS, method, path string, header ...string) *http.Response {
	t.Helper()
	h, err := Handler(files, Options{Placeholder: "placeholder.html", Hosts: []string{"relay.example"}, NoRoute: http.HandlerFunc(refuse)})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFiles(t *testing.T) {
	const forever, revalidate = "public, max-age=31536000, immutable", "no-cache"
	for _, c := range []struct {
		path, accept                    string
		encoding, mediaType, cache, has string
	}{
		{"/", "br, gzip", "br", "text/html; charset=utf-8", revalidate, "page in brotli"},
		{"/", "gzip;q=0.5, br;q=0", "gzip", "text/html; charset=utf-8", revalidate, "page in gzip"},
		{"/", "identity", "", "text/html; charset=utf-8", revalidate, "<!doctype html>page"},
		{"/index.html", "", "", "text/html; charset=utf-8", revalidate, "<!doctype html>page"},
		{"/i/Ab3dEf9h", "", "", "text/html; charset=utf-8", revalidate, "<!doctype html>page"},
		{"/m/00ff/t/11", "br", "br", "text/html; charset=utf-8", revalidate, "page in brotli"},
		{"/placeholder.html", "", "", "text/html; charset=utf-8", revalidate, "<!doctype html>page"},
		{"/assets/app-abc.js", "gzip, br", "br", "text/javascript; charset=utf-8", forever, "app in brotli"},
		{"/assets/app-abc.js", "gzip", "", "text/javascript; charset=utf-8", forever, "app()"},
		{"/assets/peer-abc.wasm", "br", "br", "application/wasm", forever, "peer in brotli"},
		{"/assets/peer-abc.wasm", "gzip", "gzip", "application/wasm", forever, string(packed(peer))},
		{"/assets/font-abc.woff2", "br", "", "font/woff2", forever, "font"},
		{"/manifest.webmanifest", "", "", "application/manifest+json", revalidate, "{}"},
	} {
		r := get(t, built, http.MethodGet, c.path, "Accept-Encoding", c.accept)
		got := body(t, r)
		if r.StatusCode != http.StatusOK || got != c.has || r.Header.Get("Content-Encoding") != c.encoding ||
			r.Header.Get("Content-Type") != c.mediaType || r.Header.Get("Cache-Control") != c.cache ||
			r.ContentLength != int64(len(c.has)) {
			t.Errorf("%s for %q: %d %q %v", c.path, c.accept, r.StatusCode, got, r.Header)
		}
	}
}

// A file that the build left in compressed forms alone is unpacked for who takes neither.
func TestUnpacked(t *testing.T) {
	for method, want := range map[string]string{http.MethodGet: peer, http.MethodHead: ""} {
		r := get(t, built, method, "/assets/peer-abc.wasm", "Accept-Encoding", "identity")
		if got := body(t, r); r.StatusCode != http.StatusOK || got != want || r.Header.Get("Content-Encoding") != "" ||
			r.Header.Get("Content-Type") != "application/wasm" || r.Header.Get("Content-Length") != "" {
			t.Errorf("%s: %d %q %v", method, r.StatusCode, got, r.Header)
		}
	}
}

func TestRevalidation(t *testing.T) {
	tag := get(t, built, http.MethodGet, "/", "Accept-Encoding", "br").Header.Get("ETag")
	if r := get(t, built, http.MethodGet, "/m/x", "Accept-Encoding", "br", "If-None-Match", `"old", `+tag); r.StatusCode != http.StatusNotModified || body(t, r) != "" {
		t.Errorf("the same page again: %d", r.StatusCode)
	}
	if r := get(t, built, http.MethodGet, "/", "Accept-Encoding", "gzip", "If-None-Match", tag); r.StatusCode != http.StatusOK {
		t.Errorf("the page in another encoding: %d", r.StatusCode)
	}
	newer := fstest.MapFS{"index.html": {Data: []byte("<!doctype html>newer")}, "index.html.br": {Data: []byte("newer")}}
	if r := get(t, newer, http.MethodGet, "/", "Accept-Encoding", "br", "If-None-Match", tag); r.StatusCode != http.StatusOK {
		t.Errorf("a newer page: %d", r.StatusCode)
	}
}

func TestHead(t *testing.T) {
	r := get(t, built, http.MethodHead, "/")
	if r.StatusCode != http.StatusOK || r.Header.Get("Content-Length") != "19" || body(t, r) != "" {
		t.Errorf("%d %v", r.StatusCode, r.Header)
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct{ method, path string }{
		{http.MethodGet, "/assets/app-old.js"},
		{http.MethodGet, "/assets/"},
		{http.MethodPost, "/"},
		{http.MethodDelete, "/assets/app-abc.js"},
	} {
		if r := get(t, built, c.method, c.path); r.StatusCode != http.StatusTeapot {
			t.Errorf("%s %s: %d, want what NoRoute says", c.method, c.path, r.StatusCode)
		}
	}
}

func TestPlaceholder(t *testing.T) {
	files := fstest.MapFS{"placeholder.html": {Data: []byte("run make")}}
	if got := body(t, get(t, files, http.MethodGet, "/i/Ab3dEf9h")); got != "run make" {
		t.Errorf("a relay without a dashboard shows %q", got)
	}
	if _, err := Handler(fstest.MapFS{}, Options{Placeholder: "placeholder.html"}); err == nil {
		t.Error("a folder without any page is taken")
	}
}

func TestHeaders(t *testing.T) {
	for _, path := range []string{"/", "/assets/app-abc.js", "/assets/gone.js"} {
		h := get(t, built, http.MethodGet, path).Header
		for name, want := range map[string]string{
			"X-Content-Type-Options":     "nosniff",
			"Referrer-Policy":            "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s of %s is %q", name, path, got)
			}
		}
		policy := h.Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "style-src 'self'", "frame-ancestors 'none'",
			"connect-src 'self' ws://relay.example wss://relay.example", "require-trusted-types-for 'script'",
		} {
			if !strings.Contains("; "+policy+";", "; "+want+";") {
				t.Errorf("the policy of %s lacks %q: %s", path, want, policy)
			}
		}
		if strings.Contains(policy, "unsafe-inline") || strings.Contains(policy, "'unsafe-eval'") {
			t.Errorf("the policy of %s is weak: %s", path, policy)
		}
	}
}

// The dashboard's trusted types policies and the ones allowed here are the same, or the page does not start.
func TestTrustedTypesOfTheDashboard(t *testing.T) {
	named := regexp.MustCompile(`createPolicy\(\s*'([^']+)'`)
	found := 0
	err := filepath.WalkDir("../../web/src", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, match := range named.FindAllStringSubmatch(string(text), -1) {
			found++
			if !strings.Contains(" "+trustedTypes+" ", " "+match[1]+" ") {
				t.Errorf("%s makes the policy %q, which is not allowed", path, match[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Error("web/src makes no policy; the one that is allowed for it should go")
	}
}
