package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/cli/claudemesh/setup"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// daemon looks at the background process; nil: none runs.
func (d *Doctor) daemon(ctx context.Context) *daemon.Report {
	if d.NoDaemon {
		d.say("daemon", "", Warn, "CLAUDEMESH_NO_DAEMON is set: hooks do nothing, and each agent connects by itself", "unset CLAUDEMESH_NO_DAEMON")
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client, err := d.connect(ctx)
	var report daemon.Report
	if err == nil {
		defer client.Close()
		report, err = client.Report(ctx)
	}
	switch {
	case wire.CodeOf(err) == wire.CodeUnreachable:
		if lock, err := d.Home.Lock(); err == nil {
			lock.Unlock()
		} else if errors.Is(err, home.ErrHeld) {
			d.say("daemon", "", Fail, "it runs and cannot be reached; it starts or ends just now, or its socket was removed", "claudemesh doctor")
			return nil
		}
		d.say("daemon", "", OK, "it does not run, and starts when an agent needs it", "")
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		d.say("daemon", "", Fail, "it runs and does not answer", "claudemesh daemon stop")
		return nil
	case err != nil:
		d.say("daemon", "", Fail, fmt.Sprintf("it cannot be asked: %v", err), "claudemesh daemon stop")
		return nil
	case report.Version != d.Version:
		d.say("daemon", "", Warn, fmt.Sprintf("it is of version %s, and this is %s", report.Version, d.Version), "claudemesh daemon stop")
	default:
		sessions := fmt.Sprintf("%d sessions", len(report.Sessions))
		if len(report.Sessions) == 1 {
			sessions = "1 session"
		}
		d.say("daemon", "", OK, fmt.Sprintf("it runs (process %d) with %s", report.PID, sessions), "")
	}
	return &report
}

// meshes looks at each mesh: its device's store, its relay and the clock.
func (d *Doctor) meshes(ctx context.Context, meshes []Mesh, running *daemon.Report) {
	if len(meshes) == 0 {
		d.say("mesh", "", Warn, "this machine is in no mesh yet", "claudemesh join LINK")
	}
	for _, m := range meshes {
		if m.Problem != nil {
			d.say("mesh", m.Folder.Name(), Fail, fmt.Sprintf("its folder cannot be used: %v", m.Problem), "")
			continue
		}
		d.relay(ctx, m, running)
	}
}

// relay asks the relay whether it is ready, what time it has, and whether it takes connections.
func (d *Doctor) relay(ctx context.Context, m Mesh, running *daemon.Report) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	probe := "curl -i " + setup.Quote(m.Relay+"/readyz")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.Relay+"/readyz", nil)
	if err != nil {
		d.say("relay", m.Name, Fail, fmt.Sprintf("%s is no address: %v", m.Relay, err), "")
		return
	}
	before := d.Now()
	response, err := d.HTTP.Do(request)
	if err != nil {
		d.say("relay", m.Name, Fail, fmt.Sprintf("%s cannot be reached: %v", m.Relay, innermost(err)), probe)
		return
	}
	response.Body.Close()
	after := d.Now()
	if response.StatusCode != http.StatusOK {
		d.say("relay", m.Name, Fail, fmt.Sprintf("%s answers %s, which is not that of a relay that is ready", m.Relay, response.Status), probe)
		return
	}
	var held *daemon.MeshReport
	if running != nil {
		for i := range running.Meshes {
			if running.Meshes[i].Mesh.String() == m.ID {
				held = &running.Meshes[i]
			}
		}
	}
	d.connection(ctx, m, held)
	skew, known := time.Duration(0), false
	if held != nil && held.Connection == peer.Connected {
		skew, known = time.Duration(held.ClockSkew)*time.Millisecond, true
	} else if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		// The answer's time is cut to whole seconds, and was made at some moment in between.
		skew, known = date.Add(500*time.Millisecond).Sub(before.Add(after.Sub(before)/2)), true
	}
	if known {
		d.clock(m, skew)
	}
}

func (d *Doctor) connection(ctx context.Context, m Mesh, held *daemon.MeshReport) {
	switch {
	case held != nil && held.Connection == peer.Connected:
		d.say("relay", m.Name, OK, m.Relay+" is reached, and the daemon is connected", "")
		return
	case held != nil && held.Problem != nil && !held.Problem.Retry:
		d.say("relay", m.Name, Fail, fmt.Sprintf("%s does not take this device: %s (%s)", m.Relay, held.Problem.Message, held.Problem.Code), "claudemesh daemon status")
		return
	}
	var refused *wire.Error
	switch err := d.Dial(ctx, m); {
	case errors.As(err, &refused) && refused.Code != wire.CodeUnreachable:
		d.say("relay", m.Name, Fail, fmt.Sprintf("%s does not take this device: %s (%s)", m.Relay, refused.Message, refused.Code), "claudemesh inbox")
		return
	case err != nil:
		d.say("relay", m.Name, Fail, fmt.Sprintf("%s answers, but opens no WebSocket; a proxy in between may not let it through: %v", m.Relay, err), "claudemesh inbox")
		return
	}
	d.say("relay", m.Name, OK, m.Relay+" is reached", "")
}

// clock compares the clocks. Beyond wire.ClockSkewSeconds the relay takes no connection.
func (d *Doctor) clock(m Mesh, skew time.Duration) {
	off := skew.Abs().Round(time.Second)
	direction := "behind"
	if skew < 0 {
		direction = "ahead of"
	}
	switch text := fmt.Sprintf("this machine's clock is %s %s the relay's", off, direction); {
	case off >= wire.ClockSkewSeconds*time.Second:
		d.say("clock", m.Name, Fail, text+", and it refuses connections", setClock())
	case off >= 30*time.Second:
		d.say("clock", m.Name, Warn, text, setClock())
	default:
		d.say("clock", m.Name, OK, "the clocks agree", "")
	}
}

// innermost is the cause that says most to a person.
func innermost(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}
