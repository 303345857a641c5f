package main

import (
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// shown gets a page of what the operator of a relay sees.
func (p *process) shown(t *testing.T, path string) string {
	t.Helper()
	address := regexp.MustCompile(`operator=(http://\S+)`).FindStringSubmatch(p.Log())
	if address == nil {
		t.Fatalf("the log does not tell where the metrics are: %s", p.Log())
	}
	answer, err := p.target.HTTP.Get(address[1] + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %s (%v)", path, answer.Status, err)
	}
	return string(text)
}

// counted is the value of a metric where its labels hold a text, of all such together; 0 where there is none.
func (p *process) counted(t *testing.T, name, label string) (n float64) {
	t.Helper()
	for line := range strings.Lines(p.shown(t, "/metrics")) {
		metric, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if own, labels, _ := strings.Cut(metric, "{"); own != name || !strings.Contains(labels, label) {
			continue
		}
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		n += number
	}
	return n
}

// ofPeers are the codes that no relay says: peers, dashboards and CLIs say them to people.
var ofPeers = []wire.Code{
	wire.CodeAmbiguous, wire.CodeBadBody, wire.CodeBadCommitment, wire.CodeBadEnrollment, wire.CodeBadRoster, wire.CodeBadStanza,
	wire.CodeCounterPastRemoval, wire.CodeExpiredMessage, wire.CodeNoSecret, wire.CodeReplayed, wire.CodeRestarted, wire.CodeStorage,
	wire.CodeUnreachable, wire.CodeV1Link,
}

// ofFaults are those that take a broken store or simulated time, so that the tests of relay/server provoke them.
var ofFaults = []wire.Code{wire.CodeHandshakeTimeout, wire.CodeInternal, wire.CodeSilent, wire.CodeUnavailable}

// Every code that a relay says is counted, wherever it says it.
func TestEveryCodeIsCounted(t *testing.T) {
	var counted []string
	gather := func(p *process) {
		for _, m := range regexp.MustCompile(`(?m)^claudemesh_\w+_total\{.*code="(\w+)"\} [1-9]`).FindAllStringSubmatch(p.shown(t, "/metrics"), -1) {
			counted = append(counted, m[1])
		}
	}

	open := serving(t, "", "", "--member-bytes", "40MiB", "--claims-per-minute", "0", "--lookups-per-minute", "0", "--meshes-per-minute", "0", "--connects-per-minute", "0")
	t.Run("protocol", func(t *testing.T) { protocoltest.Run(t, open.target) })
	m := protocoltest.Found(t, open.target)
	owner := m.Connect(t, m.Owner)
	if reply := owner.Append(wire.Append{Statement: m.Draft(m.Owner, &roster.Role{Member: m.Owner.Member, Role: wire.RoleMember})}); reply.Error == nil {
		t.Error("a mesh lost its last owner")
	}
	fill(t, m, owner)
	gather(open)
	drain(t, m, open)
	gather(open)

	closed := serving(t, "", "", "--create", "closed", "--lookups-per-minute", "1")
	m.Target = closed.target
	m.RefusesCreation(t, wire.CodeCreationClosed)
	gather(closed)
	guarded := serving(t, "", "", "--create", "token")
	m.Target = guarded.target
	m.RefusesCreation(t, wire.CodeOperatorToken)
	gather(guarded)

	for _, code := range wire.Codes() {
		want := !slices.Contains(ofPeers, code) && !slices.Contains(ofFaults, code)
		if got := slices.Contains(counted, string(code)); got != want {
			t.Errorf("%s counted: %t, want %t", code, got, want)
		}
	}
}

// fill has a connection that reads nothing miss so much that it is closed, then the quota refuse, and then the garbage of a third
// end it.
func fill(t *testing.T, m *protocoltest.Mesh, owner *protocoltest.Client) {
	t.Helper()
	general := wire.GeneralTopic(m.ID)
	m.Connect(t, m.Owner).Tail(0, wire.TopicStream(general))
	refused := wire.Frame{Type: wire.FrameAccepted}
	for counter := uint64(0); refused.Type == wire.FrameAccepted; counter++ {
		owner.Send(counter, m.Topic(m.Owner, 1<<20-1<<10, general))
		for ok := true; ; {
			if refused, ok = owner.Next(); !ok {
				t.Fatal("the connection ended")
			}
			if refused.Type != wire.FramePresence {
				break
			}
		}
	}
	if refused.Type != wire.FrameRefused || !strings.Contains(string(refused.Payload), string(wire.CodeQuota)) {
		t.Fatalf("refused with %#x %s", refused.Type, refused.Payload)
	}
	garbage := m.Connect(t, m.Owner)
	var message []byte
	for range 1000 {
		message = wire.AppendFrame(message, 0x77, nil)
	}
	garbage.Write(message)
	garbage.Until(wire.FrameClose)
}

// drain ends a relay, and returns while it still waits for a peer to go.
func drain(t *testing.T, m *protocoltest.Mesh, p *process) {
	t.Helper()
	m.Connect(t, m.Owner) // reads nothing, so it does not answer the close
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for p.counted(t, "claudemesh_connections_closed_total", `code="draining"`) == 0 {
	}
}

// Nothing that is secret, and no name of anybody, is in what the operator sees.
func TestMetricsTellNoSecrets(t *testing.T) {
	const planted = "planted-where-it-does-not-belong-0123456789"
	data := t.TempDir()
	tokenFile := filepath.Join(data, "token")
	if err := os.WriteFile(tokenFile, []byte(planted), 0o600); err != nil {
		t.Fatal(err)
	}
	p := serving(t, "", data, "--operator-token-file", tokenFile)
	m := protocoltest.Found(t, p.target)
	owner := m.Connect(t, m.Owner)
	invite := m.NewInvite(t, 1, protocoltest.NextHour())
	copy(invite.Escrow, planted)
	copy(invite.Preview, planted)
	invite.Rehash()
	invite.Issue(t, owner)
	device := protocoltest.NewDevice(t)
	invite.Claimed(t, device, invite.Join(device))
	owner.Send(0, m.Topic(m.Owner, 100, wire.GeneralTopic(m.ID)))
	owner.Accepted(1)
	for _, path := range []string{"/" + planted, "/ws?mesh=" + planted, "/api/public/invites/" + string(invite.Code), "/i/" + string(invite.Code)} {
		answer, err := p.target.HTTP.Get(p.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
	}

	text := p.shown(t, "/metrics")
	if !strings.Contains(text, "claudemesh_envelopes_accepted_total 1\n") || !strings.Contains(text, "claudemesh_claims_total 1\n") {
		t.Fatalf("the metrics do not tell what was done, so they prove nothing:\n%s", text)
	}
	for _, path := range []string{"/", "/debug/pprof/goroutine?debug=2", "/debug/pprof/heap", "/debug/pprof/allocs?debug=1", "/debug/pprof/threadcreate?debug=1"} {
		text += p.shown(t, path)
	}
	for what, secret := range map[string]string{
		"planted text":        planted,
		"the invite's code":   string(invite.Code),
		"the invite's secret": invite.Secret.Text(),
		"a member's id":       m.Owner.Member.String(),
		"a device's id":       device.ID.String(),
		"a device's key":      hex.EncodeToString(device.Keys.Public().Record()[33:]),
		"the command line":    "--operator-token-file",
	} {
		if strings.Contains(text, secret) || strings.Contains(p.Log(), secret) {
			t.Errorf("what the operator sees holds %s", what)
		}
	}
	if strings.Contains(text, m.ID.String()) {
		t.Error("metrics or profiles hold the id of a mesh")
	}
}

func TestWhereTheOperatorLooks(t *testing.T) {
	t.Run("not where peers do", func(t *testing.T) {
		p := serving(t, "", "")
		for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline"} {
			answer, err := p.target.HTTP.Get(p.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if err != nil || strings.Contains(string(text), "claudemesh_") || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
				t.Errorf("%s on the public address answers %s %.100q (%v)", path, answer.Header.Get("Content-Type"), text, err)
			}
		}
	})
	t.Run("two relays", func(t *testing.T) {
		for _, p := range []*process{serving(t, "", ""), serving(t, "", "")} {
			if text := p.shown(t, "/metrics"); !strings.Contains(text, "\nclaudemesh_meshes 0\n") {
				t.Errorf("no number of meshes in %s", text)
			}
		}
	})
	t.Run("nowhere", func(t *testing.T) {
		if p := serving(t, "", "", "--operator", "off"); strings.Contains(p.Log(), "operator=") {
			t.Errorf("it is there all the same: %s", p.Log())
		}
	})
	t.Run("open to others", func(t *testing.T) {
		if p := serving(t, "", "", "--operator", "0.0.0.0:0"); !strings.Contains(p.Log(), "level=WARN") {
			t.Errorf("no warning: %s", p.Log())
		}
	})
}
