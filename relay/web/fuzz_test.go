package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
)

// FuzzServe: whatever is asked for, the answer is a file of the build in a form that the client takes, or a refusal.
func FuzzServe(f *testing.F) {
	for _, accept := range []string{"", "br, gzip", "gzip;q=0, br;q=0.5", "br;q=x", "*", ",;=,"} {
		for _, path := range []string{"/", "/assets/app-abc.js", "/assets/gone.js", "/index.html.br", "/../index.html", "//", "/i/abc%2f"} {
			f.Add(path, accept, `"x"`)
		}
	}
	h, err := Handler(built, Options{Placeholder: "placeholder.html", NoRoute: http.HandlerFunc(refuse)})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path, accept, tag string) {
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}, Header: http.Header{"Accept-Encoding": {accept}, "If-None-Match": {tag}}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		switch answer := w.Result(); answer.StatusCode {
		case http.StatusOK:
			encoding := answer.Header.Get("Content-Encoding")
			whole := func() bool {
				for _, file := range built {
					if slices.Equal(file.Data, w.Body.Bytes()) {
						return true
					}
				}
				return encoding == "" && w.Body.String() == peer
			}
			if !whole() || encoding != "" && !accepts([]string{accept}, encoding) {
				t.Errorf("%q is answered in %q with %q", path, encoding, w.Body)
			}
		case http.StatusTeapot, http.StatusNotModified:
		default:
			t.Errorf("%q is answered %d", path, answer.StatusCode)
		}
		if w.Result().Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%q has no policy", path)
		}
	})
}
