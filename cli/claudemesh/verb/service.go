package verb

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/cli/claudemesh/service"
	"claudemesh.com/mesh/shared/wire"
)

type (
	daemonInstallVerb   struct{}
	daemonUninstallVerb struct{}
)

// service is the one that runs this program's daemon for this configuration folder.
func (c *call) service() (*service.Service, error) {
	h, err := home.Open(c.ConfigDir)
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	base, err := os.UserHomeDir()
	if err != nil {
		return nil, fmt.Errorf("find your home folder: %w", err)
	}
	return service.For(runtime.GOOS, service.Place{
		Home: base, Config: os.Getenv("XDG_CONFIG_HOME"), Program: program, Directory: h.Dir(), Named: c.ConfigDir != "", UID: os.Getuid(),
	})
}

func (daemonInstallVerb) Run(ctx context.Context, c *call) error {
	s, err := c.service()
	if err != nil {
		return err
	}
	changed, err := s.Write()
	if err != nil {
		return err
	}
	if changed {
		c.note("Wrote %s", s.Path)
	}
	if err := c.command(ctx, s.Start); err != nil {
		return err
	}
	c.note("The daemon runs as a service of your login. \"claudemesh daemon uninstall\" undoes it.")
	return nil
}

func (daemonUninstallVerb) Run(ctx context.Context, c *call) error {
	s, err := c.service()
	if err != nil {
		return err
	}
	if !s.Written() {
		c.note("The daemon is not installed.")
		return nil
	}
	if err := c.command(ctx, s.Stop); err != nil {
		return err
	}
	if err := s.Remove(); err != nil {
		return err
	}
	if err := c.command(ctx, s.After); err != nil {
		return err
	}
	c.note("Removed %s", s.Path)
	return nil
}

// command runs commands of the system's service manager. Where that is not there, as in a container, it says what to run once
// it is.
func (c *call) command(ctx context.Context, commands [][]string) error {
	for _, words := range commands {
		if _, err := exec.LookPath(words[0]); err != nil {
			c.note("There is no %s here. Where there is, run: %s", filepath.Base(words[0]), strings.Join(words, " "))
			continue
		}
		if out, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput(); err != nil {
			return wire.Errorf(wire.CodeUnavailable, "%s: %s", strings.Join(words, " "), strings.TrimSpace(string(out)+" "+err.Error()))
		}
	}
	return nil
}
