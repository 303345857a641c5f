package mesh_test

import (
	"fmt"
	"strings"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// print writes outputs in words: devices, members and topics by name, positions as generation:number behind the store's first
// generation, times as seconds since the script began.
func (w *world) print(outputs []mesh.Output) {
	for _, o := range outputs {
		switch o.Kind {
		case mesh.OutputSend:
			w.printFrames(w.linkOf(o.Conn), o.Bytes, "")
		case mesh.OutputDrop:
			w.printFrames(w.linkOf(o.Conn), o.Bytes, "")
			fmt.Fprintf(&w.out, "%s dropped %s\n", w.linkOf(o.Conn).name, or(string(o.Code), "in peace"))
		case mesh.OutputRead:
			fmt.Fprintf(&w.out, "read %s for %s after %s\n", w.stream(o.Stream), w.linkOf(o.Conn).name, place(o.After))
		case mesh.OutputAnswer:
			w.printAnswer(o.Answer)
		case mesh.OutputCount:
			fmt.Fprintf(&w.out, "count %s\n", o.Code)
		case mesh.OutputReload:
			w.out.WriteString("reload\n")
		}
	}
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func place(p wire.Position) string {
	if p == 0 {
		return "0"
	}
	first := wire.NextGeneration(0, start)
	return fmt.Sprintf("%d:%d", p.Generation()-first, uint64(p)&(1<<28-1))
}

func (w *world) name(id [32]byte) string { return or(w.names[id], "someone") }

func (w *world) stream(s wire.Stream) string {
	if s.Kind == wire.StreamRoster {
		return "roster"
	}
	return s.Kind.String() + " " + w.name(s.ID)
}

func (w *world) since(ms uint64) string {
	if ms == 0 {
		return "never"
	}
	return fmt.Sprintf("%.3gs", float64(int64(ms)-start.UnixMilli())/1000)
}

func (w *world) printFrames(l *link, frames []byte, note string) {
	for len(frames) > 0 {
		f, rest, err := wire.NextFrame(frames)
		if err != nil {
			w.t.Fatalf("the core made a frame that does not parse: %v", err)
		}
		frames = rest
		fmt.Fprintf(&w.out, "%s <- %s%s\n", l.name, w.frameText(l, f), note)
	}
}

// ok is for what the core made: it parses, or the test stops.
func ok[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (w *world) json(f wire.Frame, v any) {
	if err := wire.DecodeJSON(f.Payload, wire.MaxJSON, v); err != nil {
		w.t.Fatalf("the core made JSON that does not parse: %v", err)
	}
}

func (w *world) frameText(l *link, f wire.Frame) string {
	switch f.Type {
	case wire.FrameChallenge:
		var c wire.Challenge
		w.json(f, &c)
		l.nonce = c.Nonce
		return "challenge"
	case wire.FrameWelcome:
		var v wire.Welcome
		w.json(f, &v)
		w.sync()
		if v.Head != w.heads[v.Position] {
			w.t.Errorf("welcome names another head than the one at its position")
		}
		return fmt.Sprintf("welcome %s of %s, roster at %s, last counter %d", w.name(v.Device), w.name(v.Member), place(v.Position), v.LastCounter)
	case wire.FrameDeliver:
		return w.deliverText(l, f)
	case wire.FrameStatement:
		s := ok(wire.ParseStatement(f.Payload))
		stmt := ok(roster.Parse(s.Bytes))
		return fmt.Sprintf("statement %s by %s at %s after %s", stmt.Kind, w.name(stmt.Author), place(s.Position), place(s.Previous))
	case wire.FrameAccepted:
		a := ok(wire.ParseAccepted(f.Payload, nil))
		var where []string
		for _, p := range a.Placed {
			where = append(where, w.name(p.Recipient)+" "+place(p.Position))
		}
		return fmt.Sprintf("accepted %d at %s: %s", a.Counter, w.since(a.Time), or(strings.Join(where, ", "), "somewhere"))
	case wire.FrameDelivered:
		d := ok(wire.ParseDelivered(f.Payload))
		return fmt.Sprintf("delivered %d to %s of %s at %s", d.Counter, w.name(d.Device), w.name(d.Member), w.since(d.Time))
	case wire.FrameLive:
		c := ok(wire.ParseCursor(f.Payload))
		return fmt.Sprintf("live %s at %s", w.stream(c.Stream), place(c.Position))
	case wire.FrameResume:
		return fmt.Sprintf("resume after %d", ok(wire.ParseResume(f.Payload)))
	case wire.FramePong:
		return fmt.Sprintf("pong %q", f.Payload)
	}
	return w.jsonText(f)
}

func (w *world) deliverText(l *link, f wire.Frame) string {
	d := ok(wire.ParseDeliver(f.Payload))
	e := ok(wire.ParseEnvelope(d.Envelope))
	key := "without a stanza"
	for i := range e.Stanzas() {
		key = "with the stanza of " + w.name(e.StanzaDevice(i))
		if e.Stanzas() > 1 || e.StanzaDevice(i) != l.actor.id {
			w.t.Errorf("%s was handed a stanza that is not its own alone", l.name)
		}
	}
	if e.Kind == wire.KindTopic {
		key = ""
	}
	text := fmt.Sprintf("%q", e.Ciphertext)
	if len(e.Ciphertext) > 100 {
		text = fmt.Sprintf("%d bytes", len(e.Ciphertext))
	}
	return strings.TrimSpace(fmt.Sprintf("deliver %s %s after %s: %d of %s, %s %s", w.stream(d.Stream), place(d.Position), place(d.Previous),
		e.Counter, w.name(d.Sender), text, key))
}

func (w *world) jsonText(f wire.Frame) string {
	switch f.Type {
	case wire.FrameRefused:
		var r wire.Refused
		w.json(f, &r)
		return fmt.Sprintf("refused %d %s", r.Counter, errorText(&r.Error))
	case wire.FrameGap:
		var g wire.Gap
		w.json(f, &g)
		return fmt.Sprintf("gap %s after %s to %s", w.stream(wire.Stream{Kind: g.Kind, ID: g.ID}), place(g.After), place(g.To))
	case wire.FrameReply:
		var r wire.Reply
		w.json(f, &r)
		if r.Error != nil {
			return fmt.Sprintf("reply %d %s", r.Ref, errorText(r.Error))
		}
		code := ""
		if r.Code != "" {
			code = " with a code"
			w.codes[r.Ref] = r.Code
		}
		return fmt.Sprintf("reply %d at %s%s", r.Ref, place(r.Position), code)
	case wire.FramePresence:
		var p wire.Presence
		w.json(f, &p)
		return w.presenceText(p)
	case wire.FrameError:
		var e wire.Error
		w.json(f, &e)
		return "error " + errorText(&e)
	case wire.FrameClose:
		var c wire.Close
		w.json(f, &c)
		if c.RetryAfter > 0 {
			return fmt.Sprintf("close %s after %s", errorText(&c.Error), time.Duration(c.RetryAfter)*time.Millisecond)
		}
		return "close " + errorText(&c.Error)
	}
	return fmt.Sprintf("frame %#x", f.Type)
}

func errorText(e *wire.Error) string {
	if e.Retry {
		return string(e.Code) + ", may be tried again"
	}
	return string(e.Code)
}

func (w *world) presenceText(p wire.Presence) string {
	var rows []string
	for _, s := range p.Sessions {
		row := fmt.Sprintf("%s/%s %s since %s", w.name(s.Device), sessionName(s.Session), s.State, w.since(uint64(s.Since)))
		if s.CardVersion != 0 {
			row += fmt.Sprintf(" with card %d of %d bytes", s.CardVersion, len(s.Card))
		}
		rows = append(rows, row)
	}
	kind := "presence"
	if p.Full {
		kind = "presence in full"
	}
	return kind + ": " + or(strings.Join(rows, ", "), "nobody")
}

func (w *world) printAnswer(a *mesh.Answer) {
	switch {
	case a.Err != nil:
		fmt.Fprintf(&w.out, "answer %d %s\n", a.Request, errorText(a.Err))
	case a.Lookup != nil:
		l := a.Lookup
		fmt.Fprintf(&w.out, "answer %d role %s, uses left %d, preview %q\n", a.Request, l.Role, l.UsesLeft, l.Preview)
	default:
		c := a.Claimed
		fmt.Fprintf(&w.out, "answer %d %s of %s joined at %s, escrow %q\n", a.Request, w.name(c.Device), w.name(c.Member), place(c.Position), c.Escrow)
		w.sync()
		if !w.roster.HasHead(c.Head) {
			w.t.Errorf("the answer names a head that the roster never had")
		}
	}
}
