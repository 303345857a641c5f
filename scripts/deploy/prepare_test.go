package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// prepared is a folder in which prepare ran, with nothing else in it.
func prepared(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	text, err := os.ReadFile("prepare")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "prepare"), text, 0o700); err != nil {
		t.Fatal(err)
	}
	prepare(t, folder, domain)
	return folder
}

func prepare(t *testing.T, folder, domain string) {
	t.Helper()
	if out, err := exec.Command(filepath.Join(folder, "prepare"), domain).CombinedOutput(); err != nil {
		t.Fatalf("prepare: %v\n%s", err, out)
	}
}

// TestPrepare: a second run changes the name and no secret, and what is no name changes nothing.
func TestPrepare(t *testing.T) {
	folder := prepared(t)
	env := filepath.Join(folder, ".env")
	if err := os.WriteFile(env, []byte("CLAUDEMESH_VERSION=7\nCLAUDEMESH_DOMAIN=relay.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	secrets := func() (all string) {
		for _, name := range []string{"operator-token", "postgres-password", "pgpass"} {
			text, err := os.ReadFile(filepath.Join(folder, "secrets", name))
			if err != nil {
				t.Fatal(err)
			}
			all += string(text) + "\n"
		}
		return all
	}
	before := secrets()
	prepare(t, folder, "other.example")
	for _, bad := range []string{"", "relay", "https://relay.example", "relay.example:443", "Relay.example", "relay..example", "-relay.example", "a b.example"} {
		if exec.Command(filepath.Join(folder, "prepare"), bad).Run() == nil {
			t.Errorf("%q is taken for a name", bad)
		}
	}
	if text, err := os.ReadFile(env); err != nil || string(text) != "CLAUDEMESH_VERSION=7\nCLAUDEMESH_DOMAIN=other.example\n" {
		t.Errorf(".env is %q: %v", text, err)
	}
	if after := secrets(); after != before {
		t.Error("a second run made other secrets")
	}
	if info, err := os.Stat(filepath.Join(folder, "secrets")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder of the secrets: %v, %v", info.Mode(), err)
	}
	lines := strings.Split(before, "\n")
	if lines[0] == lines[1] || len(lines[0]) != 43 {
		t.Errorf("the secrets are %q", lines)
	}
}
