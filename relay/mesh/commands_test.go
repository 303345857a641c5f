package mesh_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// args are a command's words; those with = are options.
type args struct {
	words   []string
	options map[string]string
}

func (a args) word(i int) string {
	if i < len(a.words) {
		return a.words[i]
	}
	return ""
}

func (a args) rest(i int) string { return strings.Join(a.words[min(i, len(a.words)):], " ") }

func (a args) has(option string) bool { _, found := a.options[option]; return found }

func (a args) number(option string, otherwise uint64) uint64 {
	if text, found := a.options[option]; found {
		return uint64(ok(strconv.ParseInt(text, 10, 64)))
	}
	return otherwise
}

func (a args) list(option string) []string {
	return strings.FieldsFunc(a.options[option], func(r rune) bool { return r == ',' })
}

// run does one line of a script.
func (w *world) run(line string) {
	a := args{options: make(map[string]string)}
	for _, word := range strings.Fields(line) {
		if name, value, found := strings.Cut(word, "="); found {
			a.options[name] = value
		} else {
			a.words = append(a.words, word)
		}
	}
	w.sync()
	verb := a.words[0]
	a.words = a.words[1:]
	switch verb {
	case "found": // found OWNER
		w.found(a.word(0))
	case "open", "connect", "hello": // connect CONN DEVICE [session=N] [one_shot=] [origin=] [forged=] [other_nonce=]
		w.connect(verb, a)
	case "close":
		w.event(mesh.Event{Kind: mesh.EventClosed, Conn: w.links[a.word(0)].id})
	case "tail": // tail CONN roster=after inbox=after [inbox:MEMBER=after] [topic:NAME=after]
		w.tail(a)
	case "send": // send CONN TARGETS TEXT [counter=] [after=] [epoch=] [for=DEVICES]
		w.send(a)
	case "cursor": // cursor CONN STREAM PLACE
		c := wire.Cursor{Stream: w.streamOf(w.links[a.word(0)], a.word(1)), Position: position(a.word(2))}
		w.frame(w.links[a.word(0)], wire.AppendCursor(nil, c))
	case "track": // track CONN MEMBER PLACE COUNTER
		item := wire.TrackItem{Member: w.actor(a.word(1)).member, Position: position(a.word(2)), Counter: ok(strconv.ParseUint(a.word(3), 10, 64))}
		w.frame(w.links[a.word(0)], wire.AppendJSONFrame(nil, wire.FrameTrack, wire.Track{Items: []wire.TrackItem{item}}))
	case "card": // card CONN VERSION SIZE [for=SESSION]
		card := wire.SetCard{Version: ok(strconv.ParseUint(a.word(1), 10, 64)), Card: make([]byte, ok(strconv.Atoi(a.word(2)))), Session: a.session("for")}
		w.frame(w.links[a.word(0)], wire.AppendJSONFrame(nil, wire.FrameCard, card))
	case "speak": // speak CONN VERSION FROM TO: a card of 10 bytes for each of these sessions
		for n := ok(strconv.Atoi(a.word(2))); n <= ok(strconv.Atoi(a.word(3))); n++ {
			w.run(fmt.Sprintf("card %s %s 10 for=%d", a.word(0), a.word(1), n))
		}
	case "ping":
		w.frame(w.links[a.word(0)], wire.AppendFrame(nil, wire.FramePing, []byte("12345678")))
	case "bye": // bye CONN [for=SESSION]
		w.frame(w.links[a.word(0)], wire.AppendBye(nil, a.session("for")))
	case "raw": // raw CONN TYPE TEXT
		kind := wire.FrameType(ok(strconv.ParseUint(a.word(1), 0, 8)))
		w.frame(w.links[a.word(0)], wire.AppendFrame(nil, kind, []byte(a.rest(2))))
	case "append": // append CONN KIND …
		w.append(a)
	case "lookup": // lookup INVITE
		w.request(mesh.Event{Kind: mesh.EventLookup, Invite: w.row(a.word(0))})
	case "claim": // claim INVITE DEVICE [member=] [by=CLAIMANT] [at=SECONDS] [other_recipient=] [forged=]
		w.claim(a)
	case "batch": // until commit, events are collected
		w.batching = true
	case "commit":
		w.batching = false
		w.commit()
	case "elsewhere": // elsewhere DEVICE [counter=]: between Take and the commit another relay takes a profile or a send of its
		w.elsewhere = func() { w.otherRelay(w.actor(a.word(0)), a.number("counter", 0)) }
	case "wait": // wait DURATION, with every tick that is due
		w.wait(ok(time.ParseDuration(a.word(0))))
	case "restart": // the relay is killed and started again
		w.restart(w.store.Reopen(w.now))
	case "reload":
		w.restart(w.store)
	case "fail": // the next commit fails: before or after
		w.fail(a.word(0))
	case "trim": // trim CONN STREAM [keep=N]: another relay drops all, or what is beyond the newest N
		w.trim(w.streamOf(w.links[a.word(0)], a.word(1)), a.number("keep", 0))
	case "pages": // pages BYTES: how much one read gives
		w.pageBytes = ok(strconv.Atoi(a.word(0)))
	case "hold": // what is read from the store waits to be written
		w.holdReads = true
	case "written": // it is written now
		w.holdReads = false
		held := w.held
		w.held = nil
		for _, r := range held {
			w.finish(r)
		}
	case "unreadable": // the store fails for the read that waits
		w.held[0].err = fmt.Errorf("the disk is gone")
	case "limit": // limit NAME=NUMBER …, before found
		w.limit(a)
	default:
		w.t.Fatalf("no command %q", verb)
	}
}

func position(text string) wire.Position {
	generation, number, found := strings.Cut(text, ":")
	if !found {
		return wire.Position(ok(strconv.ParseUint(text, 10, 64)))
	}
	first := wire.NextGeneration(0, start)
	return wire.PositionOf(first+uint32(ok(strconv.ParseUint(generation, 10, 32))), ok(strconv.ParseUint(number, 10, 64)))
}

// session reads an option that names a session; without it, none.
func (a args) session(option string) wire.SessionID {
	if a.has(option) {
		return sessionOf(a.options[option])
	}
	return wire.SessionID{}
}

func sessionOf(name string) (id wire.SessionID) {
	copy(id[:], "session "+name)
	return id
}

func sessionName(id wire.SessionID) string {
	return strings.TrimPrefix(string(bytes.TrimRight(id[:], "\x00")), "session ")
}

func (w *world) connect(verb string, a args) {
	l := w.links[a.word(0)]
	if verb != "hello" {
		w.conns++
		l = &link{name: a.word(0), id: w.conns}
		w.links[l.name] = l
		before := w.out.Len()
		w.event(mesh.Event{Kind: mesh.EventOpened, Conn: l.id})
		if verb == "connect" && l.nonce != nil {
			text := w.out.String()[:before]
			w.out.Reset()
			w.out.WriteString(text)
		}
	}
	if verb == "open" {
		return
	}
	l.actor = w.actor(a.word(1))
	h := wire.Hello{Device: l.actor.id, Session: sessionOf(or(a.options["session"], "1")), OneShot: a.has("one_shot"), Origin: or(a.options["origin"], origin)}
	nonce := l.nonce
	if a.has("other_nonce") {
		nonce = make([]byte, wire.ChallengeSize)
	}
	h.Signature = w.sign(l.actor, wire.HelloBytes(nonce, w.mesh, h))
	if a.has("forged") {
		h.Signature = w.sign(w.actor(a.options["forged"]), wire.HelloBytes(nonce, w.mesh, h))
	}
	w.frame(l, wire.AppendJSONFrame(nil, wire.FrameHello, h))
}

// streamOf reads roster, inbox, inbox:MEMBER or topic:NAME.
func (w *world) streamOf(l *link, text string) wire.Stream {
	kind, name, _ := strings.Cut(text, ":")
	switch kind {
	case "roster":
		return wire.RosterStream(w.mesh)
	case "inbox":
		if name != "" {
			return wire.InboxStream(w.actor(name).member)
		}
		return wire.InboxStream(l.actor.member)
	}
	return wire.TopicStream(w.topics[name])
}

func (w *world) tail(a args) {
	l := w.links[a.word(0)]
	var list wire.Tail
	names := make([]string, 0, len(a.options))
	for name := range a.options {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		list.Streams = append(list.Streams, wire.NewTailItem(w.streamOf(l, name), position(a.options[name])))
	}
	w.frame(l, wire.AppendJSONFrame(nil, wire.FrameTail, list))
}

func (w *world) otherRelay(a *actor, counter uint64) {
	before := w.roster.Head()
	var op mesh.Op
	if counter > 0 {
		var last uint64
		for _, c := range ok(w.store.Load(w.t.Context(), w.mesh)).Counters {
			if c.Device == a.id {
				last = c.Last
			}
		}
		op = &mesh.AppendEnvelope{Head: before, Device: a.id, After: last, Counter: counter}
	} else {
		raw := w.draft(a, &roster.Profile{Sealed: sealed("elsewhere")})
		s := ok(roster.Parse(raw))
		op = &mesh.AppendStatement{After: before, Head: s.HeadAfter(before), Author: a.id, Statement: raw, Time: uint64(w.now.UnixMilli())}
	}
	verdicts := ok(w.store.Commit(w.t.Context(), []mesh.Batch{{Mesh: w.mesh, Ops: []mesh.Op{op}}}))
	fmt.Fprintf(&w.out, "another relay has it: %s\n", outcome(verdicts[0][0].Outcome))
}

func (w *world) wait(d time.Duration) {
	end := w.now.Add(d)
	for {
		due := w.core.Deadline()
		if due.IsZero() || due.After(end) {
			break
		}
		if due.After(w.now) {
			w.now = due
		}
		w.event(mesh.Event{Kind: mesh.EventTick})
	}
	w.now = end
}

func (w *world) restart(s *memory.Store) {
	w.store, w.held, w.batching = s, nil, false
	clear(w.links)
	w.load()
}

func (w *world) fail(when string) {
	boom := func([]mesh.Batch) error { return fmt.Errorf("the disk is gone") }
	if when == "before" {
		w.store.SetFaults(memory.Faults{Before: boom})
	} else {
		w.store.SetFaults(memory.Faults{After: boom})
	}
}

func (w *world) trim(stream wire.Stream, keep uint64) {
	op := &mesh.Trim{Stream: stream, Keep: mesh.Amount{Count: keep}, Time: uint64(w.now.UnixMilli())}
	if keep == 0 {
		op.Before = wire.MaxCounter
	}
	verdicts := ok(w.store.Commit(w.t.Context(), []mesh.Batch{{Mesh: w.mesh, Ops: []mesh.Op{op}}}))
	fmt.Fprintf(&w.out, "trimmed to %s\n", place(verdicts[0][0].Trimmed.To))
}

func (w *world) limit(a args) {
	for name := range a.options {
		n := int(a.number(name, 0))
		switch name {
		case "keep_seconds":
			w.config.Keep.Age = time.Duration(n) * time.Second
		case "keep_count":
			w.config.Keep.Count = uint64(n)
		case "keep_bytes":
			w.config.Keep.Bytes = uint64(n)
		case "mesh_bytes":
			w.config.MeshBytes = uint64(n)
		case "member_bytes":
			w.config.MemberBytes = uint64(n)
		case "connections":
			w.config.Connections = n
		case "handshakes":
			w.config.Handshakes = n
		case "device_connections":
			w.config.DeviceConnections = n
		case "member_sessions":
			w.config.MemberSessions = n
		case "sessions":
			w.config.Sessions = n
		case "tails":
			w.config.Tails = n
		case "tracked":
			w.config.InboxTracked = n
		case "devices":
			w.config.Devices = n
		case "member_devices":
			w.config.MemberDevices = n
		case "cards":
			w.config.Cards = n
		case "member_cards":
			w.config.MemberCards = n
		case "member_statements":
			w.config.MemberStatements = n
		case "statements":
			w.config.Statements = n
		case "all_sends":
			w.config.AllSends = mesh.Rate{PerSecond: 1, Burst: float64(n)}
		case "all_bytes":
			w.config.AllBytes = mesh.Rate{PerSecond: 1 << 10, Burst: float64(n)}
		case "sends":
			w.config.Sends = mesh.Rate{PerSecond: 1, Burst: float64(n)}
		case "errors":
			w.config.Errors = mesh.Rate{PerSecond: 1, Burst: float64(n)}
		case "bytes":
			w.config.Bytes = mesh.Rate{PerSecond: 1 << 10, Burst: float64(n)}
		case "shows":
			w.config.Shows = mesh.Rate{PerSecond: 1, Burst: float64(n)}
		case "appends":
			w.config.Appends = mesh.Rate{PerSecond: 1, Burst: float64(n)}
		default:
			w.t.Fatalf("no limit %q", name)
		}
	}
}
