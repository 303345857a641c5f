//go:build unix

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"claudemesh.com/mesh/relay/relaytest"
)

// installing is a real relay that hands out a real claudemesh, a mesh on it, and the script as the relay made it.
type installing struct {
	relaytest.Process
	downloads string
	program   []byte
	script    string
	link      string
}

// offered is the version of what the relay hands out.
const offered = "v9.8.7-test"

func TestInstall(t *testing.T) {
	in := &installing{Process: relaytest.Process{Program: relayProgram, Data: t.TempDir()}, downloads: t.TempDir()}
	in.offer(t)
	in.Flags = []string{"--downloads", in.downloads}
	in.Run(t)
	in.script = fetched(t, in.URL+"/install.sh")
	in.found(t)

	for name, shell := range shells() {
		t.Run(name, func(t *testing.T) {
			t.Run("joins", func(t *testing.T) { in.joins(t, shell) })
			t.Run("installs alone", func(t *testing.T) { in.installsAlone(t, shell) })
			t.Run("another program", func(t *testing.T) { in.refusesAnother(t, shell) })
			t.Run("cut off", func(t *testing.T) { in.cutOff(t, shell) })
			t.Run("on other machines", func(t *testing.T) { in.otherMachines(t, shell) })
			t.Run("where it may not", func(t *testing.T) { in.mayNot(t, shell) })
		})
	}

	t.Run("with few tools", in.fewTools)

	_, secret, _ := strings.Cut(in.link, "#")
	if secret == "" || strings.Contains(in.Log(), secret) {
		t.Errorf("the link is %q; the relay's log: %s", in.link, in.Log())
	}
}

// shells are sh and what else of its kind is here.
func shells() map[string][]string {
	found := map[string][]string{"sh": {"sh"}}
	sh, err := exec.LookPath("sh")
	if err == nil {
		sh, _ = filepath.EvalSymlinks(sh)
	}
	for _, shell := range [][]string{{"bash"}, {"dash"}, {"busybox", "sh"}} {
		path, err := exec.LookPath(shell[0])
		if err != nil {
			continue
		}
		if real, _ := filepath.EvalSymlinks(path); real != sh {
			found[shell[0]] = append([]string{path}, shell[1:]...)
		}
	}
	return found
}

// offer makes the folder of downloads, with a program for this machine alone.
func (in *installing) offer(t *testing.T) {
	name := "claudemesh-" + runtime.GOOS + "-" + runtime.GOARCH
	path := filepath.Join(in.downloads, name)
	if out, err := exec.Command("go", "build", "-ldflags", "-X main.version="+offered, "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	in.program = program
	sums := ""
	for name, content := range map[string][]byte{name: program, "VERSION": []byte(offered)} {
		sum := sha256.Sum256(content)
		sums += hex.EncodeToString(sum[:]) + "  " + name + "\n"
	}
	for name, content := range map[string]string{"SHA256SUMS": sums, "VERSION": offered} {
		if err := os.WriteFile(filepath.Join(in.downloads, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// found makes a mesh and an invite for all who will join.
func (in *installing) found(t *testing.T) {
	owner := func(args ...string) []byte {
		command := exec.Command(filepath.Join(in.downloads, "claudemesh-"+runtime.GOOS+"-"+runtime.GOARCH), append([]string{"--json"}, args...)...)
		command.Env = append(os.Environ(), "CLAUDEMESH_CONFIG_DIR="+in.Data)
		out, err := command.Output()
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		return out
	}
	if err := os.Chmod(filepath.Join(in.downloads, "claudemesh-"+runtime.GOOS+"-"+runtime.GOARCH), 0o755); err != nil {
		t.Fatal(err)
	}
	owner("create", "Harbour", "--relay", in.URL, "--as", "Ada")
	var invite struct{ Link string }
	if err := json.Unmarshal(owner("invite", "create", "--uses", "20"), &invite); err != nil {
		t.Fatal(err)
	}
	in.link = invite.Link
}

func fetched(t *testing.T, url string) string {
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, response.Status, err)
	}
	return string(text)
}

// machine is somebody's: a home folder and the tools in PATH.
type machine struct {
	*testing.T
	home, path string
	shell      []string
}

func newMachine(t *testing.T, shell []string) *machine {
	return &machine{t, t.TempDir(), os.Getenv("PATH"), shell}
}

// pipes runs a script as `curl … | sh -s -- ARGS` does, and gives what was said and the exit code. There is no terminal.
func (m *machine) pipes(script string, args ...string) (said string, code int) {
	m.Helper()
	shell, err := exec.LookPath(m.shell[0])
	if err != nil {
		m.Fatal(err)
	}
	command := exec.Command(shell, slices.Concat(m.shell[1:], []string{"-s", "--"}, args)...)
	command.Stdin = strings.NewReader(script)
	command.Dir = m.home
	command.Env = []string{"HOME=" + m.home, "PATH=" + m.path, "USER=tester", "XDG_RUNTIME_DIR=" + m.home}
	// A session of its own has no terminal.
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	out, err := command.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		m.Fatal(err)
	}
	return string(out), command.ProcessState.ExitCode()
}

func (m *machine) target() string { return filepath.Join(m.home, ".local", "bin", "claudemesh") }

// holds fails unless the program stands in its place, whole, and nothing else beside it.
func (m *machine) holds(program []byte) {
	m.Helper()
	got, err := os.ReadFile(m.target())
	if err != nil {
		m.Fatal(err)
	}
	info, err := os.Stat(m.target())
	if err != nil {
		m.Fatal(err)
	}
	if !bytes.Equal(got, program) || info.Mode().Perm() != 0o755 {
		m.Errorf("the installed program has %d bytes of %d and mode %o", len(got), len(program), info.Mode().Perm())
	}
	m.leftAlone("claudemesh")
}

// leftAlone fails where the folder for programs holds anything but what is named.
func (m *machine) leftAlone(names ...string) {
	m.Helper()
	entries, err := os.ReadDir(filepath.Dir(m.target()))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		m.Fatal(err)
	}
	for _, entry := range entries {
		if !slices.Contains(names, entry.Name()) {
			m.Errorf("%s was left behind", entry.Name())
		}
	}
}

func (in *installing) joins(t *testing.T, shell []string) {
	m := newMachine(t, shell)
	m.path = filepath.Dir(m.target()) + ":" + m.path
	said, code := m.pipes(in.script, in.link, "--as", "Bo")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	m.holds(in.program)
	for _, want := range []string{"You are Bo in Harbour", offered, "both come from " + in.URL} {
		if !strings.Contains(said, want) {
			t.Errorf("nothing says %q: %s", want, said)
		}
	}
	for _, never := range []string{in.link, "not in PATH"} {
		if strings.Contains(said, never) {
			t.Errorf("it says %q: %s", never, said)
		}
	}

	// Once more: the program is replaced, and what joining says decides how the script ends.
	if err := os.WriteFile(m.target(), []byte("former"), 0o755); err != nil {
		t.Fatal(err)
	}
	if said, code := m.pipes(in.script, in.link); code != 0 || !strings.Contains(said, "already_joined") {
		t.Errorf("a second time: exit code %d: %s", code, said)
	}
	m.holds(in.program)
	if said, code := m.pipes(in.script, in.link+"x"); code != 4 || !strings.Contains(said, "malformed") {
		t.Errorf("a link that is none: exit code %d: %s", code, said)
	}
}

func (in *installing) installsAlone(t *testing.T, shell []string) {
	m := newMachine(t, shell)
	said, code := m.pipes(in.script)
	if code != 0 || !strings.Contains(said, "claudemesh join 'INVITE LINK' --setup") || !strings.Contains(said, "not in PATH") {
		t.Errorf("exit code %d: %s", code, said)
	}
	m.holds(in.program)
	if _, err := os.Stat(filepath.Join(m.home, ".config")); err == nil {
		t.Error("it did more than to install")
	}
}

// refusesAnother stands between the script and the relay and turns one bit of the program.
func (in *installing) refusesAnother(t *testing.T, shell []string) {
	other := bytes.Clone(in.program)
	other[len(other)/2] ^= 1
	liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(other) }))
	defer liar.Close()
	m := newMachine(t, shell)
	said, code := m.pipes(strings.ReplaceAll(in.script, in.URL, liar.URL), in.link)
	announced, received := sha256.Sum256(in.program), sha256.Sum256(other)
	if code == 0 || !strings.Contains(said, hex.EncodeToString(announced[:])) || !strings.Contains(said, hex.EncodeToString(received[:])) {
		t.Errorf("exit code %d, and not both sums: %s", code, said)
	}
	m.leftAlone()

	// The relay itself gives no other version than the one that the script names.
	m = newMachine(t, shell)
	said, code = m.pipes(strings.ReplaceAll(in.script, hex.EncodeToString(announced[:]), strings.Repeat("0", 64)), in.link)
	if code == 0 || !strings.Contains(said, "the download failed") {
		t.Errorf("exit code %d for a program that the relay has no more: %s", code, said)
	}
	m.leftAlone()
}

// cutOff runs what a broken connection leaves of the script: wherever it ends, it does nothing.
func (in *installing) cutOff(t *testing.T, shell []string) {
	m := newMachine(t, shell)
	whole := len(in.script) - 1 // the last line feed may be missing
	for end := 0; end < whole; end++ {
		if end%97 != 0 && end < whole-60 {
			continue
		}
		said, _ := m.pipes(in.script[:end], in.link)
		if strings.Contains(said, "Downloading") {
			t.Errorf("after %d bytes of %d: %s", end, whole, said)
		}
	}
	if left, err := os.ReadDir(m.home); err != nil || len(left) > 0 {
		t.Errorf("a script that was cut off left %v (%v)", left, err)
	}
}

// tools makes PATH a folder with these programs alone.
func (m *machine) tools(names ...string) {
	m.path = m.TempDir()
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			m.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(m.path, name)); err != nil {
			m.Fatal(err)
		}
	}
}

// plain is what the script needs besides a download and a sum.
var plain = []string{"uname", "mktemp", "mkdir", "chmod", "mv", "rm"}

func (in *installing) fewTools(t *testing.T) {
	shell := []string{"sh"} // busybox would have tools of its own, whatever PATH holds
	combined := 0
	for _, get := range []string{"curl", "wget"} {
		for _, sum := range []string{"sha256sum", "shasum", "openssl"} {
			if _, err := exec.LookPath(get); err != nil {
				continue
			}
			if _, err := exec.LookPath(sum); err != nil {
				continue
			}
			combined++
			m := newMachine(t, shell)
			m.tools(append(plain, get, sum)...)
			if said, code := m.pipes(in.script); code != 0 {
				t.Errorf("with %s and %s: exit code %d: %s", get, sum, code, said)
				continue
			}
			m.holds(in.program)
		}
	}
	if combined == 0 {
		t.Error("this machine has no tools to download and to check with")
	}
	for tool, wants := range map[string]string{"": "needs curl or wget", "curl": "needs sha256sum, shasum or openssl"} {
		m := newMachine(t, shell)
		m.tools(plain...)
		if tool != "" {
			fake := "#!/bin/sh\nexit 0\n" // it is not what is tested here, and need not be on this machine
			if err := os.WriteFile(filepath.Join(m.path, tool), []byte(fake), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if said, code := m.pipes(in.script); code == 0 || !strings.Contains(said, wants) {
			t.Errorf("with %q and no other tool: exit code %d: %s", tool, code, said)
		}
		m.leftAlone()
	}
}

// otherMachines say what they are in ways of their own. The relay has something for this one alone.
func (in *installing) otherMachines(t *testing.T, shell []string) {
	here := runtime.GOOS + "/" + runtime.GOARCH
	for _, c := range []struct{ name, system, machine, translated, is string }{
		{"Solaris", "SunOS", "sparc", "", "SunOS/sparc"},
		{"an Apple chip under Rosetta", "Darwin", "x86_64", "1", "darwin/arm64"},
		{"an old Mac", "Darwin", "x86_64", "0", "darwin/amd64"},
		{"a Raspberry Pi", "Linux", "armv7l", "", "linux/armv7l"},
		{"a server", "Linux", "aarch64", "", "linux/arm64"},
		{"Git Bash", "MINGW64_NT-10.0-26100", "x86_64", "", "windows/amd64"},
	} {
		m := newMachine(t, shell)
		fake := t.TempDir()
		for name, text := range map[string]string{
			"uname":  "case $1 in -s) echo " + c.system + " ;; *) echo " + c.machine + " ;; esac",
			"sysctl": "echo " + c.translated,
		} {
			if err := os.WriteFile(filepath.Join(fake, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		m.path = fake + ":" + m.path
		said, code := m.pipes(in.script)
		if c.is == here {
			m.holds(in.program)
			continue
		}
		if code == 0 || !strings.Contains(said, "no claudemesh for "+c.is+". It has: "+here+".") {
			t.Errorf("%s: exit code %d: %s", c.name, code, said)
		}
		m.leftAlone()
	}
}

// mayNot are places that nothing can be put to.
func (in *installing) mayNot(t *testing.T, shell []string) {
	m := newMachine(t, shell)
	if err := os.MkdirAll(m.target(), 0o755); err != nil {
		t.Fatal(err)
	}
	if said, code := m.pipes(in.script, in.link); code == 0 || !strings.Contains(said, "is a folder") {
		t.Errorf("a folder in the program's place: exit code %d: %s", code, said)
	}
	m = newMachine(t, shell)
	if err := os.WriteFile(filepath.Join(m.home, ".local"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if said, code := m.pipes(in.script, in.link); code == 0 || !strings.Contains(said, "CLAUDEMESH_INSTALL_DIR") {
		t.Errorf("a file in the folder's place: exit code %d: %s", code, said)
	}
}
