package setup

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"claudemesh.com/mesh/cli/claudemesh/home"
)

// plain are words that every shell takes as they are.
var plain = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// quote makes one word of text for the shell of macOS and Linux.
func quote(text string) string {
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
	h.Command = quote(m.Program) + " hook " + event
	if m.Pinned {
		h.Command = home.Env + "=" + quote(m.Config) + " " + h.Command
	}
	return h
}

// program is what a handler starts, where that is one of our hooks, and else empty. mine is ours whatever its name.
func (h handler) program(mine string) string {
	words := append([]string{h.Command}, h.Args...)
	if len(h.Args) == 0 {
		words = split(h.Command)
	}
	at := slices.Index(words, "hook")
	if h.Type != "command" || at < 1 || at < len(words)-2 || !isMesh(words[at-1], mine) {
		return ""
	}
	return words[at-1]
}

// isMesh reports whether a path is that of a claudemesh, by its name or because it is this one.
func isMesh(program, mine string) bool {
	return program == mine || strings.HasPrefix(strings.ToLower(path.Base(strings.ReplaceAll(program, `\`, "/"))), "claudemesh")
}

// split gives the words of a line as a shell of macOS and Linux does, but for what it would expand.
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
		case quoted == 0 && (c == ' ' || c == '\t' || c == '\n'):
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
