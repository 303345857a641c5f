package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"claudemesh.com/mesh/relay/relaytest"
)

// station is a configuration folder, and the daemon that may run for it.
type station struct {
	t   *testing.T
	env []string
}

func newStation(t *testing.T) *station {
	folder, err := os.MkdirTemp("", "mesh") // short: a socket's path is bounded
	if err != nil {
		t.Fatal(err)
	}
	m := &station{t, append(os.Environ(), "CLAUDEMESH_CONFIG_DIR="+filepath.Join(folder, "c"), "XDG_RUNTIME_DIR="+folder, "USER=tester")}
	t.Cleanup(func() {
		m.command("daemon", "stop").Run()
		os.RemoveAll(folder)
	})
	return m
}

func (m *station) command(args ...string) *exec.Cmd {
	c := exec.Command("claudemesh", args...)
	c.Env = m.env
	return c
}

// do runs a verb that must succeed, and gives its first line of JSON.
func (m *station) do(args ...string) (first map[string]any) {
	m.t.Helper()
	c := m.command(append([]string{"--json"}, args...)...)
	var problems bytes.Buffer
	c.Stderr = &problems
	out, err := c.Output()
	if err != nil {
		m.t.Fatalf("claudemesh %s: %v %s", strings.Join(args, " "), err, problems.String())
	}
	line, _, _ := bytes.Cut(out, []byte("\n"))
	json.Unmarshal(line, &first)
	return first
}

// agent is the server beneath a shell of its own, which is the agent's program.
func (m *station) agent() *exec.Cmd {
	c := exec.Command("sh", "-c", "claudemesh mcp; exit")
	c.Env, c.Dir = m.env, m.t.TempDir()
	return c
}

// meet starts a relay with a mesh of two machines.
func meet(t *testing.T) (r *relaytest.Process, ada, box *station) {
	r = &relaytest.Process{Program: relayProgram, Data: t.TempDir()}
	r.Run(t)
	ada, box = newStation(t), newStation(t)
	ada.do("create", "Harbour", "--relay", r.URL, "--as", "Ada")
	box.do("join", ada.do("invite", "create")["link"].(string), "--as", "box")
	return r, ada, box
}

// use calls a tool that must succeed.
func use(t *testing.T, session *sdk.ClientSession, tool string, arguments map[string]any) map[string]any {
	t.Helper()
	result, err := session.CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil || result.IsError {
		t.Fatalf("%s: %v %+v", tool, err, result)
	}
	return result.StructuredContent.(map[string]any)
}

// until repeats what takes the others a moment.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); !so(); {
		if time.Now().After(limit) {
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

// TestOfficialGoClient goes through every tool with the SDK's own client, a real daemon and a real relay.
func TestOfficialGoClient(t *testing.T) {
	_, ada, box := meet(t)
	connect := func(m *station) *sdk.ClientSession {
		session, err := sdk.NewClient(&sdk.Implementation{Name: "official", Version: "1"}, nil).Connect(t.Context(), &sdk.CommandTransport{Command: m.agent()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { session.Close() })
		return session
	}
	one, two := connect(ada), connect(box)
	use(t, two, "set_summary", map[string]any{"summary": "moving the parser"})
	use(t, two, "set_status", map[string]any{"status": "needs-approval"})
	until(t, "one sees two's session", func() bool {
		list, _ := json.Marshal(use(t, one, "list_peers", nil))
		return bytes.Contains(list, []byte(`"status":"needs-approval"`)) && bytes.Contains(list, []byte(`"summary":"moving the parser"`))
	})
	asked := use(t, one, "send_message", map[string]any{"to": "@box", "text": "may I?", "ask": true})
	received := func(session *sdk.ClientSession) (about map[string]any) {
		until(t, "a message came", func() bool {
			messages := use(t, session, "check_messages", nil)["messages"].([]any)
			if len(messages) > 0 {
				about = messages[0].(map[string]any)
			}
			return len(messages) > 0
		})
		return about
	}
	if about := received(two); about["id"] != asked["id"] || about["type"] != "ask" || about["seen"] != nil {
		t.Errorf("%v", about)
	}
	until(t, "the ask is read", func() bool {
		return use(t, one, "check_messages", nil)["sent"].([]any)[0].(map[string]any)["state"] == "read"
	})
	answered := use(t, two, "send_message", map[string]any{"text": "yes", "reply_to": asked["id"]})
	if about := received(one); about["id"] != answered["id"] || about["reply_to"] != asked["id"] {
		t.Errorf("%v", about)
	}
}

// TestAgentThatDiesBeforeItReads: what was on its way to it comes to the next one, marked.
func TestAgentThatDiesBeforeItReads(t *testing.T) {
	_, ada, box := meet(t)
	dying := box.command("mcp")
	in, _ := dying.StdinPipe()
	out, _ := dying.StdoutPipe()
	if err := dying.Start(); err != nil {
		t.Fatal(err)
	}
	defer dying.Process.Kill()
	io.WriteString(in, `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"dying","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
`)
	if _, err := bufio.NewReaderSize(out, 4096).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	sent := ada.do("send", "@box", "do not lose this")
	session := func(field string) any {
		var report struct{ Sessions []map[string]any }
		out, _ := box.command("--json", "daemon", "status").Output() // it may not run yet
		if json.Unmarshal(out, &report) != nil || len(report.Sessions) == 0 {
			return nil
		}
		return report.Sessions[0][field]
	}
	until(t, "the message waits", func() bool { return session("waiting") == 1.0 })
	// The client reads no more. Its pipe is filled, so that the answer which carries the message cannot be written.
	for i := range 60 {
		fmt.Fprintf(in, `{"jsonrpc":"2.0","id":%d,"method":"tools/list"}`+"\n", 10+i)
	}
	io.WriteString(in, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"check_messages","arguments":{}}}`+"\n")
	until(t, "the message is lent", func() bool { return session("status") == "working" }) // asking for messages is work
	dying.Process.Kill()
	dying.Wait()

	next, err := sdk.NewClient(&sdk.Implementation{Name: "next", Version: "1"}, nil).Connect(t.Context(), &sdk.CommandTransport{Command: box.agent()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	until(t, "the message comes again", func() bool {
		messages := use(t, next, "check_messages", nil)["messages"].([]any)
		if len(messages) == 0 {
			return false
		}
		if about := messages[0].(map[string]any); about["id"] != sent["id"] || about["seen"] != "unconfirmed" {
			t.Errorf("%v", about)
		}
		return true
	})
	if messages := use(t, next, "check_messages", nil)["messages"].([]any); len(messages) != 0 {
		t.Errorf("it came twice: %v", messages)
	}
}

// TestSessionKeepsToItsMesh: a session is in all meshes of its machine, or in the one that it names.
func TestSessionKeepsToItsMesh(t *testing.T) {
	r, _, box := meet(t)
	box.do("create", "Quay", "--relay", r.URL, "--as", "Bo")
	for named, want := range map[string]string{"": "Harbour Quay", "Quay": "Quay", "Nowhere": "not_found"} {
		agent := box.agent()
		agent.Env = append(agent.Env, "CLAUDEMESH_MESH="+named)
		session, err := sdk.NewClient(&sdk.Implementation{Name: "official", Version: "1"}, nil).Connect(t.Context(), &sdk.CommandTransport{Command: agent}, nil)
		if err != nil {
			t.Fatal(err)
		}
		result, err := session.CallTool(t.Context(), &sdk.CallToolParams{Name: "list_peers"})
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		if result.IsError {
			found = append(found, result.Meta["claudemesh.com/error"].(map[string]any)["code"].(string))
		} else {
			for _, mesh := range result.StructuredContent.(map[string]any)["meshes"].([]any) {
				found = append(found, mesh.(map[string]any)["mesh"].(string))
			}
		}
		slices.Sort(found)
		if got := strings.Join(found, " "); got != want {
			t.Errorf("CLAUDEMESH_MESH=%s: %s, not %s", named, got, want)
		}
		session.Close()
	}
}
