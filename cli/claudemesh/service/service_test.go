package service_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/service"
	"claudemesh.com/mesh/shared/wire"
)

var place = service.Place{Home: "/home/ada", Program: `/opt/a "b"/100%/$x/claudemesh`, Directory: "/home/ada/<mesh> & co", UID: 1000}

func TestSystemd(t *testing.T) {
	s, err := service.For("linux", place)
	if err != nil || s.Path != "/home/ada/.config/systemd/user/claudemesh.service" {
		t.Fatalf("%+v, %v", s, err)
	}
	for _, line := range []string{
		`ExecStart="/opt/a \"b\"/100%%/$x/claudemesh" daemon run --lasting`, `Environment="CLAUDEMESH_CONFIG_DIR=/home/ada/<mesh> & co"`, "WantedBy=default.target",
	} {
		if !strings.Contains(string(s.Content), "\n"+line+"\n") {
			t.Errorf("the unit lacks %s:\n%s", line, s.Content)
		}
	}
	moved := place
	moved.Config, moved.Named = "/cfg", true
	other, err := service.For("linux", moved)
	if err != nil || !strings.HasPrefix(other.Path, "/cfg/systemd/user/claudemesh-") {
		t.Errorf("of another folder: %s, %v", other.Path, err)
	}
}

func TestLaunchd(t *testing.T) {
	s, err := service.For("darwin", place)
	if err != nil || s.Path != "/home/ada/Library/LaunchAgents/com.claudemesh.daemon.plist" {
		t.Fatalf("%+v, %v", s, err)
	}
	var words []string
	decoder := xml.NewDecoder(bytes.NewReader(s.Content))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok && strings.TrimSpace(string(text)) != "" {
			words = append(words, string(text))
		}
	}
	all := strings.Join(words, "|")
	for _, want := range []string{"Label|com.claudemesh.daemon|", `|` + place.Program + `|daemon|run|--lasting|`, "|CLAUDEMESH_CONFIG_DIR|" + place.Directory} {
		if !strings.Contains(all, want) {
			t.Errorf("the property list lacks %s: %s", want, all)
		}
	}
}

func TestUnsupported(t *testing.T) {
	if _, err := service.For("windows", place); wire.CodeOf(err) != wire.CodeUnsupported {
		t.Errorf("a service for windows: %v", err)
	}
}

// Written once however often, changed when it is another, and undone.
func TestWrite(t *testing.T) {
	base := t.TempDir()
	p := service.Place{Home: base, Program: "/bin/claudemesh", Directory: base}
	for i, want := range []bool{true, false, true} {
		if i == 2 {
			p.Program = "/usr/bin/claudemesh"
		}
		s, err := service.For("linux", p)
		if err != nil {
			t.Fatal(err)
		}
		if changed, err := s.Write(); err != nil || changed != want {
			t.Errorf("write %d changed the file: %t, %v", i, changed, err)
		}
		if have, err := os.ReadFile(s.Path); err != nil || !bytes.Equal(have, s.Content) || !s.Written() {
			t.Errorf("after write %d it holds %q, %v", i, have, err)
		}
	}
	s, _ := service.For("linux", p)
	for range 2 {
		if err := s.Remove(); err != nil {
			t.Fatal(err)
		}
	}
	if left, _ := os.ReadDir(filepath.Dir(s.Path)); len(left) != 0 || s.Written() {
		t.Errorf("%v are left", left)
	}
}
