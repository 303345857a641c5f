//go:build unix

package postgrestest

import (
	"bytes"
	"context"
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
	s := &Server{programs: programs(t)}
	// Not t.TempDir: the server's account must reach it, and the name of a socket is short.
	folder, err := os.MkdirTemp("", "claudemesh-pg")
	if err != nil {
		t.Fatal(err)
	}
	s.folder = folder
	t.Cleanup(func() {
		s.Kill(t)
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	if os.Geteuid() == 0 { // which initdb refuses
		s.account = account(t)
		if err := os.Chown(folder, int(s.account.Uid), int(s.account.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	initdb := s.command("initdb", "--pgdata", s.data(), "--username", "relay", "--auth", "trust", "--no-locale", "--encoding", "UTF8", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	s.Restart(t)
	return s
}

// programs is the folder of the newest PostgreSQL of Debian, or of the one in PATH.
func programs(t testing.TB) string {
	t.Helper()
	folders, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	version := func(folder string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
		return n
	}
	if len(folders) > 0 {
		return slices.MaxFunc(folders, func(a, b string) int { return version(a) - version(b) })
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		t.Fatal("there is no PostgreSQL: run scripts/install-test-tools postgres")
	}
	return filepath.Dir(path)
}

func account(t testing.TB) *syscall.Credential {
	t.Helper()
	found, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	uid, err1 := strconv.ParseUint(found.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(found.Gid, 10, 32)
	if err1 != nil || err2 != nil {
		t.Fatalf("the account postgres has the ids %q and %q", found.Uid, found.Gid)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
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
	s.databases++
	name := fmt.Sprintf("test%d", s.databases)
	s.ask(t, "CREATE DATABASE "+name)
	return s.address(name)
}

// ask carries out a statement on the server's own database.
func (s *Server) ask(t testing.TB, sql string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), s.address("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

// Restart starts the server after Kill and waits until it answers.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.process = s.command("postgres", "-D", s.data(), "-c", "listen_addresses=", "-c", "port="+port, "-c", "unix_socket_directories="+s.folder,
		"-c", "max_connections=60", "-c", "shared_buffers=32MB", "-c", "log_min_messages=fatal")
	var log bytes.Buffer
	s.process.Stderr = &log
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	s.ended = make(chan error, 1)
	go func(process *exec.Cmd, ended chan<- error) { ended <- process.Wait() }(s.process, s.ended)
	limit := time.After(time.Minute)
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := pgx.Connect(context.Background(), s.address("postgres"))
		if err == nil {
			_ = conn.Close(context.Background())
			return
		}
		select {
		case <-s.ended:
			s.process = nil
			t.Fatalf("postgres ended: %s", log.String())
		case <-limit:
			t.Fatalf("postgres does not answer: %v", err)
		case <-retry.C:
		}
	}
}

// Kill ends the server and all its processes at once, as a crash does. A server that does not run stays as it is.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if s.process == nil {
		return
	}
	id := s.process.Process.Pid
	// Each session is a process of its own, and would end what it does when the first one is gone. Stopped, that makes no more.
	signal(t, id, syscall.SIGSTOP)
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", id, id))
	if err != nil && !os.IsNotExist(err) {
		t.Error(err)
	}
	for _, field := range strings.Fields(string(children)) {
		child, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		signal(t, child, syscall.SIGKILL)
	}
	signal(t, id, syscall.SIGKILL)
	<-s.ended
	s.process = nil
}

func signal(t testing.TB, id int, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(id, signal); err != nil && err != syscall.ESRCH {
		t.Errorf("a signal to a process of postgres: %v", err)
	}
}
