package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/cli/claudemesh/setup"
)

// program looks at what people and agents get when they type the name.
func (d *Doctor) program() {
	name := "claudemesh"
	text := fmt.Sprintf("claudemesh %s, at %s", d.Version, d.Machine.Program)
	found, err := d.Machine.LookPath(name)
	if err == nil {
		found, err = filepath.Abs(found)
	}
	switch {
	case err != nil:
		d.say("program", "", Warn, text+", which is not in PATH", "export PATH="+setup.Quote(filepath.Dir(d.Machine.Program))+`:"$PATH"`)
	case !sameFile(found, d.Machine.Program):
		d.say("program", "", Warn, text+"; another one, "+found+", comes first in PATH", "command -v -a claudemesh")
	default:
		d.say("program", "", OK, text, "")
	}
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	other, failed := os.Stat(b)
	return err == nil && failed == nil && os.SameFile(one, other)
}

// folder looks at the folder with keys and messages: nobody else may read it, and we may write.
func (d *Doctor) folder() {
	root := d.Home.Dir()
	healthy := true
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) || entry.Type()&fs.ModeSymlink != 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if !d.entry(path, info) {
			healthy = false
		}
		return nil
	})
	if err != nil {
		d.say("folder", root, Fail, fmt.Sprintf("it cannot be read: %v", err), "ls -la "+setup.Quote(root))
		return
	}
	probe, err := os.CreateTemp(root, ".doctor-*")
	if err != nil {
		d.say("store", root, Fail, fmt.Sprintf("nothing can be written there: %v", err), "ls -ld "+setup.Quote(root))
		return
	}
	_, err = probe.Write(make([]byte, 4096))
	err = errors.Join(err, probe.Sync(), probe.Close(), os.Remove(probe.Name()))
	if err != nil {
		d.say("store", root, Fail, fmt.Sprintf("writing there failed: %v", err), "df -h "+setup.Quote(root))
		return
	}
	if healthy {
		d.say("folder", root, OK, "only you can read it, and it can be written", "")
	}
}

// entry looks at one file or folder of ours, and reports whether it is as it should be.
func (d *Doctor) entry(path string, info fs.FileInfo) bool {
	if owner, foreign := foreignOwner(info); foreign {
		d.say("folder", path, Fail, fmt.Sprintf("it belongs to user %d and not to you", owner), "sudo chown -R \"$(id -u)\" "+setup.Quote(path))
		return false
	}
	want := fs.FileMode(0o600)
	if info.IsDir() {
		want = 0o700
	}
	mode := info.Mode().Perm()
	if d.Machine.Windows || mode&0o077 == 0 {
		return true
	}
	f := Finding{Check: "folder", Subject: path, Status: Warn, Text: fmt.Sprintf("others may open it (mode %o)", mode), Remedy: fmt.Sprintf("chmod %o %s", want, setup.Quote(path))}
	if strings.HasSuffix(path, ".key") || strings.Contains(filepath.Base(path), ".db") {
		f.Status, f.Text = Fail, fmt.Sprintf("it holds keys or messages, and others may open it (mode %o)", mode)
	}
	if d.Fix && os.Chmod(path, want) == nil {
		f.Status, f.Text, f.Fixed = OK, fmt.Sprintf("others could open it (mode %o)", mode), true
	}
	d.Report(f)
	return false
}

// The free space below which there is something to say, in bytes.
const (
	spaceWarn = 200 << 20
	spaceFail = 5 << 20
)

func (d *Doctor) disk() {
	root := d.Home.Dir()
	free, err := freeSpace(root)
	switch {
	case err != nil: // the system does not tell
	case free < spaceFail:
		d.say("disk", root, Fail, fmt.Sprintf("only %d MiB are free: messages cannot be kept", free>>20), "df -h "+setup.Quote(root))
	case free < spaceWarn:
		d.say("disk", root, Warn, fmt.Sprintf("only %d MiB are free", free>>20), "df -h "+setup.Quote(root))
	default:
		d.say("disk", root, OK, fmt.Sprintf("%d MiB are free", free>>20), "")
	}
}

// sockets looks at the local sockets: the folder that they lie in, and those that nobody serves any more.
func (d *Doctor) sockets(meshes []Mesh) {
	path, err := d.Home.Socket()
	if err != nil {
		d.say("socket", "", Fail, err.Error(), "")
		return
	}
	holders := map[string]func() (*home.Lock, error){path: d.Home.Lock}
	for _, m := range meshes {
		if path, err := m.Folder.Socket(); err == nil {
			holders[path] = m.Folder.Lock
		}
	}
	healthy := true
	for path, lock := range holders {
		if !d.socket(path, lock) {
			healthy = false
		}
	}
	if healthy {
		d.say("socket", filepath.Dir(path), OK, "only you can enter the folder of the local sockets", "")
	}
}

// socket looks at one socket. lock is that of whoever serves it.
func (d *Doctor) socket(path string, lock func() (*home.Lock, error)) bool {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err == nil && info.Mode()&fs.ModeSocket == 0 && !d.Machine.Windows {
		err = errors.New("it is no socket")
	}
	if err != nil {
		d.say("socket", path, Fail, err.Error(), "rm "+setup.Quote(path))
		return false
	}
	conn, err := net.DialTimeout("unix", path, patience)
	if err == nil {
		conn.Close()
		return d.entry(path, info)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		d.say("socket", path, Fail, fmt.Sprintf("it cannot be used: %v", err), "ls -la "+setup.Quote(path))
		return false
	}
	held, err := lock()
	if err != nil {
		d.say("socket", path, Warn, "whoever serves it starts or ends just now", "claudemesh doctor")
		return false
	}
	defer held.Unlock()
	f := Finding{Check: "socket", Subject: path, Status: Warn, Text: "it was left behind; nobody serves it", Remedy: "rm " + setup.Quote(path)}
	if d.Fix && os.Remove(path) == nil {
		f.Status, f.Fixed = OK, true
	}
	d.Report(f)
	return false
}
