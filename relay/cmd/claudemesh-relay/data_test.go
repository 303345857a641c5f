package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestStateFolder(t *testing.T) {
	for _, c := range []struct {
		system string
		env    map[string]string
		want   string
	}{
		{"linux", map[string]string{"HOME": "/home/a"}, "/home/a/.local/state"},
		{"linux", map[string]string{"HOME": "/home/a", "XDG_STATE_HOME": "/state"}, "/state"},
		{"linux", map[string]string{"HOME": "/home/a", "XDG_STATE_HOME": "state"}, "/home/a/.local/state"},
		{"darwin", map[string]string{"HOME": "/Users/a"}, "/Users/a/Library/Application Support"},
		{"windows", map[string]string{"LocalAppData": "/a"}, "/a"},
	} {
		got, err := stateFolder(c.system, func(name string) string { return c.env[name] })
		if err != nil || got != filepath.FromSlash(c.want) {
			t.Errorf("%s with %v: %q, %v; want %q", c.system, c.env, got, err, c.want)
		}
	}
	if got, err := stateFolder("linux", func(string) string { return "" }); err == nil {
		t.Errorf("without a home: %q, want a refusal", got)
	}
}

func TestDataFolderIsPrivate(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	if _, err := dataFolder(folder, os.Getenv); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(folder)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o700 {
		t.Errorf("the data folder has mode %o", got)
	}
}

func TestOperatorToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "operator-token")
	made, err := operatorToken(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(made) != 43 {
		t.Errorf("the token has %d characters, want 32 bytes in base64url", len(made))
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("the token's file has mode %o", got)
	}
	if again, err := operatorToken(path); err != nil || again != made {
		t.Errorf("the second start reads another token (%v)", err)
	}
	if err := os.WriteFile(path, []byte("short\n"), fs.FileMode(0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := operatorToken(path); err == nil {
		t.Error("a token of five characters is taken")
	}
}
