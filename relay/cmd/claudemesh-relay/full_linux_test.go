package main

import (
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"unsafe"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/shared/wire"
)

// A write beyond the limit of a process is to fail as one on a full disk does, and not to end it.
func init() {
	if os.Getenv(asRelay) != "" {
		signal.Ignore(syscall.SIGXFSZ)
	}
}

// room limits the files of the process to a size; what is larger cannot be written to any more.
func (p *process) room(t *testing.T, bytes uint64) {
	t.Helper()
	limit := syscall.Rlimit{Cur: bytes, Max: ^uint64(0)}
	const fileSize = 1 // RLIMIT_FSIZE
	_, _, err := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(p.PID()), fileSize, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if err != 0 {
		t.Fatalf("prlimit: %v", err)
	}
}

func (p *process) ready(t *testing.T) int {
	t.Helper()
	response, err := p.target.HTTP.Get(p.URL + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

// TestDiskFull: a relay that can write nothing says so, to peers and to whoever watches it, accepts nothing, and goes on by itself when
// there is room. What it accepted before, in between and after is there, once.
func TestDiskFull(t *testing.T) {
	data := t.TempDir()
	p := serving(t, "", data)
	m := protocoltest.Found(t, p.target)
	general := wire.TopicStream(wire.GeneralTopic(m.ID))
	var sent [][]byte
	accepted := uint64(0)
	const rounds, window = 3, 10
	for round := range rounds {
		c := m.Connect(t, m.Owner)
		if last := c.Welcome.LastCounter; last < accepted || last > uint64(len(sent)) {
			t.Fatalf("round %d: the last counter is %d, and %d of %d sends are accepted", round, last, accepted, len(sent))
		}
		for n := c.Welcome.LastCounter; n < uint64(len(sent)); n++ {
			c.Send(n, sent[n])
			c.Accepted(n + 1)
		}
		for range window {
			sent = append(sent, m.Topic(m.Owner, 20<<10, general.ID))
			c.Send(uint64(len(sent)-1), sent[len(sent)-1])
		}
		c.Accepted(uint64(len(sent) - window + 1))
		p.room(t, 1)
		// What was under way may be accepted still; then the connection ends.
		accepted = uint64(len(sent) - window + 1)
		e := m.Topic(m.Owner, 100, general.ID)
		sent = append(sent, e)
		c.Send(uint64(len(sent)-1), e)
		for ended := false; !ended; {
			frame, open := c.Next()
			switch {
			case !open:
				t.Fatal("the connection ended without a word")
			case frame.Type == wire.FrameAccepted:
				a, err := wire.ParseAccepted(frame.Payload, nil)
				if err != nil {
					t.Fatal(err)
				}
				accepted = a.Counter
			case frame.Type == wire.FrameClose:
				var closing wire.Close
				if err := wire.DecodeJSON(frame.Payload, wire.MaxJSON, &closing); err != nil || closing.Code != wire.CodeUnavailable {
					t.Fatalf("closed with %+v %v", closing, err)
				}
				ended = true
			}
		}
		c.HangUp()
		if accepted == uint64(len(sent)) {
			t.Error("the relay accepted what it cannot have stored")
		}
		for range 2 {
			if got := p.ready(t); got != http.StatusServiceUnavailable {
				t.Errorf("/readyz answers %d", got)
			}
		}
		protocoltest.FoundRefused(t, p.target, wire.CodeUnavailable)
		p.room(t, ^uint64(0))
		if got := p.ready(t); got != http.StatusOK {
			t.Errorf("with room again /readyz answers %d", got)
		}
		if round == rounds-2 { // and after a power cut
			p.Kill()
			p = serving(t, "", data)
			m.Target = p.target
		}
	}
	c := m.Connect(t, m.Owner)
	for n := c.Welcome.LastCounter; n < uint64(len(sent)); n++ {
		c.Send(n, sent[n])
		c.Accepted(n + 1)
	}
	c.Tail(0, general)
	for n := range sent {
		if _, e := c.Delivery(); e.Counter != uint64(n+1) {
			t.Fatalf("send %d is where %d is due", e.Counter, n+1)
		}
	}
	c.Live(general)
	c.HangUp()
	p.stops(t)
	does(t, 0, "check", data)
}
