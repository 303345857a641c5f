package protocoltest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

// Answer is what a relay said over HTTP.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// call makes a request. body is sent as it is where it is []byte or nil, and else as JSON; header is names and values.
func (x Target) call(t testing.TB, method, path string, body any, header ...string) Answer {
	t.Helper()
	var text []byte
	switch b := body.(type) {
	case nil:
	case []byte:
		text = b
	default:
		var err error
		if text, err = json.Marshal(b); err != nil {
			t.Fatal(err)
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), method, x.URL+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Add(header[i], header[i+1])
	}
	response, err := x.HTTP.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Answer{response.StatusCode, response.Header, content}
}

// Refused checks that the answer is an error of the code, in JSON, with the code's status and a sentence.
func (a Answer) Refused(t testing.TB, code wire.Code) {
	t.Helper()
	var got struct {
		Error struct {
			Code    wire.Code
			Message string
			Retry   bool
		}
	}
	if err := json.Unmarshal(a.Body, &got); err != nil {
		t.Errorf("answered %d %q, want the error %s", a.Status, a.Body, code)
		return
	}
	info := code.Info()
	if got.Error.Code != code || a.Status != info.Status || got.Error.Retry != info.Retry || got.Error.Message == "" {
		t.Errorf("answered %d %s, want %d and the error %s", a.Status, a.Body, info.Status, code)
	}
	if media := a.Header.Get("Content-Type"); media != "application/json" {
		t.Errorf("the error %s is of type %q", code, media)
	}
}

// reads checks the status and reads the JSON into v.
func (a Answer) reads(t testing.TB, status int, v any) {
	t.Helper()
	if a.Status != status {
		t.Fatalf("answered %d %s, want %d", a.Status, a.Body, status)
	}
	if err := wire.DecodeJSON(a.Body, len(a.Body), v); err != nil {
		t.Fatalf("%v: %s", err, a.Body)
	}
}
