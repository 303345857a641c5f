package dial_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/dial"
)

// Whoever answers in the relay's place cannot have a request carried on to somebody else.
func TestFollowsNoRedirect(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	relay := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer relay.Close()

	status, _, err := dial.Relay{}.Do(t.Context(), http.MethodPost, relay.URL+"/api/public/meshes", map[string]string{"Authorization": "Bearer token"}, []byte("{}"))
	if err != nil || status != http.StatusTemporaryRedirect {
		t.Errorf("answered %d (%v)", status, err)
	}
	if conn, err := (dial.Relay{}).Dial(t.Context(), "ws"+relay.URL[len("http"):]+"/ws?mesh=00"); err == nil {
		conn.Close(1000, "")
		t.Error("a redirect became a connection")
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("%d requests went elsewhere", n)
	}
}
