//go:build unix

package daemon

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzLine: what a program writes to the local socket is read line by line, and each line as the JSON that it is.
func FuzzLine(f *testing.F) {
	f.Add([]byte(`{"api":1,"op":"hello"}` + "\n" + `{"api":1,"op":"send","body":{"to":"Ada"}}` + "\n"))
	f.Add([]byte("\n\n{}\n[1]\n"))
	f.Add([]byte(strings.Repeat(" ", 5000) + "{}\n{"))
	f.Add([]byte(`{"op":1}` + "\n" + `{"body":nul}` + "\n"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		l := &lines{reader: bufio.NewReader(bytes.NewReader(sent))}
		for line := range bytes.Lines(sent) {
			var got, want request
			err := l.read(&got)
			if !bytes.HasSuffix(line, []byte("\n")) {
				if err == nil {
					t.Errorf("%q is not a whole line, and read as %+v", line, got)
				}
				return
			}
			if wantErr := json.Unmarshal(line, &want); (err == nil) != (wantErr == nil) || err == nil && (got.API != want.API || got.Op != want.Op || !bytes.Equal(got.Body, want.Body)) {
				t.Errorf("%q is read as %+v, %v and not %+v, %v", line, got, err, want, wantErr)
			}
		}
	})
}

// FuzzRepositoryTag: of what a repository's files say, nothing but a tag is shown to the mesh, and of a remote's address nothing of
// its login.
func FuzzRepositoryTag(f *testing.F) {
	f.Add("[remote \"origin\"]\n\turl = https://ada:token@example.com/team/mesh.git\n", "ada:token")
	f.Add("[remote \"up\"]\nurl = git@example.com:team/mesh\n[remote \"origin\"]\nurl = \"../mesh/\"\n", "a/b:c")
	f.Add("gitdir: ../x", "?#@")
	f.Add("[remote \"origin\"]\nurl=https://example.com\n", `a\b`)
	folder := f.TempDir()
	git := filepath.Join(folder, ".git")
	if err := os.Mkdir(git, 0o700); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, config, login string) {
		if err := os.WriteFile(filepath.Join(git, "config"), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		if tag := repositoryTag(folder); tag != "" && (!goodTag(tag) || !strings.HasPrefix(tag, "repo:")) {
			t.Errorf("%q gives the tag %q", config, tag)
		}
		if name := addressName("https://" + login + "@example.com/team/mesh.git"); name != "" && name != "mesh" {
			t.Errorf("the login %q gives the name %q", login, name)
		}
	})
}
