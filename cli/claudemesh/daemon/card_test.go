//go:build unix

package daemon

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// repository makes a repository whose configuration has a remote with an address.
func repository(t *testing.T, address string) (folder string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "parser")
	if err := os.MkdirAll(filepath.Join(folder, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	config := "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = " + address + "\n"
	if err := os.WriteFile(filepath.Join(folder, ".git", "config"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// Addresses of remotes hold passwords and tokens, and a tag is shown to the whole mesh.
func TestRepositoryTagTellsNoSecret(t *testing.T) {
	for address, want := range map[string]string{
		"https://host.example/team/lexer.git":                 "repo:lexer",
		"git@host.example:team/lexer.git":                     "repo:lexer",
		"host:lexer":                                          "repo:lexer",
		"/srv/git/lexer.git/":                                 "repo:lexer",
		`C:\work\lexer`:                                       "repo:lexer",
		`"https://host.example/lexer.git"`:                    "repo:lexer",
		"https://ada:SECRET@host.example/team/lexer.git":      "repo:lexer",
		"https://ada:SE/CRET@host.example/team/lexer":         "repo:lexer",
		"https://host.example/lexer.git?private_token=SECRET": "repo:lexer",
		"https://host.example/lexer?token=SE/CRET":            "repo:lexer",
		"https://host.example/lexer.git#SECRET":               "repo:lexer",
		"https://ada:SECRET@host.example/":                    "repo:parser",
		"https://SECRET@host.example":                         "repo:parser",
		"ext::helper --token SECRET":                          "repo:parser",
		"ada:SECRET@host.example":                             "repo:parser",
	} {
		tag := repositoryTag(repository(t, address))
		if tag != want || strings.Contains(tag, "CRET") {
			t.Errorf("%s is shown as %q, not %q", address, tag, want)
		}
	}
}

// A card with one field that the wire refuses would not be shown at all.
func TestEveryFolderMakesATag(t *testing.T) {
	for name, want := range map[string]string{"a,b": "", "a b": "", "a\u202eb": "", "a\xffb": "", "a.b": "repo:a.b"} {
		folder := filepath.Join(t.TempDir(), name)
		if err := os.MkdirAll(filepath.Join(folder, ".git"), 0o700); err != nil {
			t.Fatal(err)
		}
		if tag := repositoryTag(folder); tag != want {
			t.Errorf("%q makes the tag %q, not %q", name, tag, want)
		}
	}
}

// In a folder that others can write to, .git can be anything: a pipe would be read for ever.
func TestRepositoryTagReadsFilesAlone(t *testing.T) {
	for _, path := range []string{".git", ".git/config"} {
		folder := t.TempDir()
		pipe := filepath.Join(folder, path)
		if err := os.MkdirAll(filepath.Dir(pipe), 0o700); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("mkfifo", pipe).CombinedOutput(); err != nil {
			t.Fatal(err, string(out))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		done := make(chan struct{})
		go func() {
			defer close(done)
			repositoryTag(folder)
		}()
		select {
		case <-done:
		case <-ctx.Done():
			t.Fatalf("a pipe at %s is waited for", path)
		}
	}
}

// The folder behind a link is named by what the person calls it.
func TestShortenKnowsTheHomeBehindALink(t *testing.T) {
	behind := filepath.Join(t.TempDir(), "ada")
	home := filepath.Join(t.TempDir(), "home")
	if err := os.Mkdir(behind, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(behind, home); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	for _, directory := range []string{home, behind} {
		if got := shorten(filepath.Join(directory, "src"), homes()); got != "~/src" {
			t.Errorf("%s/src is shown as %s", directory, got)
		}
	}
	if got := shorten("/srv/a\nb\u202ec", homes()); strings.ContainsAny(got, "\n\u202e") {
		t.Errorf("shown as %q", got)
	}
}
