package deploy_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"claudemesh.com/mesh/relay/relaytest"
)

// program is the relay as an image holds it.
var program relaytest.Program

func TestMain(m *testing.M) { os.Exit(built(m)) }

func built(m *testing.M) int {
	folder, err := os.MkdirTemp("", "claudemesh-deploy-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	if out, err := exec.Command("../build-go", folder+"/", "./relay/cmd/claudemesh-relay").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "the relay does not build: %v\n%s", err, out)
		return 1
	}
	program = relaytest.Program{Path: filepath.Join(folder, "claudemesh-relay"), Env: []string{"BROKER_PORT=", "DATABASE_URL="}}
	return m.Run()
}

// relay starts a relay with the flags of a command line that ships, but for those that name places of a container, and with
// others besides. It gives the address on which the relay listens.
func relay(t *testing.T, shipped []string, env []string, flags ...string) (*relaytest.Process, string) {
	t.Helper()
	token := filepath.Join(t.TempDir(), "operator-token")
	if err := os.WriteFile(token, []byte("a token that is long enough\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if len(shipped) == 0 || shipped[0] != "serve" {
		t.Fatalf("%q does not run a relay", shipped)
	}
	for _, flag := range shipped[1:] {
		name, _, valued := strings.Cut(flag, "=")
		switch {
		case !valued:
			t.Fatalf("%s is not written as --flag=value", flag)
		case name == "--listen" || name == "--data": // the test chooses
		case name == "--operator-token-file":
			flags = append(flags, name+"="+token)
		case name == "--trust-proxy":
			flags = append(flags, name+"=127.0.0.1/32")
		default:
			flags = append(flags, flag)
		}
	}
	p := &relaytest.Process{Program: program, Data: t.TempDir(), Flags: append(flags, "--verbose")}
	p.Program.Env = slices.Concat(program.Env, env)
	p.Run(t)
	if p.URL != origin {
		t.Fatalf("the relay is at %s and not at %s", p.URL, origin)
	}
	_, rest, _ := strings.Cut(p.Log(), " listen=")
	address, _, found := strings.Cut(rest, " ")
	if !found {
		t.Fatalf("the log does not tell where the relay listens: %s", p.Log())
	}
	return p, address
}
