//go:build unix

package postgrestest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a PostgreSQL server. Its methods are for one goroutine.
type Server struct {
	folder    string // of data, socket and log
	programs  string
	account   *syscall.Credential // nil: this one
	process   *exec.Cmd           // nil: killed
	ended     chan error          // how process did
	databases int
}

// port is a part of the socket's name; nothing listens on it.
const port = "1"

// Start makes a server of its own for a test, empty and running.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// New makes a server that runs until Close, for what measures and is no test.
func New() (s *Server, err error) {
	s = new(Server)
	if s.programs, err = programs(); err != nil {
		return nil, err
	}
	// Not t.TempDir: the server's account must reach it, and the name of a socket is short.
	if s.folder, err = os.MkdirTemp("", "claudemesh-pg"); err != nil {
		return nil, err
	}
	if err := s.make(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) make() (err error) {
	if os.Geteuid() == 0 { // which initdb refuses
		if s.account, err = account(); err != nil {
			return err
		}
		if err := os.Chown(s.folder, int(s.account.Uid), int(s.account.Gid)); err != nil {
			return err
		}
	}
	initdb := s.command("initdb", "--pgdata", s.data(), "--username", "relay", "--auth", "trust", "--no-locale", "--encoding", "UTF8", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return s.start()
}

// Close kills the server and removes all that it had.
func (s *Server) Close() error { return errors.Join(s.kill(), os.RemoveAll(s.folder)) }

// programs is the folder of the newest PostgreSQL of Debian, or of the one in PATH.
func programs() (string, error) {
	folders, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	version := func(folder string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
		return n
	}
	if len(folders) > 0 {
		return slices.MaxFunc(folders, func(a, b string) int { return version(a) - version(b) }), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("there is no PostgreSQL: run scripts/install-test-tools postgres")
	}
	return filepath.Dir(path), nil
}

func account() (*syscall.Credential, error) {
	found, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.ParseUint(found.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(found.Gid, 10, 32)
	if err1 != nil || err2 != nil {
		return nil, fmt.Errorf("the account postgres has the ids %q and %q", found.Uid, found.Gid)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (s *Server) command(program string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.programs, program), args...)
	c.Dir = s.folder
	c.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	c.SysProcAttr = attributes()
	c.SysProcAttr.Credential = s.account
	return c
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

func (s *Server) address(database string) string {
	return "postgres://relay:a%20secret@/" + database + "?" + url.Values{"host": {s.folder}, "port": {port}}.Encode()
}

// Database makes an empty database and gives its address, which has the password "a secret".
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	address, err := s.NewDatabase()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// NewDatabase is Database for what is no test.
func (s *Server) NewDatabase() (address string, err error) {
	conn, err := pgx.Connect(context.Background(), s.address("postgres"))
	if err != nil {
		return "", err
	}
	defer conn.Close(context.Background())
	s.databases++
	name := fmt.Sprintf("test%d", s.databases)
	_, err = conn.Exec(context.Background(), "CREATE DATABASE "+name)
	return s.address(name), err
}

// Restart starts the server after Kill and waits until it answers.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) start() error {
	s.process = s.command("postgres", "-D", s.data(), "-c", "listen_addresses=", "-c", "port="+port, "-c", "unix_socket_directories="+s.folder,
		"-c", "max_connections=60", "-c", "shared_buffers=32MB", "-c", "log_min_messages=fatal")
	var log bytes.Buffer
	s.process.Stderr = &log
	if err := s.process.Start(); err != nil {
		s.process = nil
		return err
	}
	s.ended = make(chan error, 1)
	go func(process *exec.Cmd, ended chan<- error) { ended <- process.Wait() }(s.process, s.ended)
	limit := time.After(time.Minute)
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := pgx.Connect(context.Background(), s.address("postgres"))
		if err == nil {
			return conn.Close(context.Background())
		}
		select {
		case <-s.ended:
			s.process = nil
			return fmt.Errorf("postgres ended: %s", log.String())
		case <-limit:
			return fmt.Errorf("postgres does not answer: %w", err)
		case <-retry.C:
		}
	}
}

// Kill ends the server and all its processes at once, as a crash does. A server that does not run stays as it is.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if err := s.kill(); err != nil {
		t.Error(err)
	}
}

func (s *Server) kill() error {
	if s.process == nil {
		return nil
	}
	id := s.process.Process.Pid
	// Each session is a process of its own, and would end what it does when the first one is gone. Stopped, that makes no more.
	failed := signal(id, syscall.SIGSTOP)
	processes, err := s.Processes()
	failed = errors.Join(failed, err)
	for _, process := range processes[min(1, len(processes)):] {
		failed = errors.Join(failed, signal(process, syscall.SIGKILL))
	}
	failed = errors.Join(failed, signal(id, syscall.SIGKILL))
	<-s.ended
	s.process = nil
	return failed
}

// Processes are the ids of the server's processes, first of the one that starts the others. Nothing runs: none.
func (s *Server) Processes() ([]int, error) {
	if s.process == nil {
		return nil, nil
	}
	all := []int{s.process.Process.Pid}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", all[0], all[0]))
	if err != nil && !os.IsNotExist(err) {
		return all, err
	}
	for _, field := range strings.Fields(string(children)) {
		child, err := strconv.Atoi(field)
		if err != nil {
			return all, err
		}
		all = append(all, child)
	}
	return all, nil
}

func signal(id int, signal syscall.Signal) error {
	if err := syscall.Kill(id, signal); err != nil && err != syscall.ESRCH {
		return fmt.Errorf("a signal to a process of postgres: %w", err)
	}
	return nil
}
