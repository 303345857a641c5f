// Package home is the configuration directory of the command line: one folder for each mesh with its device's keys, its
// store and a lock that says which process speaks for the device.
//
// It opens no connection and reads no message.
package home

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"claudemesh.com/mesh/cli/claudemesh/kv"
	"claudemesh.com/mesh/shared/identity"
)

// Env is the variable that moves the configuration directory.
const Env = "CLAUDEMESH_CONFIG_DIR"

// Home is a configuration directory.
type Home struct{ dir string }

// Open finds the directory (from dir, or else the user's configuration folder) and makes it with mode 0700.
func Open(dir string) (*Home, error) {
	if dir == "" {
		base, err := os.UserConfigDir()
		if err != nil {
			return nil, fmt.Errorf("find the configuration folder (set %s): %w", Env, err)
		}
		dir = filepath.Join(base, "claudemesh")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the configuration folder: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "meshes"), 0o700); err != nil {
		return nil, fmt.Errorf("make the configuration folder: %w", err)
	}
	return &Home{dir}, nil
}

// Dir is the directory itself.
func (h *Home) Dir() string { return h.dir }

// Sessions is the path of the store that keeps which agent sessions there are.
func (h *Home) Sessions() string { return filepath.Join(h.dir, "sessions.db") }

// Folder is the folder of one device in one mesh.
type Folder struct{ path string }

// Folders lists the folders that hold a device, by name.
func (h *Home) Folders() ([]Folder, error) {
	entries, err := os.ReadDir(filepath.Join(h.dir, "meshes"))
	if err != nil {
		return nil, fmt.Errorf("list the meshes: %w", err)
	}
	var folders []Folder
	for _, entry := range entries {
		f := Folder{filepath.Join(h.dir, "meshes", entry.Name())}
		if entry.IsDir() && f.hasKeys() {
			folders = append(folders, f)
		}
	}
	sort.Slice(folders, func(i, j int) bool { return folders[i].path < folders[j].path })
	return folders, nil
}

// Make makes a folder with fresh device keys. A name that is taken gives that folder back with the keys it has, which is
// how a join that was cut off goes on with the same device.
func (h *Home) Make(name string) (Folder, error) {
	f := Folder{filepath.Join(h.dir, "meshes", name)}
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return Folder{}, fmt.Errorf("make the mesh's folder: %w", err)
	}
	if f.hasKeys() {
		return f, nil
	}
	keys, err := identity.Generate(rand.Reader)
	if err != nil {
		return Folder{}, fmt.Errorf("make the device's keys: %w", err)
	}
	private := keys.Private()
	return f, writeSynced(f.file("device.key"), []byte(hex.EncodeToString(private[:])+"\n"))
}

// Fresh is a folder's name that is not taken.
func (h *Home) Fresh() string {
	var name [6]byte
	rand.Read(name[:])
	return "mesh-" + hex.EncodeToString(name[:])
}

// writeSynced writes a file of mode 0600 under another name first, so that no crash leaves half a key.
func writeSynced(path string, content []byte) error {
	temporary, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("store the device's keys: %w", err)
	}
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("store the device's keys: %w", err)
	}
	return nil
}

func (f Folder) file(name string) string { return filepath.Join(f.path, name) }

func (f Folder) hasKeys() bool {
	_, err := os.Stat(f.file("device.key"))
	return err == nil
}

// Exists reports whether the folder still holds a device.
func (f Folder) Exists() bool { return f.hasKeys() }

// Agent is the path of the store that keeps what agent sessions have not taken.
func (f Folder) Agent() string { return f.file("agent.db") }

// Name is the folder's own name.
func (f Folder) Name() string { return filepath.Base(f.path) }

// Keys reads the device's keys.
func (f Folder) Keys() (*identity.Software, error) {
	text, err := os.ReadFile(f.file("device.key"))
	if err != nil {
		return nil, fmt.Errorf("read the device's keys: %w", err)
	}
	raw, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(raw) != 64 {
		return nil, fmt.Errorf("%s does not hold this device's keys any more; put it back from a backup", f.file("device.key"))
	}
	return identity.Restore([64]byte(raw))
}

// Store opens the device's store.
func (f Folder) Store() (*kv.Store, error) { return kv.Open(f.file("device.db")) }

// Remove deletes the folder with keys and messages.
func (f Folder) Remove() error {
	err := os.RemoveAll(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
