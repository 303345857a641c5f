package daemon

import (
	"bufio"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"claudemesh.com/mesh/shared/wire"
)

func newSession() (id wire.SessionID) {
	rand.Read(id[:])
	return id
}

// goodTag reports whether a text can be a tag.
func goodTag(tag string) bool {
	return tag != "" && len(tag) <= 64 && !strings.ContainsFunc(tag, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	})
}

// shorten writes ~ for the home folder: nobody needs to learn the login's name from a card.
func shorten(directory string) string {
	home, err := os.UserHomeDir()
	if err != nil || home == "" || directory == "" {
		return directory
	}
	switch below, ok := strings.CutPrefix(directory, filepath.Clean(home)); {
	case !ok:
		return directory
	case below == "":
		return "~"
	case os.IsPathSeparator(below[0]):
		return "~" + below
	}
	return directory
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

// gitFolder is where git keeps what it knows of the repository at a folder: .git, or in a worktree what that file names.
func gitFolder(folder string) string {
	path := filepath.Join(folder, ".git")
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return ""
	case info.IsDir():
		return path
	case info.Size() > maxConfig:
		return ""
	}
	text, err := os.ReadFile(path)
	target, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: ")
	if err != nil || !ok {
		return ""
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(folder, target)
	}
	if common, err := os.ReadFile(filepath.Join(target, "commondir")); err == nil && len(common) < maxConfig {
		target = filepath.Join(target, strings.TrimSpace(string(common)))
	}
	return target
}

// remoteName is the last part of the address of origin, or of the first remote; empty where there is none.
func remoteName(git string) string {
	file, err := os.Open(filepath.Join(git, "config"))
	if err != nil {
		return ""
	}
	defer file.Close()
	name, section := "", ""
	scanner := bufio.NewScanner(file)
	for read := 0; scanner.Scan() && read < maxConfig; read += len(scanner.Bytes()) {
		line := strings.TrimSpace(scanner.Text())
		if strings.HasPrefix(line, "[") {
			section = line
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || strings.TrimSpace(key) != "url" || !strings.HasPrefix(section, "[remote ") {
			continue
		}
		value = strings.TrimSuffix(strings.TrimRight(strings.TrimSpace(value), "/"), ".git")
		value = value[strings.LastIndexAny(value, "/:\\")+1:]
		if section == `[remote "origin"]` {
			return value
		}
		if name == "" {
			name = value
		}
	}
	return name
}
