package home_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/home"
)

func open(t *testing.T) (*home.Home, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "config")
	h, err := home.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return h, dir
}

// A folder under one name keeps its keys: what was cut off goes on as the same device.
func TestMakeAgain(t *testing.T) {
	h, _ := open(t)
	var ids [2][32]byte
	for i := range ids {
		folder, err := h.Make("join-1")
		if err != nil {
			t.Fatal(err)
		}
		keys, err := folder.Keys()
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = keys.Public().DeviceID()
	}
	if ids[0] != ids[1] {
		t.Error("the same folder has another device")
	}
	folders, err := h.Folders()
	if err != nil || len(folders) != 1 {
		t.Errorf("%d folders, %v", len(folders), err)
	}
}

// Nobody else on the machine can read a key or list the folders.
func TestModes(t *testing.T) {
	h, dir := open(t)
	if _, err := h.Make("a"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "meshes", "a"): 0o700, filepath.Join(dir, "meshes", "a", "device.key"): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(path), got, want)
		}
	}
}

// Who holds the directory's lock is known while it is held.
func TestHolder(t *testing.T) {
	h, _ := open(t)
	if pid := h.Holder(); pid != 0 {
		t.Errorf("process %d holds a lock that nobody took", pid)
	}
	lock, err := h.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if pid := h.Holder(); pid != os.Getpid() {
		t.Errorf("process %d holds it, want %d", pid, os.Getpid())
	}
	lock.Unlock()
	if pid := h.Holder(); pid != 0 {
		t.Errorf("process %d holds a lock that was let go", pid)
	}
}

// One process speaks for a device; when it ends, another may.
func TestLock(t *testing.T) {
	h, _ := open(t)
	folder, err := h.Make("a")
	if err != nil {
		t.Fatal(err)
	}
	lock, err := folder.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Lock(); !errors.Is(err, home.ErrHeld) {
		t.Errorf("a second lock: %v", err)
	}
	lock.Unlock()
	again, err := folder.Lock()
	if err != nil {
		t.Fatal(err)
	}
	again.Unlock()
}

// A folder for sockets that others may enter is refused.
func TestSocketFolder(t *testing.T) {
	h, _ := open(t)
	folder, err := h.Make("a")
	if err != nil {
		t.Fatal(err)
	}
	runtime := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", runtime)
	if _, err := folder.Socket(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(runtime, "claudemesh"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Socket(); err == nil {
		t.Error("a folder that everyone may enter was taken")
	}
}

// A key file that was cut short is told, and never replaced.
func TestBrokenKey(t *testing.T) {
	h, dir := open(t)
	folder, err := h.Make("a")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "meshes", "a", "device.key")
	if err := os.WriteFile(path, []byte("0011"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Keys(); err == nil {
		t.Error("half a key was taken")
	}
	if _, err := h.Make("a"); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); string(text) != "0011" {
		t.Error("the key file was written over")
	}
}
