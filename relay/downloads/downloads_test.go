package downloads

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

func TestListing(t *testing.T) {
	p := serving(t)
	status, body := p.get("/api/public/downloads")
	sum, other := hexSum("program for linux"), hexSum("program for windows")
	want := `{"version":"v1.2.3","files":[` +
		`{"name":"claudemesh-linux-amd64","os":"linux","arch":"amd64","size":17,"sha256":"` + sum + `","url":"https://relay.example/downloads/claudemesh-linux-amd64?sha256=` + sum + `"},` +
		`{"name":"claudemesh-windows-arm64.exe","os":"windows","arch":"arm64","size":19,"sha256":"` + other + `","url":"https://relay.example/downloads/claudemesh-windows-arm64.exe?sha256=` + other + `"}]}`
	if status != http.StatusOK || body != want {
		t.Errorf("%d %s\nwant %s", status, body, want)
	}
}

func TestNothingServed(t *testing.T) {
	for name, folder := range map[string]string{"no folder": "", "an empty folder": t.TempDir()} {
		p := &place{T: t, folder: folder}
		p.open()
		if status, body := p.get("/api/public/downloads"); status != http.StatusOK || body != `{"version":"","files":[]}` {
			t.Errorf("%s: %d %s", name, status, body)
		}
		for _, path := range []string{"/install.sh", "/install.ps1", "/downloads/" + linux} {
			if status, body := p.get(path); status != http.StatusNotFound || body != "not_found" {
				t.Errorf("%s, %s: %d %s", name, path, status, body)
			}
		}
	}
	if _, err := New(Options{Folder: filepath.Join(t.TempDir(), "none"), Origin: origin}); err == nil {
		t.Error("a folder that is not there is taken")
	}
	if _, err := New(Options{Origin: "https://Relay.example/'"}); err == nil {
		t.Error("an origin that is not canonical is taken")
	}
}

func TestProgram(t *testing.T) {
	p := serving(t)
	sum := hexSum("program for linux")
	for path, cache := range map[string]string{
		"/downloads/" + linux:                    "no-cache",
		"/downloads/" + linux + "?sha256=" + sum: "public, max-age=31536000, immutable",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r := p.ask(method, path)
			body, _ := io.ReadAll(r.Body)
			want := map[string]string{http.MethodGet: "program for linux"}[method]
			if r.StatusCode != http.StatusOK || string(body) != want {
				t.Errorf("%s %s: %d %q", method, path, r.StatusCode, body)
			}
			for name, want := range map[string]string{
				"Content-Length": "17", "ETag": strconv.Quote(sum), "Cache-Control": cache, "Accept-Ranges": "bytes",
				"Content-Type": "application/octet-stream", "Content-Disposition": `attachment; filename="claudemesh-linux-amd64"`,
				"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
			} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s %s: %s is %q, want %q", method, path, name, got, want)
				}
			}
		}
	}
	for _, wrong := range []string{"?sha256=" + hexSum("another"), "?sha256=", "?sha256=" + sum + "&sha256=" + sum} {
		if status, body := p.get("/downloads/" + linux + wrong); status != http.StatusNotFound || body != "not_found" {
			t.Errorf("with %s: %d %s", wrong, status, body)
		}
	}
}

func TestParts(t *testing.T) {
	p := serving(t)
	path := "/downloads/" + linux
	tag := strconv.Quote(hexSum("program for linux"))
	for _, c := range []struct {
		name   string
		header []string
		status int
		body   string
	}{
		{"the middle", []string{"Range", "bytes=8-10"}, http.StatusPartialContent, "for"},
		{"the end", []string{"Range", "bytes=-5"}, http.StatusPartialContent, "linux"},
		{"the rest of this version", []string{"Range", "bytes=12-", "If-Range", tag}, http.StatusPartialContent, "linux"},
		{"the rest of another version", []string{"Range", "bytes=12-", "If-Range", `"other"`}, http.StatusOK, "program for linux"},
		{"what is there already", []string{"If-None-Match", tag}, http.StatusNotModified, ""},
	} {
		if status, body := p.get(path, c.header...); status != c.status || body != c.body {
			t.Errorf("%s: %d %q, want %d %q", c.name, status, body, c.status, c.body)
		}
	}
	if status, _ := p.get(path, "Range", "bytes=100-"); status != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("behind the end: %d", status)
	}
}

// Nothing but listed programs leaves the folder, and nothing leaves from outside of it.
func TestOnlyWhatIsListed(t *testing.T) {
	p := serving(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	const link, inner, folder, deep = "claudemesh-linux-arm64", "claudemesh-darwin-arm64", "claudemesh-darwin-amd64", "sub/claudemesh-linux-amd64"
	for name, to := range map[string]string{link: secret, inner: linux} {
		if err := os.Symlink(to, filepath.Join(p.folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{folder, "sub"} {
		if err := os.Mkdir(filepath.Join(p.folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p.write("notes", "secret")
	if err := os.WriteFile(filepath.Join(p.folder, deep), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.announce(linux, "program for linux", link, "secret", inner, "program for linux", folder, "", "notes", "secret", deep, "secret",
		"../"+filepath.Base(secret), "secret", secret, "secret")
	p.wants(linux)
	for _, name := range []string{
		link, inner, folder, "notes", "SHA256SUMS", "VERSION", windows, deep, "..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd",
		linux + "/", linux + "%00", strings.ToUpper(linux), "",
	} {
		r := p.ask(http.MethodGet, "/downloads/"+name)
		body, _ := io.ReadAll(r.Body)
		if r.StatusCode == http.StatusOK || strings.Contains(string(body), "secret") {
			t.Errorf("/downloads/%s: %d %s", name, r.StatusCode, body)
		}
	}
}

func TestMismatch(t *testing.T) {
	p := serving(t)
	p.write(linux, "another program")
	p.wants(windows)
	if status, body := p.get("/downloads/" + linux); status != http.StatusNotFound || strings.Contains(body, "program") {
		t.Errorf("a program with another sum: %d %s", status, body)
	}
	said := p.log.String()
	if !strings.Contains(said, hexSum("another program")) || !strings.Contains(said, hexSum("program for linux")) {
		t.Errorf("the log has not both sums: %s", said)
	}
	p.names()
	if p.log.String() != said {
		t.Errorf("the same is logged again: %s", p.log.String())
	}
}

// A folder that changes under a running relay is followed, and no state in between gives a wrong program.
func TestChange(t *testing.T) {
	p := serving(t)
	p.wants(linux, windows)
	p.write(linux, "program 2 for linux")
	p.wants(windows)
	p.write("VERSION", "v2\n")
	p.announce(linux, "program 2 for linux", windows, "program for windows", "VERSION", "v2\n")
	p.wants(linux, windows)
	if _, body := p.get("/downloads/" + linux); body != "program 2 for linux" {
		t.Errorf("after the change: %q", body)
	}
	if _, body := p.get("/install.sh"); !strings.Contains(body, "version='v2'") || strings.Contains(body, hexSum("program for linux")) {
		t.Errorf("the script is of another listing:\n%s", body)
	}
	if status, _ := p.get("/downloads/" + linux + "?sha256=" + hexSum("program for linux")); status != http.StatusNotFound {
		t.Errorf("the former version: %d", status)
	}
	if err := os.Remove(filepath.Join(p.folder, windows)); err != nil {
		t.Fatal(err)
	}
	p.wants(linux)
	moved := p.folder + "-moved"
	if err := os.Rename(p.folder, moved); err != nil {
		t.Fatal(err)
	}
	p.wants()
	if err := os.Rename(moved, p.folder); err != nil {
		t.Fatal(err)
	}
	p.wants(linux)
}

// A file that is another one since it was listed is not served under the sum of the former.
func TestChangedSinceListed(t *testing.T) {
	p := serving(t)
	h := p.Handler.(*Handler)
	listed := h.current().named(linux)
	p.write(linux, "program for other")
	if f, err := h.open(listed); err == nil {
		f.Close()
		t.Error("the file was opened")
	}
}

func TestSumsAsWritten(t *testing.T) {
	p := &place{T: t, folder: t.TempDir()}
	p.write(linux, "program")
	sum, other := hexSum("program"), hexSum("other")
	for _, c := range []struct {
		name, sums string
		want       []string
	}{
		{"text mode", sum + "  " + linux + "\n", []string{linux}},
		{"binary mode", sum + " *" + linux + "\n", []string{linux}},
		{"no last line feed", sum + "  " + linux, []string{linux}},
		{"lines of Windows", sum + "  " + linux + "\r\n", []string{linux}},
		{"twice the same", strings.Repeat(sum+"  "+linux+"\n", 2), []string{linux}},
		{"two sums", sum + "  " + linux + "\n" + other + "  " + linux + "\n", nil},
		{"two sums, the right one last", other + "  " + linux + "\n" + sum + "  " + linux + "\n", nil},
		{"upper case", strings.ToUpper(sum) + "  " + linux + "\n", nil},
		{"a short sum", sum[1:] + "  " + linux + "\n", nil},
		{"a path", sum + "  ./" + linux + "\n", nil},
		{"too large", sum + "  " + linux + "\n" + strings.Repeat("\n", maxSums), nil},
	} {
		p.write("SHA256SUMS", c.sums)
		if p.Handler == nil {
			p.open()
		}
		p.Run(c.name, func(t *testing.T) {
			if got := p.names(); !reflect.DeepEqual(got, append([]string{}, c.want...)) {
				t.Errorf("served are %q, want %q", got, c.want)
			}
		})
	}
}

// What the scripts quote holds nothing that ends a quote.
func TestVersion(t *testing.T) {
	p := serving(t)
	for text, want := range map[string]string{
		"v1.2.3-4-gabcdef0-dirty\n": "v1.2.3-4-gabcdef0-dirty",
		"'; rm -rf ~; '":            "unknown",
		"-v1":                       "unknown",
		"v1\nv2":                    "unknown",
		"":                          "unknown",
		strings.Repeat("v", 300):    "unknown",
	} {
		p.write("VERSION", text)
		p.announce(linux, "program for linux", "VERSION", text)
		if _, script := p.get("/install.sh"); !strings.Contains(script, "\nversion='"+want+"'\n") {
			t.Errorf("with the version %q, the script lacks %q", text, want)
		}
	}
}

func TestScripts(t *testing.T) {
	p := serving(t)
	line := linux + " linux amd64 17 " + hexSum("program for linux") + "\n" + windows + " windows arm64 19 " + hexSum("program for windows")
	for path, wants := range map[string][]string{
		"/install.sh":  {"\norigin='https://relay.example'\n", "\nversion='v1.2.3'\n", "\nprograms='" + line + "'\n"},
		"/install.ps1": {" $origin = 'https://relay.example'\n", " $version = 'v1.2.3'\n", " $programs = '" + line + "'\n"},
	} {
		r := p.ask(http.MethodGet, path)
		script, _ := io.ReadAll(r.Body)
		for _, want := range wants {
			if !strings.Contains(string(script), want) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
		for _, placeholder := range []string{"@ORIGIN@", "@VERSION@", "@PROGRAMS@"} {
			if strings.Contains(string(script), placeholder) {
				t.Errorf("%s holds %s", path, placeholder)
			}
		}
		// Windows PowerShell reads what names no other encoding as that of the machine.
		if i := bytes.IndexFunc(script, func(r rune) bool { return r > '~' }); i >= 0 {
			t.Errorf("%s holds more than ASCII: %q", path, script[i:i+4])
		}
		for name, want := range map[string]string{
			"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff",
			"Content-Length": strconv.Itoa(len(script)),
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		if head := p.ask(http.MethodHead, path); head.Header.Get("Content-Length") != strconv.Itoa(len(script)) {
			t.Errorf("HEAD %s: %v", path, head.Header)
		}
	}
}
