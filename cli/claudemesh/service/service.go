// Package service describes the daemon as a service of a person's login: a user unit of systemd, or an agent of launchd.
//
// It writes and removes its one file and runs nothing: the commands that the system wants are given to the caller.
package service

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"claudemesh.com/mesh/shared/wire"
)

// Place is where a service runs.
type Place struct {
	Home      string // the person's home folder
	Config    string // XDG_CONFIG_HOME, or empty
	Program   string // this program, absolute
	Directory string // the configuration folder
	Named     bool   // whether that is another than the usual one: it gets a service of its own
	UID       int
}

// Service is the file that describes the service, and the commands that make the system take notice of it.
type Service struct {
	Path    string
	Content []byte
	Start   [][]string // after Write
	Stop    [][]string // before Remove
	After   [][]string // after Remove
}

// For makes the service for an operating system. CodeUnsupported: for that one there is none.
func For(system string, p Place) (*Service, error) {
	suffix := ""
	if p.Named {
		sum := sha256.Sum256([]byte(p.Directory))
		suffix = "-" + hex.EncodeToString(sum[:4])
	}
	switch system {
	case "linux":
		return systemd(p, "claudemesh"+suffix+".service"), nil
	case "darwin":
		return launchd(p, "com.claudemesh.daemon"+suffix), nil
	}
	return nil, wire.Errorf(wire.CodeUnsupported, "On this system the daemon is not installed as a service. It starts by itself when an agent needs it.")
}

func systemd(p Place, unit string) *Service {
	base := p.Config
	if base == "" {
		base = filepath.Join(p.Home, ".config")
	}
	content := fmt.Sprintf(`[Unit]
Description=claudemesh: speaks for the agent sessions of this login

[Service]
ExecStart=%s daemon run --lasting
Environment=%s
Restart=on-failure
RestartSec=5

[Install]
WantedBy=default.target
`, quoted(p.Program), quoted("CLAUDEMESH_CONFIG_DIR="+p.Directory))
	ctl := func(words ...string) []string { return append([]string{"systemctl", "--user"}, words...) }
	return &Service{
		Path: filepath.Join(base, "systemd", "user", unit), Content: []byte(content),
		Start: [][]string{ctl("daemon-reload"), ctl("enable", unit), ctl("restart", unit)},
		Stop:  [][]string{ctl("disable", "--now", unit)},
		After: [][]string{ctl("daemon-reload")},
	}
}

// quoted is a word of a unit file, where % stands for itself when doubled. A $ is one in Environment and in a program's path.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `%`, `%%`).Replace(text) + `"`
}

func launchd(p Place, label string) *Service {
	content := fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key><string>%s</string>
	<key>ProgramArguments</key>
	<array><string>%s</string><string>daemon</string><string>run</string><string>--lasting</string></array>
	<key>EnvironmentVariables</key>
	<dict><key>CLAUDEMESH_CONFIG_DIR</key><string>%s</string></dict>
	<key>RunAtLoad</key><true/>
	<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
</dict>
</plist>
`, label, escaped(p.Program), escaped(p.Directory))
	path := filepath.Join(p.Home, "Library", "LaunchAgents", label+".plist")
	domain := fmt.Sprintf("gui/%d", p.UID)
	return &Service{
		Path: path, Content: []byte(content),
		Start: [][]string{{"launchctl", "bootstrap", domain, path}, {"launchctl", "kickstart", "-k", domain + "/" + label}},
		Stop:  [][]string{{"launchctl", "bootout", domain + "/" + label}},
	}
}

func escaped(text string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(text))
	return b.String()
}

// Written reports whether the file is there.
func (s *Service) Written() bool {
	_, err := os.Stat(s.Path)
	return err == nil
}

// Write writes the file, where it is not there as it should be.
func (s *Service) Write() (changed bool, err error) {
	if have, err := os.ReadFile(s.Path); err == nil && bytes.Equal(have, s.Content) {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(s.Path), 0o755); err != nil {
		return false, fmt.Errorf("make the folder for the service: %w", err)
	}
	if err := os.WriteFile(s.Path, s.Content, 0o644); err != nil {
		return false, fmt.Errorf("write the service: %w", err)
	}
	return true, nil
}

// Remove deletes the file. The folder stays: it is the system's.
func (s *Service) Remove() error {
	if err := os.Remove(s.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the service: %w", err)
	}
	return nil
}
