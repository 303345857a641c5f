package verb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// writeJSON writes v as one line. encoding/json leaves in strings what a terminal would obey beyond ASCII, so that is escaped
// here: the value stays the same.
func writeJSON(w io.Writer, v any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(v) != nil {
		return // every v is a type of this package
	}
	var b []byte
	for _, r := range text.String() {
		if r != '\n' && obeyed(r) {
			b = fmt.Appendf(b, `\u%04x`, r)
		} else {
			b = utf8.AppendRune(b, r)
		}
	}
	w.Write(b)
}

// obeyed reports whether a terminal may do something else with a character than show it: control characters, and the marks
// that turn the direction of writing.
func obeyed(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }

// clean takes from a text that came from elsewhere what a terminal would obey, but for tab and line feed.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if obeyed(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// sentence begins with a capital and ends with a full stop.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text
}

// line is clean without line feeds.
func line(text string) string { return strings.ReplaceAll(clean(text), "\n", " ") }

// messageJSON is a message for programs.
type messageJSON struct {
	ID          wire.MessageID  `json:"id"`
	Mesh        wire.MeshID     `json:"mesh_id"`
	From        wire.MemberID   `json:"from"`
	FromName    string          `json:"from_name"`
	Device      wire.DeviceID   `json:"device_id"`
	To          []wire.MemberID `json:"to"`
	Topic       string          `json:"topic"`
	TopicID     string          `json:"topic_id,omitempty"`
	Text        string          `json:"text"`
	Type        string          `json:"type"`
	Priority    string          `json:"priority"`
	ReplyTo     string          `json:"reply_to,omitempty"`
	SentAt      string          `json:"sent_at"`
	ReceivedAt  string          `json:"received_at,omitempty"`
	State       peer.Delivery   `json:"state"`
	Stream      string          `json:"stream"`
	Seq         uint64          `json:"seq"`
	Gap         bool            `json:"gap,omitempty"`
	Explanation *wire.Error     `json:"error,omitempty"`
}

func (c *call) messageJSON(view *peer.MeshView, m *peer.MessageView) messageJSON {
	out := messageJSON{
		ID: m.ID, Mesh: view.Mesh, From: m.From, FromName: m.FromName, Device: m.FromDevice, To: m.To, Text: m.Text, Type: m.Type,
		Priority: m.Priority.String(), SentAt: stamp(m.SentAt), ReceivedAt: stamp(m.ReceivedAt), State: m.State,
		Stream: string(m.Conversation), Seq: m.Seq, Gap: m.Gap, Explanation: m.Error,
	}
	if out.To == nil {
		out.To = []wire.MemberID{}
	}
	if !m.ReplyTo.IsZero() {
		out.ReplyTo = m.ReplyTo.String()
	}
	if !m.Topic.IsZero() {
		out.Topic, out.TopicID = topicName(view, m.Topic), m.Topic.String()
	}
	return out
}

// stamp is RFC 3339 with milliseconds, or empty for 0.
func stamp(milliseconds int64) string {
	if milliseconds == 0 {
		return ""
	}
	return time.UnixMilli(milliseconds).UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

func topicName(view *peer.MeshView, topic wire.TopicID) string {
	for i := range view.Topics {
		if view.Topics[i].Topic == topic {
			return view.Topics[i].Name
		}
	}
	return topic.String()[:8]
}

func memberName(view *peer.MeshView, member wire.MemberID) string {
	for i := range view.Members {
		if view.Members[i].Member == member && view.Members[i].Name != "" {
			return view.Members[i].Name
		}
	}
	return member.String()[:8]
}

// message writes a message, as a line of JSON or for a person.
func (c *call) message(view *peer.MeshView, m *peer.MessageView) {
	if c.grammar.JSON {
		writeJSON(c.Stdout, c.messageJSON(view, m))
		return
	}
	if m.Gap {
		fmt.Fprintln(c.Stdout, c.dim("-- some messages are missing here: the relay no longer has them --"))
		return
	}
	where := "you"
	if !m.Topic.IsZero() {
		where = "#" + topicName(view, m.Topic)
	} else if m.From == view.Member || len(m.To) > 1 {
		names := make([]string, len(m.To))
		for i, to := range m.To {
			names[i] = memberName(view, to)
		}
		where = strings.Join(names, ", ")
	}
	at := time.UnixMilli(m.SentAt)
	clock := at.Format("15:04")
	if time.Since(at) > 24*time.Hour {
		clock = at.Format("2006-01-02 15:04")
	}
	text := clean(m.Text)
	if m.Type != "text" && text == "" {
		text = "a message of a newer kind; update claudemesh to read it"
	}
	head := fmt.Sprintf("%s  %s → %s", clock, line(m.FromName), line(where))
	fmt.Fprintf(c.Stdout, "%s  %s\n", c.dim(head), strings.ReplaceAll(text, "\n", "\n    "))
}

// dim marks what is not the content, on a terminal.
func (c *call) dim(text string) string {
	if !c.Terminal {
		return text
	}
	return "\x1b[2m" + text + "\x1b[22m"
}

// table writes rows in columns that are as wide as their widest cell.
func (c *call) table(rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-len([]rune(cell))+2))
			}
		}
		fmt.Fprintln(c.Stdout, strings.TrimRight(b.String(), " "))
	}
}
