package api

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

// ready is a relay that nobody asks for meshes.
type ready struct{ Backend }

func TestGuardOfDownloads(t *testing.T) {
	served := 0
	c := Config{
		Rates:     Rates{Downloads: 2, Lookups: 1},
		Origins:   NewOrigins("https://relay.example"),
		Address:   ClientAddress(nil),
		Downloads: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++ }),
	}
	h := Handler(ready{}, c)
	ask := func(method, path, origin string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for _, o := range []struct {
		method, path, origin string
		status               int
	}{
		{http.MethodPost, "/install.sh", "", wire.CodeMethodNotAllowed.Info().Status},
		{http.MethodGet, "/install.sh", "https://evil.example", wire.CodeForbidden.Info().Status},
		{http.MethodGet, "/downloads/", "", wire.CodeNoRoute.Info().Status},
		{http.MethodGet, "/downloads/a/b", "", wire.CodeNoRoute.Info().Status},
		{http.MethodGet, "/install.sh", "https://relay.example", http.StatusOK},
		{http.MethodHead, "/downloads/a", "", http.StatusOK},
		{http.MethodGet, "/install.ps1", "", wire.CodeRateLimited.Info().Status},
		{http.MethodGet, "/api/public/downloads", "", http.StatusOK},
		{http.MethodGet, "/api/public/downloads", "", wire.CodeRateLimited.Info().Status},
	} {
		w := ask(o.method, o.path, o.origin)
		if w.Code != o.status {
			t.Errorf("%s %s from %q: %d, want %d", o.method, o.path, o.origin, w.Code, o.status)
		}
		if got := w.Header().Get("Access-Control-Allow-Origin"); o.status == http.StatusOK && got != o.origin {
			t.Errorf("%s %s lets %q read the answer", o.method, o.path, got)
		}
	}
	if served != 3 {
		t.Errorf("%d requests came through, want 3", served)
	}

	c.Downloads = nil
	h = Handler(ready{}, c)
	if w := ask(http.MethodGet, "/install.sh", ""); w.Code != http.StatusNotFound {
		t.Errorf("without downloads: %d", w.Code)
	}
}
