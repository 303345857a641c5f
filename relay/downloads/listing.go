package downloads

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

const (
	sumsName    = "SHA256SUMS"
	versionName = "VERSION"

	// Bounds in bytes of the two small files.
	maxSums    = 64 << 10
	maxVersion = 256
)

// Names and versions stand in scripts and headers, so they are made of nothing that could mean something there.
var (
	nameForm    = regexp.MustCompile(`^claudemesh-([a-z0-9]+)-([a-z0-9]+)(?:\.exe)?$`)
	versionForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._+-]*$`)
	sumForm     = regexp.MustCompile(`^([0-9a-f]{64}) [ *](.+)$`)
)

var (
	errChanged    = errors.New("it changed while it was read")
	errNotRegular = errors.New("it is not a regular file")
)

// program is one that is served.
type program struct {
	Name string `json:"name"`
	OS   string `json:"os"`   // as Go names it: linux, darwin, windows
	Arch string `json:"arch"` // likewise: amd64, arm64
	Size int64  `json:"size"` // in bytes
	Sum  string `json:"sha256"`
	URL  string `json:"url"` // for ever of this one content

	info fs.FileInfo
}

// listing is what a folder held when it was read. It does not change.
type listing struct {
	version  string // "" where nothing is served
	programs []program

	absent bool                   // the folder itself was not there
	seen   map[string]fs.FileInfo // what the listing rests on; nil: it was not there
	sums   map[string]string      // of the files that were read, also of those that are not served
}

func (l *listing) named(name string) *program {
	i := slices.IndexFunc(l.programs, func(p program) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &l.programs[i]
}

// current is the listing of the folder as it is now.
func (h *Handler) current() *listing {
	if h.Folder == "" {
		return h.listed
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	root, err := os.OpenRoot(h.Folder)
	if err != nil {
		if !h.listed.absent {
			h.Log.Warn("the folder of downloads cannot be opened", "error", err)
		}
		h.listed = &listing{absent: true}
		return h.listed
	}
	defer root.Close()
	if !h.listed.holds(root) {
		h.listed = h.read(root)
		h.Log.Info("downloads listed", "version", h.listed.version, "files", len(h.listed.programs))
	}
	return h.listed
}

// holds reports whether nothing changed of what the listing rests on.
func (l *listing) holds(root *os.Root) bool {
	for name, before := range l.seen {
		if !same(look(root, name), before) {
			return false
		}
	}
	return l.seen != nil
}

func look(root *os.Root, name string) fs.FileInfo {
	info, err := root.Lstat(name)
	if err != nil {
		return nil
	}
	return info
}

func same(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode()
}

// read makes a listing. What is left out of it is logged, once for each change of the folder.
func (h *Handler) read(root *os.Root) *listing {
	l := &listing{seen: map[string]fs.FileInfo{}, sums: map[string]string{}}
	for _, name := range []string{sumsName, versionName} {
		l.seen[name] = look(root, name)
	}
	text, err := readSmall(root, sumsName, maxSums)
	if err != nil {
		h.leaveOut(sumsName, err)
		return l
	}
	announced := h.parse(text)
	for _, name := range slices.Sorted(maps.Keys(announced)) {
		l.seen[name] = look(root, name)
		p, err := l.check(root, name, announced[name], h.listed)
		switch {
		case err != nil:
			h.leaveOut(name, err)
		case name == versionName:
			l.version, err = readVersion(root)
			if err != nil {
				h.leaveOut(name, err)
			}
		default:
			p.URL = h.Origin + "/downloads/" + name + "?sha256=" + p.Sum
			l.programs = append(l.programs, p)
		}
	}
	if len(l.programs) == 0 {
		l.version = ""
	} else if l.version == "" {
		l.version = "unknown"
	}
	return l
}

func (h *Handler) leaveOut(name string, err error) {
	h.Log.Warn("not served as a download", "file", name, "reason", err)
}

// parse reads SHA256SUMS as sha256sum writes it, and leaves out what is neither a program nor the version.
func (h *Handler) parse(text []byte) map[string]string {
	announced := map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		match := sumForm.FindStringSubmatch(line)
		if match == nil {
			h.Log.Warn("a line of SHA256SUMS is not one of sha256sum", "line", line)
			continue
		}
		sum, name := match[1], match[2]
		if name != versionName && !nameForm.MatchString(name) {
			h.leaveOut(name, errors.New("it is not called claudemesh-OS-ARCH"))
			continue
		}
		if before, twice := announced[name]; twice && before != sum {
			sum = "two different sums" // which no file has
		}
		announced[name] = sum
	}
	return announced
}

// check compares a file with its announced sum. What was read for the listing before, and is unchanged, is not read again.
func (l *listing) check(root *os.Root, name, announced string, before *listing) (p program, err error) {
	f, info, err := openRegular(root, name)
	if err != nil {
		return p, err
	}
	defer f.Close()
	sum, known := before.sums[name]
	if !known || !same(before.seen[name], info) {
		if sum, err = sumOf(f, info); err != nil {
			return p, err
		}
	}
	if !same(l.seen[name], info) {
		return p, errChanged
	}
	l.sums[name] = sum
	if sum != announced {
		return p, errors.New("its SHA-256 sum is " + sum + ", and SHA256SUMS has " + announced)
	}
	p = program{Name: name, Size: info.Size(), Sum: sum, info: info}
	if match := nameForm.FindStringSubmatch(name); match != nil {
		p.OS, p.Arch = match[1], match[2]
	}
	return p, nil
}

func sumOf(f *os.File, before fs.FileInfo) (string, error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	after, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !same(before, after) {
		return "", errChanged
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// openRegular opens a file of the folder itself: no link, and nothing that blocks when it is opened.
func openRegular(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	named, err := root.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !named.Mode().IsRegular() {
		return nil, nil, errNotRegular
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(named, info) {
		err = errChanged
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func readSmall(root *os.Root, name string, limit int64) ([]byte, error) {
	f, _, err := openRegular(root, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = errors.New("it is too large")
	}
	return text, err
}

func readVersion(root *os.Root) (string, error) {
	text, err := readSmall(root, versionName, maxVersion)
	if err != nil {
		return "", err
	}
	version := strings.TrimSpace(string(text))
	if !versionForm.MatchString(version) {
		return "", errors.New("it holds no version")
	}
	return version, nil
}
