package verb

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"

	"claudemesh.com/mesh/shared/wire"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30s": 30 * time.Second, "30m": 30 * time.Minute, "12h": 12 * time.Hour, "7d": 7 * 24 * time.Hour, "2w": 14 * 24 * time.Hour, "1h30m": 90 * time.Minute,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "7", "-1d", "-5m", "d", "1.5d", "99999d", "soon"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q was read as %s", text, got)
		}
	}
}

// Peer text cannot drive a terminal.
func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"plain\ttext\nin lines": "plain\ttext\nin lines",
		"\x1b[31mred\x1b[0m":    "\ufffd[31mred\ufffd[0m",
		"bell\a, back\b, \r":    "bell\ufffd, back\ufffd, \ufffd",
		"c1 \u009b31m":          "c1 \ufffd31m",
		"turned \u202eback":     "turned \ufffdback",
		"marked \u200fback":     "marked \ufffdback",
		"größer ☕":              "größer ☕",
	} {
		if got := clean(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	if got := line("two\nlines"); got != "two lines" {
		t.Errorf("a name in two lines became %q", got)
	}
}

// Nor can it through --json, which programs read as what it was.
func TestWriteJSON(t *testing.T) {
	said := "\x1b[2J \x7f \u009b2J \u202eback \u200f <b> größer ☕ \n"
	var out strings.Builder
	writeJSON(&out, messageJSON{Text: said})
	for _, r := range strings.TrimSuffix(out.String(), "\n") {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			t.Errorf("%q stands in %q", r, out.String())
		}
	}
	var back struct{ Text string }
	if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back.Text != said {
		t.Errorf("read back as %q (%v)", back.Text, err)
	}
}

// A relay's own sentence cannot drive a terminal either.
func TestFinishIsClean(t *testing.T) {
	var out strings.Builder
	c := &call{Env: Env{Stderr: &out}}
	c.finish(wire.Errorf(wire.CodeUnavailable, "closed \x1b]0;title\a\nclaudemesh: all is well"))
	c.note("the relay said %s", "\x1b[2J")
	if text := out.String(); strings.ContainsRune(text, '\x1b') || strings.Count(text, "\n") != 2 {
		t.Errorf("wrote %q", text)
	}
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, ExitOK},
		{&usageError{"x"}, ExitUsage},
		{wire.Refuse(wire.CodeNoSecret), ExitUsage},
		{wire.Refuse(wire.CodeAmbiguous), ExitNotFound},
		{wire.Refuse(wire.CodeNotFound), ExitNotFound},
		{wire.Refuse(wire.CodeExhausted), ExitRefused},
		{wire.Refuse(wire.CodeForbidden), ExitRefused},
		{wire.Refuse(wire.CodeUnreachable), ExitUnreachable},
		{context.DeadlineExceeded, ExitUnreachable},
		{wire.Refuse(wire.CodeStorage), ExitFailed},
		{context.Canceled, ExitFailed},
	} {
		if got := exitOf(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
}

// A mistake in the arguments says where it stands how they are to be.
func TestMisread(t *testing.T) {
	for args, want := range map[string]string{
		"send":            `Expected "<target> <text>"; see "claudemesh send --help". (usage)`,
		"status set busy": `see "claudemesh status set --help". (usage)`,
		"frobnicate":      `Unexpected argument frobnicate; see "claudemesh --help". (usage)`,
		"sned @ada hello": `did you mean "send"? (usage)`,
	} {
		var said strings.Builder
		if code := Main(t.Context(), strings.Fields(args), Env{Stdout: &said, Stderr: &said}); code != ExitUsage || !strings.Contains(said.String(), want) {
			t.Errorf("%s ends with %d and says %q", args, code, said.String())
		}
	}
}
