package doctor_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/doctor"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/cli/claudemesh/setup"
	"claudemesh.com/mesh/shared/wire"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patient is a doctor for a machine of its own, with nothing on it, and its findings.
func patient(t *testing.T) (*doctor.Doctor, *[]doctor.Finding) {
	t.Helper()
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	h, err := home.Open(filepath.Join(t.TempDir(), "mesh"))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	found := &[]doctor.Finding{}
	return &doctor.Doctor{
		Home: h, Version: "test", Now: time.Now, HTTP: client,
		Machine: setup.Machine{
			Home: t.TempDir(), Getenv: func(string) string { return "" }, LookPath: func(string) (string, error) { return "", exec.ErrNotFound },
			Program: "/opt/claudemesh", Config: h.Dir(),
		},
		Dial:   func(context.Context, doctor.Mesh) error { return nil },
		Report: func(f doctor.Finding) { *found = append(*found, f) },
	}, found
}

func of(findings []doctor.Finding, check string) (out []doctor.Finding) {
	for _, f := range findings {
		if f.Check == check {
			out = append(out, f)
		}
	}
	return out
}

// relay answers /readyz with a status and a clock.
func relay(t *testing.T, status int, ahead time.Duration) doctor.Mesh {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
		w.Header().Set("Location", "https://elsewhere.example")
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return doctor.Mesh{ID: "m", Name: "Harbour", Relay: server.URL}
}

func TestClock(t *testing.T) {
	for ahead, want := range map[time.Duration]doctor.Status{
		0: doctor.OK, time.Minute: doctor.Warn, -time.Minute: doctor.Warn, 10 * time.Minute: doctor.Fail, -10 * time.Minute: doctor.Fail,
	} {
		d, found := patient(t)
		healthy := d.Run(t.Context(), []doctor.Mesh{relay(t, http.StatusOK, ahead)})
		clock := of(*found, "clock")
		if len(clock) != 1 || clock[0].Status != want || healthy != (want != doctor.Fail) {
			t.Errorf("%s ahead: %+v, healthy: %v", ahead, clock, healthy)
			continue
		}
		direction := map[bool]string{true: "behind", false: "ahead of"}[ahead > 0]
		if want != doctor.OK && (!strings.Contains(clock[0].Text, direction) || clock[0].Remedy == "") {
			t.Errorf("%s ahead: %+v", ahead, clock[0])
		}
	}
}

func TestRelay(t *testing.T) {
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusFound, http.StatusNotFound} {
		d, found := patient(t)
		if d.Run(t.Context(), []doctor.Mesh{relay(t, status, 0)}) {
			t.Errorf("%d: healthy", status)
		}
		if f := of(*found, "relay"); len(f) != 1 || f[0].Status != doctor.Fail || !strings.HasPrefix(f[0].Remedy, "curl -i http") {
			t.Errorf("%d: %+v", status, f)
		}
	}
	d, found := patient(t)
	d.Dial = func(context.Context, doctor.Mesh) error { return errors.New("HTTP 400") }
	if d.Run(t.Context(), []doctor.Mesh{relay(t, http.StatusOK, 0)}) {
		t.Error("healthy without a WebSocket")
	}
	if f := of(*found, "relay"); len(f) != 1 || !strings.Contains(f[0].Text, "opens no WebSocket") || !strings.Contains(f[0].Text, "HTTP 400") {
		t.Errorf("%+v", f)
	}
	d, found = patient(t)
	d.Dial = func(context.Context, doctor.Mesh) error { return wire.Refuse(wire.CodeUnknownMesh) }
	if d.Run(t.Context(), []doctor.Mesh{relay(t, http.StatusOK, 0)}) {
		t.Error("healthy with a relay that does not know the mesh")
	}
	if f := of(*found, "relay"); len(f) != 1 || !strings.Contains(f[0].Text, "does not take this device") || !strings.Contains(f[0].Text, "(unknown_mesh)") {
		t.Errorf("%+v", f)
	}
}

// A socket that nobody serves any more is told, and removed when that is allowed; one that is served is left alone.
func TestSockets(t *testing.T) {
	d, found := patient(t)
	path, err := d.Home.Socket()
	if err != nil {
		t.Fatal(err)
	}
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	left.Close()
	if !d.Run(t.Context(), nil) {
		t.Error("a socket that was left behind is no failure")
	}
	if f := of(*found, "socket"); len(f) != 1 || f[0].Status != doctor.Warn || f[0].Remedy != "rm "+path {
		t.Errorf("%+v", f)
	}

	// Somebody holds the lock, so what seems left behind is about to be served.
	lock, err := d.Home.Lock()
	if err != nil {
		t.Fatal(err)
	}
	*found, d.Fix = nil, true
	d.Run(t.Context(), nil)
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("it was removed beneath whoever serves it: %v", err)
	}
	lock.Unlock()

	*found = nil
	d.Run(t.Context(), nil)
	if f := of(*found, "socket"); len(f) != 1 || !f[0].Fixed {
		t.Errorf("%+v", f)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("it is still there")
	}
}

// A folder for sockets that others may enter, and a folder that cannot be written, are failures.
func TestFolders(t *testing.T) {
	d, found := patient(t)
	path, err := d.Home.Socket()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if d.Run(t.Context(), nil) {
		t.Error("healthy, with a folder for sockets that anybody may enter")
	}
	if f := of(*found, "socket"); len(f) != 1 || f[0].Status != doctor.Fail {
		t.Errorf("%+v", f)
	}

	d, found = patient(t)
	if err := os.RemoveAll(d.Home.Dir()); err != nil {
		t.Fatal(err)
	}
	if d.Run(t.Context(), nil) {
		t.Error("healthy, without a folder")
	}
	if f := of(*found, "folder"); len(f) != 1 || f[0].Status != doctor.Fail {
		t.Errorf("%+v", f)
	}
}

// A mesh whose folder cannot be used is told without asking its relay.
func TestBrokenMesh(t *testing.T) {
	d, found := patient(t)
	folder, err := d.Home.Make("harbour")
	if err != nil {
		t.Fatal(err)
	}
	if d.Run(t.Context(), []doctor.Mesh{{Folder: folder, Problem: errors.New("the store is of a later version")}}) {
		t.Error("healthy")
	}
	if f := of(*found, "mesh"); len(f) != 1 || f[0].Subject != "harbour" || !strings.Contains(f[0].Text, "later version") {
		t.Errorf("%+v", f)
	}
	if len(of(*found, "relay")) > 0 {
		t.Error("a relay was asked")
	}
}

// What is to be pasted does to a path what it says, whatever is in the path, and nothing else.
func TestRemediesArePastable(t *testing.T) {
	d, found := patient(t)
	root := filepath.Join(t.TempDir(), "it's\nmy \"own\" $(touch made)`touch made`")
	h, err := home.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	d.Home = h
	open := filepath.Join(root, "setup.json")
	if err := errors.Join(os.WriteFile(open, nil, 0o600), os.Chmod(open, 0o644)); err != nil {
		t.Fatal(err)
	}
	d.Run(t.Context(), nil)
	f := of(*found, "folder")
	if len(f) != 1 {
		t.Fatalf("%+v", f)
	}
	paste := exec.Command("sh", "-c", f[0].Remedy)
	paste.Dir = t.TempDir()
	out, err := paste.CombinedOutput()
	info, failed := os.Stat(open)
	if err != nil || failed != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %s (%v): %v, %v", f[0].Remedy, out, err, info, failed)
	}
	if made, err := os.ReadDir(paste.Dir); err != nil || len(made) > 0 {
		t.Errorf("%s made %v, %v", f[0].Remedy, made, err)
	}
}
