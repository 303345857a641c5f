package hook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/daemon"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What Claude Code sends, in the forms of several of its revisions.
func TestInputs(t *testing.T) {
	text, err := os.ReadFile("testdata/inputs.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Comment, Argument, Event, Directory, Model, Reason string
		Subagent, Again                                    bool
		Input                                              json.RawMessage
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		in, ok := read(bytes.NewReader(c.Input), c.Argument)
		if ok != (c.Event != "") {
			t.Errorf("%s: taken: %v", c.Comment, ok)
		}
		if !ok {
			continue
		}
		if in.Event != c.Event || in.Directory != c.Directory || in.Model != c.Model || in.reason() != c.Reason || in.Again != c.Again || (in.AgentID != "") != c.Subagent {
			t.Errorf("%s: %+v, reason %q", c.Comment, in, in.reason())
		}
	}
}

// Neither half an event nor one without an end is one.
func TestBadInput(t *testing.T) {
	whole := `{"session_id": "s", "hook_event_name": "Stop", "tool_response": "` + strings.Repeat("x", maxInput) + `"}`
	for name, from := range map[string]io.Reader{
		"empty":     strings.NewReader(""),
		"half":      strings.NewReader(`{"session_id": "s", "hook_event_name": "Stop"`),
		"too large": strings.NewReader(whole),
		"broken":    io.MultiReader(strings.NewReader(`{"session_id": "s", "hook_event_name": "Stop"}`), failing{}),
		"a shell's": strings.NewReader("welcome\n" + `{"session_id": "s", "hook_event_name": "Stop"}`),
	} {
		if in, ok := read(from, "Stop"); ok {
			t.Errorf("%s was taken as %+v", name, in)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("cut off") }

func FuzzRead(f *testing.F) {
	f.Add(`{"session_id": "s", "hook_event_name": "Stop", "stop_hook_active": true}`)
	f.Add(`{"session_id": 1, "hook_event_name": {}, "cwd": []}`)
	f.Fuzz(func(t *testing.T, text string) {
		if in, ok := read(strings.NewReader(text), ""); ok && (in.SessionID == "" || in.Event == "") {
			t.Fatalf("%q was taken as %+v", text, in)
		}
	})
}

// The shape that each event wants, and the text in it.
func TestPrint(t *testing.T) {
	message := daemon.Message{ID: wire.MessageID{1}, FromName: "Ada", FromKind: peer.KindPerson, Type: "text", Text: "stop & <look>", Priority: wire.PriorityNow}
	batch := daemon.Batch{ID: 7, Messages: []daemon.Message{message}, More: 2}
	for event, path := range map[string][]string{
		"UserPromptSubmit": {"hookSpecificOutput", "additionalContext"}, "PostToolUse": {"hookSpecificOutput", "additionalContext"}, "Stop": {"reason"},
	} {
		out, whole := show(event, daemon.HookAnswer{Batch: batch})
		if !whole {
			t.Errorf("%s: not everything is shown", event)
		}
		var at any
		if err := json.Unmarshal(out, &at); err != nil {
			t.Fatalf("%s: %s: %v", event, out, err)
		}
		root := at.(map[string]any)
		if event == "Stop" && root["decision"] != "block" || event != "Stop" && root["hookSpecificOutput"].(map[string]any)["hookEventName"] != event {
			t.Errorf("%s: %s", event, out)
		}
		for _, step := range path {
			at = at.(map[string]any)[step]
		}
		text := at.(string)
		if !strings.Contains(text, "\nstop & <look>\n") || !strings.Contains(text, "Ada") || !strings.Contains(text, "2 more wait") {
			t.Errorf("%s: the text is\n%s", event, text)
		}
	}
	for _, event := range []string{"PermissionRequest", "Notification", "SessionEnd"} {
		if out, _ := show(event, daemon.HookAnswer{Batch: batch, Places: []daemon.Place{{Name: "n", Mesh: "m"}}}); len(out) > 0 {
			t.Errorf("%s prints %s", event, out)
		}
	}
	for _, event := range Events() {
		if out, _ := show(event, daemon.HookAnswer{}); len(out) > 0 {
			t.Errorf("%s without anything prints %s", event, out)
		}
	}
	out, _ := show("SessionStart", daemon.HookAnswer{Places: []daemon.Place{{Name: "Ada", Mesh: "Harbour"}}, Waiting: 2})
	if want := `{"hookSpecificOutput":{"hookEventName":"SessionStart","additionalContext":"claudemesh: you are \"Ada\" in the mesh \"Harbour\". 2 messages wait for you."}}` + "\n"; string(out) != want {
		t.Errorf("a start prints %s", out)
	}
}

// What is printed stays below Claude Code's bound, however much waits.
func TestBound(t *testing.T) {
	batch := daemon.Batch{ID: 1}
	for range 40 {
		batch.Messages = append(batch.Messages, daemon.Message{FromName: strings.Repeat("名", 90), Type: "text", Text: strings.Repeat("é\"\\\n", 4000)})
	}
	out, whole := show("UserPromptSubmit", daemon.HookAnswer{Batch: batch})
	var o output
	if err := json.Unmarshal(out, &o); err != nil || whole {
		t.Fatalf("whole: %v, %v", whole, err)
	}
	if n := len(o.Specific.Context); n == 0 || n > limit {
		t.Errorf("%d bytes", n)
	}
}

// run runs a hook against whatever is at the daemon's socket, and gives what it printed.
func run(t *testing.T, config string, in io.Reader) string {
	t.Helper()
	var out bytes.Buffer
	Run(t.Context(), Options{In: in, Out: &out, ConfigDir: config, Version: "test", Began: time.Now(), Within: Within})
	return out.String()
}

const prompt = `{"session_id": "s", "cwd": "/", "hook_event_name": "UserPromptSubmit", "prompt": "p"}`

// A hook is silent, and ends, where no daemon is, and where one takes the question and never answers.
func TestNoAnswer(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	config := t.TempDir()
	for _, event := range Events() {
		if out := run(t, config, strings.NewReader(strings.Replace(prompt, "UserPromptSubmit", event, 1))); out != "" {
			t.Errorf("%s without a daemon prints %s", event, out)
		}
	}
	h, err := home.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	path, err := h.Socket()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	taken := make(chan net.Conn, 8)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			taken <- conn
		}
	}()
	if out := run(t, config, strings.NewReader(prompt)); out != "" {
		t.Errorf("without an answer it prints %s", out)
	}
	if len(taken) == 0 {
		t.Error("the daemon was not asked")
	}
	listener.Close()
	<-over
	close(taken)
	for conn := range taken {
		conn.Close()
	}
}

// A hook ends where the event never does.
func TestEndlessInput(t *testing.T) {
	in, never := io.Pipe()
	defer never.Close()
	if out := run(t, t.TempDir(), in); out != "" {
		t.Errorf("it prints %s", out)
	}
}

// What the hook is interrupted for is not printed later.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in, never := io.Pipe()
	defer never.Close()
	var out bytes.Buffer
	Run(ctx, Options{In: in, Out: &out, ConfigDir: t.TempDir(), Began: time.Now(), Within: Within})
	if out.Len() > 0 {
		t.Errorf("it prints %s", &out)
	}
}
