package setup_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/hook"
	"claudemesh.com/mesh/cli/claudemesh/setup"
	"pgregory.net/rapid"
)

// handlers are the commands of an event's handlers, in their order.
func handlers(t rapid.TB, name, event string) (commands []string) {
	t.Helper()
	var settings struct {
		Hooks map[string][]struct{ Hooks []struct{ Command string } }
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	if err := json.Unmarshal(text, &settings); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	for _, group := range settings.Hooks[event] {
		for _, h := range group.Hooks {
			commands = append(commands, h.Command)
		}
	}
	return commands
}

// Commands of somebody's own that look like our hooks stay as they are, whatever setup and undoing do around them.
func TestForeignHooksSurvive(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		home, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		m, _ := machineIn(rt, home)
		event := rapid.SampledFrom(hook.Events()).Draw(rt, "event")
		folder := rapid.SampledFrom([]string{"", "/home/x/bin/", "~/bin/", "'/my own/'"}).Draw(rt, "folder")
		foreign := rapid.OneOf(
			rapid.Map(rapid.StringMatching(`[-_.]?(wrapper|with-log|old|sh|[a-z]{1,8}\.py)`), func(end string) string {
				return folder + "claudemesh" + end + " hook " + event
			}),
			rapid.Map(rapid.SampledFrom([]string{"time ", "timeout 5 ", "log.sh ", "LEVEL=2 ", "cd /x && ", "true;", "sh -c "}), func(begin string) string {
				return begin + folder + "claudemesh hook " + event
			}),
			rapid.Map(rapid.SampledFrom([]string{" >>/tmp/log", "; date", " || true", " mine", "\ndate", " # mine", " Mine", " --within=1s"}), func(end string) string {
				return folder + "claudemesh hook " + event + end
			}),
			rapid.Just("$(which claudemesh) hook "+event), rapid.Just(folder+"claudemesh hook Mine"), rapid.Just("claudemesh mcp"),
		)
		var groups []map[string]any
		commands := rapid.SliceOfN(foreign, 1, 3).Draw(rt, "foreign")
		for _, command := range commands {
			groups = append(groups, map[string]any{"hooks": []any{map[string]any{"type": "command", "command": command}}})
		}
		text, err := json.MarshalIndent(map[string]any{"hooks": map[string]any{event: groups}}, "", "  ")
		if err != nil {
			rt.Fatal(err)
		}
		name := filepath.Join(home, ".claude/settings.json")
		write(rt, name, string(text))
		holds := func(after string, ours int) {
			rt.Helper()
			got := handlers(rt, name, event)
			if len(got) != len(commands)+ours || strings.Join(got[:len(commands)], "\x00") != strings.Join(commands, "\x00") {
				rt.Fatalf("after %s the handlers are %q, want %q and %d of ours", after, got, commands, ours)
			}
		}
		undo(rt, m, setup.Claude)
		holds("undoing what was not set up", 0)
		set(rt, m, setup.Claude)
		holds("setup", 1)
		m.Program = rapid.SampledFrom([]string{"/opt/claudemesh-linux-amd64", "/elsewhere/claudemesh"}).Draw(rt, "moved to")
		set(rt, m, setup.Claude)
		holds("setup of a program that moved", 1)
		now, err := os.ReadFile(name)
		if err != nil {
			rt.Fatal(err)
		}
		write(rt, name, string(now)+"\n") // so that undoing takes out our entries one by one
		undo(rt, m, setup.Claude)
		holds("undoing", 0)
	})
}

// A word for the shell is the text again, whatever is in it.
func TestQuote(t *testing.T) {
	texts := rapid.OneOf(rapid.String(), rapid.StringMatching("[a '\"$`()\\\\\n!~*-]{0,12}"))
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.ReplaceAll(texts.Draw(rt, "text"), "\x00", "")
		out, err := exec.Command("sh", "-c", "printf %s. "+setup.Quote(text)).Output()
		if err != nil || string(out) != text+"." {
			rt.Fatalf("%q became %q (%v) by %s", text, out, err, setup.Quote(text))
		}
	})
}
