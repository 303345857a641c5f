package setup

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/cli/claudemesh/hook"
)

// plain are words that every shell takes as they are.
var plain = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// Quote makes one word of text for the shell of macOS and Linux, whatever is in it. A line feed stands in it as it is.
func Quote(text string) string {
	if plain.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// handler is a hook of Claude Code: a line for a shell, or with args a program that is started without one.
type handler struct {
	Type    string   `json:"type"`
	Command string   `json:"command"`
	Args    []string `json:"args,omitempty"`
	Timeout int      `json:"timeout"` // seconds
}

// hookTimeout is when Claude Code gives a hook up, in seconds. The hook itself ends within a tenth of one.
const hookTimeout = 5

// hook is the handler for an event. On Windows the shell may be Git's bash or PowerShell, which agree on plain words with forward
// slashes alone; other paths are started without a shell, which older versions of Claude Code cannot.
func (m Machine) hook(event string) handler {
	h := handler{Type: "command", Timeout: hookTimeout}
	if m.Windows {
		if h.Command = strings.ReplaceAll(m.Program, `\`, "/"); plain.MatchString(h.Command) {
			h.Command += " hook " + event
		} else {
			h.Command, h.Args = m.Program, []string{"hook", event}
		}
		return h
	}
	h.Command = Quote(m.Program) + " hook " + event
	if m.Pinned {
		h.Command = home.Env + "=" + Quote(m.Config) + " " + h.Command
	}
	return h
}

// program is what a handler starts, where that is one of our hooks, and else empty. The line has to be one that setup could have
// written: the program, hook, and perhaps an event, with nothing before it but our folder's variable. mine is ours whatever its name.
func (h handler) program(mine string) string {
	words := append([]string{h.Command}, h.Args...)
	if len(h.Args) == 0 {
		if words = split(h.Command); len(words) > 0 && strings.HasPrefix(words[0], home.Env+"=") {
			words = words[1:]
		}
	}
	if h.Type != "command" || len(words) < 2 || len(words) > 3 || words[1] != "hook" || !isMesh(words[0], mine) {
		return ""
	}
	if len(words) == 3 && !slices.Contains(hook.Events(), words[2]) {
		return ""
	}
	return words[0]
}

// given are the names that a claudemesh has where we give it out.
var given = regexp.MustCompile(`^claudemesh(-(linux|darwin|windows|freebsd)-(amd64|arm64|arm|386|riscv64))?(\.exe)?$`)

// isMesh reports whether a path is that of a claudemesh: this one, one of its name elsewhere, or one of a name that we give out. Other
// names that begin so are somebody's own.
func isMesh(program, mine string) bool {
	name := base(program)
	return program == mine || name == base(mine) || given.MatchString(name)
}

func base(program string) string {
	return strings.ToLower(path.Base(strings.ReplaceAll(program, `\`, "/")))
}

// split gives the words of a line as a shell of macOS and Linux does, but for variables. nil: it is more than one plain command.
func split(line string) (words []string) {
	var word strings.Builder
	inside, quoted := false, byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quoted != 0 && c == quoted:
			quoted = 0
		case quoted == 0 && (c == '\'' || c == '"'):
			quoted, inside = c, true
		case quoted != '\'' && c == '\\' && i+1 < len(line):
			i++
			word.WriteByte(line[i])
			inside = true
		case quoted != '\'' && (c == '`' || c == '$' && strings.HasPrefix(line[i+1:], "(")):
			return nil
		case quoted == 0 && strings.IndexByte("\n;&|<>()#", c) >= 0:
			return nil
		case quoted == 0 && (c == ' ' || c == '\t'):
			if inside {
				words = append(words, word.String())
			}
			word.Reset()
			inside = false
		default:
			word.WriteByte(c)
			inside = true
		}
	}
	if inside {
		words = append(words, word.String())
	}
	return words
}
