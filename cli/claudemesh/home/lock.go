package home

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// ErrHeld says that another process speaks for the device, or for the directory, just now.
var ErrHeld = errors.New("another process holds the lock")

// Lock is held by the one process that speaks for a device, or serves a directory. The system lets go of it when the process ends, however it does.
type Lock struct{ file *os.File }

// Lock takes the device's lock without waiting, or says ErrHeld.
func (f Folder) Lock() (*Lock, error) { return lock(f.file("lock")) }

// Lock takes the lock of the one process that serves the whole directory, without waiting, or says ErrHeld. The file names this
// process for Holder.
func (h *Home) Lock() (*Lock, error) {
	l, err := lock(h.lockPath())
	if err != nil {
		return nil, err
	}
	if err := l.sign(); err != nil {
		l.Unlock()
		return nil, fmt.Errorf("write to the lock: %w", err)
	}
	return l, nil
}

func (h *Home) lockPath() string { return filepath.Join(h.dir, "daemon.lock") }

// Holder is the process that holds Lock; 0: none does, or it cannot be known, as on Windows, where what is locked cannot be read.
func (h *Home) Holder() int {
	l, err := lock(h.lockPath())
	if err == nil {
		l.Unlock()
	}
	if !errors.Is(err, ErrHeld) {
		return 0
	}
	text, err := os.ReadFile(h.lockPath())
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 0 {
		return 0
	}
	return pid
}

func (l *Lock) sign() error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func lock(path string) (*Lock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("take the lock: %w", err)
	}
	if err := lockFile(file); err != nil {
		file.Close()
		return nil, err
	}
	return &Lock{file}, nil
}

// Unlock lets go.
func (l *Lock) Unlock() { l.file.Close() }

// Socket is the path of the local socket at which the holder of the lock serves other commands. It lies in a folder of
// the user's own, since a socket's path is bounded to about 100 bytes and the configuration folder's is not.
func (f Folder) Socket() (string, error) { return socket(f.path) }

// Socket is the path of the local socket at which the holder of the directory's lock serves, in the same folder.
func (h *Home) Socket() (string, error) { return socket(h.dir) }

// Listen opens a socket of this package, which only the user may connect to. Whoever calls it holds the lock that goes with the
// socket, so what lies at the path is of a process that is gone.
func Listen(path string) (net.Listener, error) {
	os.Remove(path)
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("open the local socket: %w", err)
	}
	if err := keepPrivate(path); err != nil {
		listener.Close()
		return nil, fmt.Errorf("open the local socket: %w", err)
	}
	return listener, nil
}

func socket(of string) (string, error) {
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if usual := "/run/user/" + strconv.Itoa(os.Getuid()); dir == "" && runtime.GOOS == "linux" && ownPrivate(usual) == nil {
		dir = usual // agents may start us without the variables of the login, and are to meet those who have them
	}
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "claudemesh-"+strconv.Itoa(os.Getuid()))
	} else {
		dir = filepath.Join(dir, "claudemesh")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the folder for sockets: %w", err)
	}
	if err := ownPrivate(dir); err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(of))
	return filepath.Join(dir, hex.EncodeToString(sum[:8])+".sock"), nil
}
