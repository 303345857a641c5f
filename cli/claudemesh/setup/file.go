package setup

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// maxFile bounds what is read of a configuration file, in bytes.
const maxFile = 64 << 20

// file is a configuration file as it was found.
type file struct {
	name    string // as the agent knows it
	real    string // behind links, which are written through
	exists  bool
	mode    fs.FileMode
	content []byte
}

func open(name string) (*file, error) {
	f := &file{name: name, real: name, mode: 0o600}
	for range 40 {
		to, err := os.Readlink(f.real)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(f.real), to)
		}
		f.real = to
	}
	opened, err := os.Open(f.real)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the agent's configuration: %w", err)
	}
	defer opened.Close()
	info, err := opened.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the agent's configuration: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", name)
	}
	content, err := io.ReadAll(io.LimitReader(opened, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the agent's configuration: %w", err)
	}
	if len(content) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d MiB", name, maxFile>>20)
	}
	f.exists, f.mode, f.content = true, info.Mode().Perm(), content
	return f, nil
}

// makeFolder makes the folder that the file lies in, and gives those that were not there, the innermost first.
func (f *file) makeFolder() (made []string, err error) {
	inner := filepath.Dir(f.real)
	for folder := inner; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(folder); err == nil || folder == filepath.Dir(folder) {
			break
		}
		made = append(made, folder)
	}
	if err := os.MkdirAll(inner, 0o700); err != nil {
		return nil, fmt.Errorf("make the agent's configuration folder: %w", err)
	}
	return made, nil
}

// backup keeps the content beside the file, under a name that nothing had.
func (f *file) backup() (string, error) {
	base := f.name + ".before-claudemesh"
	for i := 1; ; i++ {
		name := base
		if i > 1 {
			name = fmt.Sprintf("%s-%d", base, i)
		}
		if have, err := os.ReadFile(name); err == nil && bytes.Equal(have, f.content) {
			return name, nil
		}
		kept, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.mode)
		if errors.Is(err, fs.ErrExist) && i < 1000 {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("keep what was there before: %w", err)
		}
		_, err = kept.Write(f.content)
		if err = errors.Join(err, kept.Sync(), kept.Close()); err != nil {
			return "", fmt.Errorf("keep what was there before: %w", err)
		}
		return name, nil
	}
}

// replace gives the file another content, whole or not at all, with the mode and owner that it had. again: another program wrote
// since the file was read, and nothing was done.
func (f *file) replace(content []byte) (again bool, err error) {
	var random [6]byte
	rand.Read(random[:])
	temporary := filepath.Join(filepath.Dir(f.real), ".claudemesh-"+hex.EncodeToString(random[:]))
	if err := writeNew(temporary, content, f.mode); err != nil {
		return false, fmt.Errorf("write %s: %w", f.name, err)
	}
	defer os.Remove(temporary)
	keepOwner(f.real, temporary)
	now, err := open(f.name)
	if err != nil {
		return false, err
	}
	if now.real != f.real || now.exists != f.exists || !bytes.Equal(now.content, f.content) {
		return true, nil
	}
	if err := os.Rename(temporary, f.real); err != nil {
		return false, fmt.Errorf("write %s: %w", f.name, err)
	}
	return false, nil
}

// writeNew writes a file that is not there yet, synced, and with exactly this mode.
func writeNew(name string, content []byte, mode fs.FileMode) error {
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(content)
	if err = errors.Join(err, out.Chmod(mode), out.Sync(), out.Close()); err != nil {
		os.Remove(name)
	}
	return err
}

// How long a lock is waited for, and when one counts as left behind by a program that is gone.
const (
	lockPatience = 12 * time.Second
	lockStale    = 10 * time.Second
)

// lock takes the lock of a file: a folder of its name with .lock behind it. Claude Code takes the same one for its own file
// before it writes.
func lock(path string) (unlock func(), err error) {
	name := path + ".lock"
	deadline := time.Now().Add(lockPatience)
	for {
		err := os.Mkdir(name, 0o700)
		if err == nil {
			return func() { os.Remove(name) }, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if info, err := os.Stat(name); err == nil && time.Since(info.ModTime()) > lockStale {
			os.Remove(name)
			continue
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("another program is changing %s; try again, or remove %s where none is", path, name)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
