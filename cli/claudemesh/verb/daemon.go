package verb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

type daemonVerb struct {
	Status    daemonStatusVerb    `cmd:"" default:"1" help:"Show whether it runs, for which meshes and sessions (the default)."`
	Run       daemonRunVerb       `cmd:"" help:"Be the daemon, until it is stopped or unused."`
	Stop      daemonStopVerb      `cmd:"" help:"Stop it. Whoever needs it next starts it again."`
	Install   daemonInstallVerb   `cmd:"" help:"Have it run always, as a service of your login."`
	Uninstall daemonUninstallVerb `cmd:"" help:"Undo install."`
}

type (
	daemonStatusVerb struct{}
	daemonStopVerb   struct {
		Patience duration `hidden:"" default:"10s" help:"How long it may take to answer."`
	}
	daemonRunVerb struct {
		Lasting bool     `help:"Stay when unused."`
		Idle    duration `hidden:"" default:"5m" help:"How long to stay when unused."`
	}
)

// daemonOptions say which daemon the verbs use. Only what serves agents starts one, and with CLAUDEMESH_NO_DAEMON runs it in
// this process.
func (c *call) daemonOptions(start bool) daemon.Options {
	return daemon.Options{
		ConfigDir: c.ConfigDir, Version: c.Version, Start: start && !c.NoDaemon, Embed: start && c.NoDaemon, Embedded: c.daemonConfig(),
	}
}

func (c *call) daemonConfig() daemon.Config {
	return daemon.Config{Version: c.Version, Windows: c.Windows, Serve: c.serve}
}

// tellPatience is how long a verb waits for the daemon to take notice of what it did.
const tellPatience = 5 * time.Second

// tellDaemon lets a running daemon look for meshes that came or went.
func (c *call) tellDaemon(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellPatience)
	defer cancel()
	client, err := daemon.Connect(ctx, daemon.Options{ConfigDir: c.ConfigDir, Version: c.Version})
	if err != nil {
		return // none runs
	}
	defer client.Close()
	_ = client.Rescan(ctx) // it looks by itself too, a little later
}

// lockAway takes a folder's lock, for which the daemon lets go of the folder until tellDaemon.
func (c *call) lockAway(ctx context.Context, folder home.Folder) (*home.Lock, error) {
	lock, err := folder.Lock()
	if !errors.Is(err, home.ErrHeld) {
		return lock, err
	}
	limited, cancel := context.WithTimeout(ctx, tellPatience)
	defer cancel()
	client, err := daemon.Connect(limited, daemon.Options{ConfigDir: c.ConfigDir, Version: c.Version})
	if err == nil {
		_ = client.Release(limited, folder.Name()) // whether it has, the lock tells
		client.Close()
	}
	if lock, err = folder.Lock(); errors.Is(err, home.ErrHeld) {
		return nil, wire.Errorf(wire.CodeInUse, "Another claudemesh (tail, or inbox --wait) uses this device. End it first.")
	}
	return lock, err
}

func (v daemonRunVerb) Run(ctx context.Context, c *call) error {
	h, err := home.Open(c.ConfigDir)
	if err != nil {
		return err
	}
	file, err := home.OpenLog(h.LogPath())
	if err != nil {
		return err
	}
	defer file.Close()
	config := c.daemonConfig()
	config.Home, config.Lasting, config.Idle, config.Log = h, v.Lasting, time.Duration(v.Idle), home.NewLog(file).Add
	config.Log(fmt.Sprintf("the daemon begins, version %s, process %d", c.Version, os.Getpid()))
	err = daemon.Run(ctx, config)
	if err != nil {
		config.Log("the daemon ends: " + err.Error())
	} else {
		config.Log("the daemon ends")
	}
	return err
}

func (v daemonStopVerb) Run(ctx context.Context, c *call) error {
	client, err := daemon.Connect(ctx, daemon.Options{ConfigDir: c.ConfigDir, Version: c.Version, Patience: time.Duration(v.Patience)})
	if err == nil {
		defer client.Close()
		err = client.Stop(ctx)
	}
	killed := 0
	if errors.Is(err, daemon.ErrSilent) {
		killed, err = daemon.Kill(ctx, c.ConfigDir)
	}
	switch {
	case killed != 0:
		c.note("The daemon did not answer, and its process %d was ended.", killed)
	case wire.CodeOf(err) == wire.CodeUnreachable:
		c.note("The daemon did not run.")
	case err != nil:
		return err
	default:
		c.note("The daemon has stopped.")
	}
	return nil
}

type daemonJSON struct {
	PID      int              `json:"pid"`
	Version  string           `json:"version"`
	Since    string           `json:"since"`
	Lasting  bool             `json:"lasting"`
	Socket   string           `json:"socket"`
	Meshes   []heldJSON       `json:"meshes"`
	Sessions []ownSessionJSON `json:"sessions"`
}

type heldJSON struct {
	Mesh       string          `json:"mesh_id,omitempty"`
	Name       string          `json:"name"`
	Relay      string          `json:"relay,omitempty"`
	Connection peer.Connection `json:"connection"`
	Problem    *wire.Error     `json:"problem,omitempty"`
}

func (daemonStatusVerb) Run(ctx context.Context, c *call) error {
	client, err := daemon.Connect(ctx, daemon.Options{ConfigDir: c.ConfigDir, Version: c.Version})
	if err != nil {
		return err
	}
	defer client.Close()
	report, err := client.Report(ctx)
	if err != nil {
		return err
	}
	out := daemonJSON{
		PID: report.PID, Version: report.Version, Since: stamp(report.Since), Lasting: report.Lasting, Socket: report.Socket,
		Meshes: []heldJSON{}, Sessions: []ownSessionJSON{},
	}
	for _, m := range report.Meshes {
		held := heldJSON{Name: m.Name, Relay: m.Relay, Connection: m.Connection, Problem: m.Problem}
		if !m.Mesh.IsZero() {
			held.Mesh = m.Mesh.String()
		}
		out.Meshes = append(out.Meshes, held)
	}
	for i := range report.Sessions {
		out.Sessions = append(out.Sessions, ownSession(&report.Sessions[i]))
	}
	if c.grammar.JSON {
		writeJSON(c.Stdout, out)
		return nil
	}
	stays := "leaves when unused"
	if out.Lasting {
		stays = "stays"
	}
	fmt.Fprintf(c.Stdout, "The daemon runs since %s: process %d, version %s; it %s.\n", time.UnixMilli(report.Since).Format("2006-01-02 15:04"), out.PID, line(out.Version), stays)
	if len(out.Meshes) == 0 {
		fmt.Fprintln(c.Stdout, "This machine is in no mesh yet.")
	}
	rows := [][]string{{"MESH", "CONNECTION", "RELAY", "PROBLEM"}}
	for _, m := range out.Meshes {
		problem := ""
		if m.Problem != nil {
			problem = line(m.Problem.Message)
		}
		rows = append(rows, []string{line(m.Name), string(m.Connection), line(m.Relay), problem})
	}
	if len(out.Meshes) > 0 {
		c.table(rows)
	}
	if len(out.Sessions) > 0 {
		rows = [][]string{{"SESSION", "STATUS", "CLIENT", "WHERE", "WAITING", "PROCESS"}}
		for _, s := range out.Sessions {
			rows = append(rows, []string{s.Session[:8], string(s.Status), line(s.Client), line(s.Directory), fmt.Sprint(s.Waiting), fmt.Sprint(s.PID)})
		}
		c.table(rows)
	}
	return nil
}
