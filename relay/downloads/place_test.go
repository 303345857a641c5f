package downloads

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

const origin = "https://relay.example"

// place is a folder of downloads and what serves it.
type place struct {
	*testing.T
	folder string
	log    bytes.Buffer
	http.Handler
}

func hexSum(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// write puts a file there as `mv` does, so that no second state of it can be taken for the first.
func (p *place) write(name, content string) {
	p.Helper()
	aside := filepath.Join(p.TempDir(), name)
	if err := os.WriteFile(aside, []byte(content), 0o644); err != nil {
		p.Fatal(err)
	}
	if err := os.Rename(aside, filepath.Join(p.folder, name)); err != nil {
		p.Fatal(err)
	}
}

// announce writes SHA256SUMS for pairs of a name and a content.
func (p *place) announce(pairs ...string) {
	p.Helper()
	var sums strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		sums.WriteString(hexSum(pairs[i+1]) + "  " + pairs[i] + "\n")
	}
	p.write("SHA256SUMS", sums.String())
}

const (
	linux   = "claudemesh-linux-amd64"
	windows = "claudemesh-windows-arm64.exe"
)

// serving has a folder with two programs of version v1.2.3.
func serving(t *testing.T) *place {
	p := &place{T: t, folder: t.TempDir()}
	p.write(linux, "program for linux")
	p.write(windows, "program for windows")
	p.write("VERSION", "v1.2.3\n")
	p.announce(linux, "program for linux", windows, "program for windows", "VERSION", "v1.2.3\n")
	p.open()
	return p
}

func (p *place) open() {
	p.Helper()
	h, err := New(Options{Folder: p.folder, Origin: origin, Refuse: refuse, Log: slog.New(slog.NewTextHandler(&p.log, nil))})
	if err != nil {
		p.Fatal(err)
	}
	p.Handler = h
}

func refuse(w http.ResponseWriter, err error) {
	w.WriteHeader(wire.CodeOf(err).Info().Status)
	io.WriteString(w, string(wire.CodeOf(err)))
}

func (p *place) ask(method, path string, header ...string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Result()
}

func (p *place) get(path string, header ...string) (int, string) {
	p.Helper()
	r := p.ask(http.MethodGet, path, header...)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		p.Fatal(err)
	}
	return r.StatusCode, string(body)
}

// names are the files of the listing.
func (p *place) names() []string {
	p.Helper()
	_, body := p.get("/api/public/downloads")
	var answer struct {
		Version string
		Files   []struct{ Name string }
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		p.Fatal(err)
	}
	names := []string{}
	for _, f := range answer.Files {
		names = append(names, f.Name)
	}
	return names
}

func (p *place) wants(names ...string) {
	p.Helper()
	if got := p.names(); !reflect.DeepEqual(got, append([]string{}, names...)) {
		p.Errorf("served are %q, want %q\n%s", got, names, p.log.String())
	}
}
