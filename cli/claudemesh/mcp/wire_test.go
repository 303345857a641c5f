package mcp

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/shared/wire"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client speaks lines of JSON to a server, as an agent's program does.
type client struct {
	t     *testing.T
	in    *io.PipeWriter
	out   *bufio.Reader
	hung  *io.PipeReader
	ended chan error
}

// serve starts a server at a door. Its end is awaited by the test's cleanup, and must be without error.
func serve(t *testing.T, m *memory) *client {
	inRead, in := io.Pipe()
	out, outWrite := io.Pipe()
	c := &client{t: t, in: in, out: bufio.NewReaderSize(out, 1<<20), hung: out, ended: make(chan error, 1)}
	go func() {
		c.ended <- Serve(context.Background(), Options{
			Agent:   daemon.Agent{Session: wire.SessionID{5}, Directory: "/work"},
			Connect: m.connect, Version: "test", In: inRead, Out: outWrite, Entropy: rand.Reader,
			Log: func(format string, args ...any) { t.Logf(format, args...) },
		})
		outWrite.Close()
	}()
	t.Cleanup(func() {
		in.Close()
		go io.Copy(io.Discard, out)
		if err := <-c.ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
		inRead.Close()
	})
	return c
}

func (c *client) write(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, line+"\n"); err != nil {
		c.t.Fatal(err)
	}
}

// reply is one line of the server.
type reply struct {
	ID     any             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func (c *client) read() reply {
	c.t.Helper()
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		c.t.Fatalf("the server is silent: %v", err)
	}
	var r reply
	if err := json.Unmarshal(line, &r); err != nil {
		c.t.Fatalf("not a line of the protocol: %q: %v", line, err)
	}
	return r
}

// initialize plays the handshake of a revision, and gives what the server said.
func (c *client) initialize(revision, name string, capabilities string) (result struct {
	ProtocolVersion string
	Instructions    string
	Capabilities    struct {
		Experimental map[string]any
		Tools        map[string]any
	}
	ServerInfo struct{ Name, Version string }
}) {
	c.t.Helper()
	c.write(fmt.Sprintf(`{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":%q,"capabilities":%s,"clientInfo":{"name":%q,"version":"2.1.80"}}}`, revision, capabilities, name))
	r := c.read()
	if r.ID != "init" || r.Error != nil || json.Unmarshal(r.Result, &result) != nil {
		c.t.Fatalf("initialize was answered %+v", r)
	}
	c.write(notification("notifications/initialized", `{}`))
	return result
}

// outcome is the result of a tool.
type outcome struct {
	IsError bool
	Content []struct{ Type, Text string }
	Meta    struct {
		Error wire.Error `json:"claudemesh.com/error"`
	} `json:"_meta"`
	StructuredContent json.RawMessage
}

func (o outcome) text() string {
	var b strings.Builder
	for _, part := range o.Content {
		b.WriteString(part.Text)
	}
	return b.String()
}

// request is a line that wants an answer.
func request(id int, method, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, id, method, params)
}

// notification is a line that wants none.
func notification(method, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":%q,"params":%s}`, method, params)
}

func (c *client) call(id int, tool, arguments string) {
	c.t.Helper()
	c.write(request(id, "tools/call", fmt.Sprintf(`{"name":%q,"arguments":%s}`, tool, arguments)))
}

// result reads the answer to a call.
func (c *client) result(id int) (o outcome) {
	c.t.Helper()
	r := c.read()
	if r.ID != float64(id) || r.Error != nil || json.Unmarshal(r.Result, &o) != nil {
		c.t.Fatalf("call %d was answered %+v", id, r)
	}
	return o
}

// closes ends the client's input, and waits until the server ended without error.
func (c *client) closes() {
	c.t.Helper()
	c.in.Close()
	if err := <-c.ended; err != nil {
		c.t.Error(err)
	}
	c.ended <- nil // for the cleanup
}
