// Package doctor looks for what keeps a machine from its meshes: folders and files, the daemon, relays and clocks, and what agents
// were set up to start. Each finding comes with the command that mends it.
//
// It changes nothing but what Fix allows: modes of our own files, and sockets that nobody serves any more. It reads no message.
package doctor

import (
	"context"
	"net/http"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/cli/claudemesh/setup"
)

// Status is how grave a finding is.
type Status string

// The statuses. Warn: it works, but not as it should. Fail: something does not work.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
)

// Finding is the outcome of one check.
type Finding struct {
	Check   string `json:"check"`             // program, folder, socket, store, disk, daemon, mesh, relay, clock, agent
	Subject string `json:"subject,omitempty"` // which one
	Status  Status `json:"status"`
	Text    string `json:"text"`
	Remedy  string `json:"remedy,omitempty"` // a command to paste
	Fixed   bool   `json:"fixed,omitempty"`
}

// Doctor is what is looked at.
type Doctor struct {
	Home     *home.Home
	Machine  setup.Machine
	Version  string
	NoDaemon bool // CLAUDEMESH_NO_DAEMON is set
	Fix      bool
	Now      func() time.Time
	HTTP     *http.Client // follows no redirect
	// Dial opens the connection of a mesh and closes it, or says why that is not possible: a *wire.Error of the relay's, or of
	// CodeUnreachable.
	Dial func(ctx context.Context, mesh Mesh) error
	// Report gets each finding as it is made.
	Report func(Finding)
}

// Mesh is a mesh of this machine, as its device knows it.
type Mesh struct {
	ID    string
	Name  string
	Relay string
	// Socket is where its connection is dialled.
	Socket string
	// Problem is why the device's folder could not be read.
	Problem error
	Folder  home.Folder
}

// Run makes all checks, one after another, and reports whether none failed.
func (d *Doctor) Run(ctx context.Context, meshes []Mesh) (healthy bool) {
	healthy = true
	report := d.Report
	d.Report = func(f Finding) {
		healthy = healthy && f.Status != Fail
		report(f)
	}
	d.program()
	d.folder()
	d.disk()
	d.sockets(meshes)
	running := d.daemon(ctx)
	d.meshes(ctx, meshes, running)
	d.agents()
	return healthy
}

// patience is how long each thing on the network or behind a socket may take.
const patience = 5 * time.Second

func (d *Doctor) say(check, subject string, status Status, text, remedy string) {
	d.Report(Finding{Check: check, Subject: subject, Status: status, Text: text, Remedy: remedy})
}

// connect finds a running daemon; it starts none.
func (d *Doctor) connect(ctx context.Context) (*daemon.Client, error) {
	return daemon.Connect(ctx, daemon.Options{ConfigDir: d.Home.Dir(), Version: d.Version})
}
