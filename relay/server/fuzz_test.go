package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/wire"
)

// FuzzRequest: whatever is asked of the HTTP routes, the answer is JSON, and a refusal of the caller's doing.
func FuzzRequest(f *testing.F) {
	text := func(v any) []byte {
		b, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	f.Add(uint8(0), "", text(map[string][]wire.Bytes{"statements": {{1}, {2}}}))
	f.Add(uint8(0), "", []byte(`{"statements":[]}`))
	f.Add(uint8(0), "", []byte(`{"statements":null,"statements":[""]}`))
	f.Add(uint8(1), "Ab3dE6gH", text(invite.ClaimRequest{Recipient: invite.PublicKey{1}, Join: wire.Bytes{2}}))
	f.Add(uint8(1), "../meshes", []byte(`{`))
	f.Add(uint8(2), "Ab3dE6gH", []byte(nil))
	f.Add(uint8(2), "%zz", []byte(nil))
	f.Add(uint8(3), "mesh=00", []byte("x"))
	relay := relaytest.Serve(f)
	transport := &http.Transport{}
	f.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	f.Fuzz(func(t *testing.T, route uint8, part string, body []byte) {
		method, path := http.MethodPost, "/api/public/meshes"
		switch route % 4 {
		case 1:
			path = "/api/public/invites/" + part + "/claim"
		case 2:
			method, path = http.MethodGet, "/api/public/invites/"+part
		case 3:
			method, path = http.MethodGet, "/ws?"+part
		}
		request, err := http.NewRequestWithContext(t.Context(), method, relay.URL()+path, strings.NewReader(string(body)))
		if err != nil {
			return // no address
		}
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		said, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		var refusal struct {
			Error *wire.Error `json:"error"`
		}
		if answer.StatusCode == http.StatusCreated || string(said) == "400 Bad Request" { // the latter where it is no HTTP
			return
		}
		if err := json.Unmarshal(said, &refusal); err != nil || refusal.Error == nil {
			t.Fatalf("%s %s is answered %d: %s", method, path, answer.StatusCode, said)
		}
		if code := refusal.Error.Code; code == wire.CodeInternal || !code.Known() || code.Info().Status != answer.StatusCode {
			t.Errorf("%s %s with %q is answered %d, %s", method, path, body, answer.StatusCode, said)
		}
	})
}
