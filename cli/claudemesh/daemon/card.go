package daemon

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"claudemesh.com/mesh/shared/wire"
)

func newSession() (id wire.SessionID) {
	rand.Read(id[:])
	return id
}

// goodTag reports whether a text can be a tag. A card with another one would be refused whole.
func goodTag(tag string) bool {
	return tag != "" && len(tag) <= 64 && utf8.ValidString(tag) && !strings.ContainsFunc(tag, func(r rune) bool {
		return r == ',' || unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	})
}

// homes are the paths of the user's home folder: as it is called, and what is behind links.
func homes() []string {
	home, err := os.UserHomeDir()
	if err != nil || home == "" {
		return nil
	}
	all := []string{filepath.Clean(home)}
	if behind, err := filepath.EvalSymlinks(home); err == nil && behind != all[0] {
		all = append(all, behind)
	}
	return all
}

// shorten writes ~ for the home folder: nobody needs to learn the login's name from a card.
func shorten(directory string, homes []string) string {
	for _, home := range homes {
		switch below, ok := strings.CutPrefix(directory, home); {
		case !ok:
		case below == "":
			return "~"
		case os.IsPathSeparator(below[0]):
			return oneLine("~" + below)
		}
	}
	return oneLine(directory)
}

// maxConfig bounds how much of a repository's configuration is read, in bytes.
const maxConfig = 64 << 10

// repositoryTag is repo:NAME for the git repository around a directory: the last part of its remote's address, or its
// folder's name; empty outside of one. It reads files and runs nothing.
func repositoryTag(directory string) string {
	if directory == "" || !filepath.IsAbs(directory) {
		return ""
	}
	for folder := filepath.Clean(directory); ; folder = filepath.Dir(folder) {
		if git := gitFolder(folder); git != "" {
			name := remoteName(git)
			if name == "" {
				name = filepath.Base(folder)
			}
			if tag := "repo:" + name; goodTag(tag) {
				return tag
			}
			return ""
		}
		if folder == filepath.Dir(folder) {
			return ""
		}
	}
}

// readConfig reads a small file. In a folder that others can write to it may be anything, like a pipe, which is not waited for.
func readConfig(path string) (string, bool) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxConfig {
		return "", false
	}
	text, err := os.ReadFile(path)
	return string(text), err == nil
}

// gitFolder is where git keeps what it knows of the repository at a folder: .git, or in a worktree what that file names.
func gitFolder(folder string) string {
	path := filepath.Join(folder, ".git")
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return path
	}
	text, _ := readConfig(path)
	target, ok := strings.CutPrefix(strings.TrimSpace(text), "gitdir: ")
	if !ok {
		return ""
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(folder, target)
	}
	if common, ok := readConfig(filepath.Join(target, "commondir")); ok {
		target = filepath.Join(target, strings.TrimSpace(common))
	}
	return target
}

// remoteName is the name in the address of origin, or of the first remote; empty where there is none.
func remoteName(git string) string {
	text, _ := readConfig(filepath.Join(git, "config"))
	name, section := "", ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = line
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || strings.TrimSpace(key) != "url" || !strings.HasPrefix(section, "[remote ") {
			continue
		}
		if section == `[remote "origin"]` {
			return addressName(value)
		}
		if name == "" {
			name = addressName(value)
		}
	}
	return name
}

// addressName is the last part of the path in a remote's address; empty where that could be something else. Addresses hold logins,
// passwords and tokens, and a tag is shown to the whole mesh.
func addressName(address string) string {
	address = strings.Trim(strings.TrimSpace(address), `"`)
	if end := strings.IndexAny(address, "?#"); end >= 0 {
		if strings.Contains(address[end:], "@") {
			return "" // it was no end, but in a password
		}
		address = address[:end]
	}
	address = strings.TrimSuffix(strings.TrimRight(address, "/"), ".git")
	if _, rest, ok := strings.Cut(address, "://"); ok && !strings.Contains(rest, "/") {
		return "" // a host alone
	}
	name := address[strings.LastIndexAny(address, `/:\`)+1:]
	if strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._+-", r)
	}) {
		return ""
	}
	return name
}
