package mcp

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/shared/wire"
)

func TestBatchIsConfirmedOnceItsResultWasWritten(t *testing.T) {
	m := newMemory("Harbour")
	m.arrive(message(1, "hello"))
	c := serve(t, m)
	c.initialize("2025-11-25", "claude-code", `{}`)
	c.call(1, "check_messages", `{}`)
	// The pipe holds nothing: as long as the result is not read, it is not written.
	<-m.attached
	m.unconfirmed(t)
	c.result(1)
	if batch := <-m.confirmed; batch != 1<<60 {
		t.Errorf("batch %d was confirmed", batch)
	}
}

func TestClientThatDiesBeforeItReadsConfirmsNothing(t *testing.T) {
	m := newMemory("Harbour")
	m.taking = make(chan struct{})
	m.arrive(message(1, "hello"))
	c := serve(t, m)
	c.initialize("2025-11-25", "claude-code", `{}`)
	c.call(1, "check_messages", `{}`)
	<-m.begun
	c.hung.Close()
	c.in.Close()
	close(m.taking)
	if err := <-c.ended; err == nil || !strings.Contains(err.Error(), "closed pipe") {
		t.Errorf("the server ended with %v", err)
	}
	c.ended <- nil
	m.unconfirmed(t)
	if len(m.lent) != 1 {
		t.Errorf("%d batches were lent", len(m.lent))
	}
}

func TestCancelledCallConfirmsNothing(t *testing.T) {
	m := newMemory("Harbour")
	m.taking = make(chan struct{})
	m.arrive(message(1, "hello"))
	c := serve(t, m)
	c.initialize("2025-11-25", "claude-code", `{}`)
	c.call(1, "check_messages", `{}`)
	<-m.begun
	c.write(notification("notifications/cancelled", `{"requestId":1,"reason":"the user went on"}`))
	c.write(request(2, "ping", `{}`))
	if r := c.read(); r.ID != float64(2) { // the cancellation was read by then
		t.Fatalf("%+v", r)
	}
	close(m.taking)
	c.write(request(3, "ping", `{}`))
	if r := c.read(); r.ID != float64(3) {
		t.Errorf("a cancelled call was answered: %+v", r)
	}
	c.closes()
	m.unconfirmed(t)
	if len(m.lent) != 1 {
		t.Errorf("%d batches were lent", len(m.lent))
	}
}

func TestClientThatReadsNothingIsReadFrom(t *testing.T) {
	m := newMemory("Harbour")
	m.taking = make(chan struct{})
	m.arrive(message(1, "hello"))
	c := serve(t, m)
	c.initialize("2025-11-25", "claude-code", `{}`)
	c.write(request(1, "ping", `{}`)) // its answer waits in the pipe, and the others behind it
	c.write(request(2, "ping", `{}`))
	c.call(3, "check_messages", `{}`)
	<-m.begun
	c.write(notification("notifications/cancelled", `{"requestId":3}`))
	c.write(notification("notifications/progress", `{"progressToken":1,"progress":1}`)) // the cancellation was read by then
	close(m.taking)
	if ids := map[any]bool{c.read().ID: true, c.read().ID: true}; !ids[1.0] || !ids[2.0] {
		t.Errorf("answers to %v", ids)
	}
	c.closes()
	m.unconfirmed(t)
}

func TestLinesThatCannotBeReadAreAnsweredAndPassedOver(t *testing.T) {
	c := serve(t, newMemory("Harbour"))
	c.initialize("2025-11-25", "claude-code", `{}`)
	for line, code := range map[string]int{
		"GET / HTTP/1.1": -32700, `{"jsonrpc":"2.0","id":1,`: -32700, `[1,`: -32700, "\xff\x00{": -32700,
		`{}`: -32600, `{"jsonrpc":"1.0","id":1,"method":"ping"}`: -32600, `"text"`: -32600, `[]`: -32600, `{"jsonrpc":"2.0","id":{},"method":"ping"}`: -32600,
		"[" + strings.Repeat("1,", maxBatch) + "1]":                                                        -32600,
		`{"jsonrpc":"2.0","id":9,"method":"ping","params":{"pad":"` + strings.Repeat("x", maxLine) + `"}}`: -32600,
	} {
		go io.WriteString(c.in, line+"\n\n  \n") // the server answers a long line before its end
		if r := c.read(); r.ID != nil || r.Error == nil || r.Error.Code != code {
			t.Errorf("%.60q was answered %+v", line, r)
		}
	}
	c.write(request(10, "ping", `{}`))
	if r := c.read(); r.ID != float64(10) || r.Error != nil {
		t.Errorf("%+v", r)
	}
}

func TestLineOfSeveralCallsIsAnsweredInOne(t *testing.T) {
	m := newMemory("Harbour")
	m.arrive(message(1, "hello"))
	c := serve(t, m)
	c.initialize("2025-03-26", "other", `{}`)
	c.write("[" + strings.Join([]string{
		request(1, "ping", `{}`), notification("notifications/progress", `{"progressToken":1,"progress":1}`),
		request(2, "tools/call", `{"name":"check_messages","arguments":{}}`),
	}, ",") + "]")
	line, err := c.out.ReadBytes('\n')
	var replies []reply
	if err != nil || json.Unmarshal(line, &replies) != nil || len(replies) != 2 {
		t.Fatalf("%v %s", err, line)
	}
	if replies[0].ID == replies[1].ID || !strings.Contains(string(line), `\nhello\n`) {
		t.Errorf("%s", line)
	}
	if batch := <-m.confirmed; batch != 1<<60 {
		t.Errorf("batch %d was confirmed", batch)
	}
}

func TestEndOfInputEndsTheSessionAfterTheLastAnswer(t *testing.T) {
	m := newMemory("Harbour")
	m.taking = make(chan struct{})
	m.arrive(message(1, "hello"))
	c := serve(t, m)
	c.initialize("2025-11-25", "script", `{}`)
	session := <-m.attached
	c.call(1, "check_messages", `{}`)
	c.in.Close()
	close(m.taking)
	if o := c.result(1); !strings.Contains(o.text(), "hello") {
		t.Errorf("%+v", o)
	}
	c.closes()
	<-session.done
	if batch := <-m.confirmed; batch != 1<<60 {
		t.Errorf("batch %d was confirmed", batch)
	}
}

func TestDaemonThatIsNotThereIsFoundLater(t *testing.T) {
	m := newMemory("Harbour")
	m.failing = wire.Errorf(wire.CodeUnreachable, "The daemon could not be started.")
	c := serve(t, m)
	c.initialize("2025-11-25", "claude-code", `{}`)
	c.call(1, "list_peers", `{}`)
	if o := c.result(1); !o.IsError || o.Meta.Error.Code != wire.CodeUnreachable || o.text() != "The daemon could not be started. (unreachable) "+todoDoctor {
		t.Errorf("%+v", o)
	}
	m.mu.Lock()
	m.failing = nil
	m.mu.Unlock()
	c.call(2, "list_peers", `{}`)
	if o := c.result(2); o.IsError {
		t.Errorf("%+v", o)
	}
	// The session ends at the daemon's side: the next call makes it again, as the same one.
	first := <-m.attached
	first.Close()
	c.call(3, "check_messages", `{}`)
	if o := c.result(3); o.IsError {
		t.Errorf("%+v", o)
	}
	if again := <-m.attached; again.agent.Session != first.agent.Session {
		t.Errorf("session %s became %s", first.agent.Session, again.agent.Session)
	}
}

func TestMeshThatIsJoinedLaterIsFound(t *testing.T) {
	m := newMemory()
	c := serve(t, m)
	c.initialize("2025-11-25", "claude-code", `{}`)
	calls := []string{"list_peers {}", "check_messages {}", `set_summary {"summary":"x"}`, `set_status {"status":"working"}`, `send_message {"to":"@Ada","text":"x"}`}
	m.refuse = wire.Errorf(wire.CodeNotFound, "There is no mesh on this machine.")
	for i, call := range calls {
		tool, arguments, _ := strings.Cut(call, " ")
		c.call(i, tool, arguments)
		if o := c.result(i); !o.IsError || o.Meta.Error.Code != wire.CodeNotFound || !strings.Contains(o.text(), "claudemesh join 'LINK'") {
			t.Errorf("%s: %+v", tool, o)
		}
	}
	m.mu.Lock()
	m.joined, m.refuse = []string{"Harbour"}, nil
	m.mu.Unlock()
	for i, call := range calls {
		tool, arguments, _ := strings.Cut(call, " ")
		c.call(i, tool, arguments)
		if o := c.result(i); o.IsError {
			t.Errorf("%s: %+v", tool, o)
		}
	}
}

func TestSessionInNoMeshSaysWhy(t *testing.T) {
	m := newMemory()
	c := serve(t, m)
	c.initialize("2025-11-25", "claude-code", `{}`)
	for i, report := range []daemon.MeshReport{
		{Name: "Harbour", Problem: wire.Errorf(wire.CodeInUse, "Another claudemesh uses this device just now.")}, {Name: "Harbour"},
	} {
		m.mu.Lock()
		m.report.Meshes = []daemon.MeshReport{report}
		m.mu.Unlock()
		c.call(i, "check_messages", `{}`)
		o := c.result(i)
		if report.Problem != nil && o.Meta.Error.Code != wire.CodeInUse || report.Problem == nil && !strings.Contains(o.text(), "CLAUDEMESH_MESH") {
			t.Errorf("%+v", o)
		}
	}
}

func TestLogHoldsNoSecretAndNoText(t *testing.T) {
	var log strings.Builder
	s := &server{Options: Options{Entropy: strings.NewReader(""), Log: func(format string, args ...any) { fmt.Fprintf(&log, format, args...) }}}
	session := &memorySession{pushes: make(chan daemon.Message), done: make(chan struct{})}
	ended := make(chan struct{})
	go func() { s.showPushes(context.Background(), session); close(ended) }()
	session.pushes <- message(1, "planted secret")
	session.Close()
	<-ended
	if log.Len() == 0 || strings.Contains(log.String(), "planted") || strings.Contains(log.String(), "Ada") {
		t.Errorf("%q", log.String())
	}
}

// FuzzLines: whatever a client sends, the server answers in lines of JSON and ends with its input.
func FuzzLines(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"check_messages","arguments":{}}}`))
	f.Add([]byte(`[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":1,"method":"ping"},3]` + "\n\x00"))
	f.Add([]byte(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1.5}}` + "\n" + `{"jsonrpc":"2.0","id":1,"result":{}}`))
	f.Fuzz(func(t *testing.T, input []byte) {
		m := newMemory("Harbour")
		m.arrive(message(1, "hello"))
		var out strings.Builder
		err := Serve(context.Background(), Options{
			Agent: daemon.Agent{Session: wire.SessionID{5}}, Connect: m.connect, In: strings.NewReader(string(input)), Out: &out,
			Entropy: rand.Reader, Log: func(string, ...any) {},
		})
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, line := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n") {
			if line != "" && !json.Valid([]byte(line)) {
				t.Fatalf("%q", line)
			}
		}
	})
}
