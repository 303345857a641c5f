package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// window is how many sends of a talker wait for their accepted at once.
const window = 6

// talker is one peer of a crowd: what it sent, what it read, and its connection.
type talker struct {
	crowd  *crowd
	group  *group
	device *protocoltest.Device
	random *rand.Rand // of the goroutine that sends

	mu       sync.Mutex
	changed  *sync.Cond
	sent     []*sent // by counter - 1
	accepted uint64  // the last counter that the relay told to be stored
	next     uint64  // counter to send next
	logs     map[wire.Stream]*readLog
	draft    []byte // a statement that is not seen in the roster yet
	drafts   uint64 // how many there were
	appended bool   // on this connection
	promised bool   // the relay told that it stands there
	pings    map[uint64]wire.Cursor
	ended    bool // the connection
}

func (x *talker) follow(s wire.Stream, after wire.Position) {
	x.logs[s] = &readLog{position: after, last: make(map[wire.DeviceID]uint64)}
}

// rosterAt puts the owner's reading of the roster behind what was folded while the mesh was made.
func (x *talker) rosterAt(t *testing.T) {
	t.Helper()
	c := x.group.Connect(t, x.device)
	defer c.HangUp()
	if c.Welcome.Head != x.group.Roster.Head() {
		t.Fatalf("the roster's head is %s, want %s", c.Welcome.Head, x.group.Roster.Head())
	}
	x.logs[wire.RosterStream(x.group.ID)].position = c.Welcome.Position
}

// talk connects again and again, until ctx ends; to finish it sends nothing new, and ends when everything is accepted and
// read.
func (x *talker) talk(ctx context.Context, finish bool) {
	for ctx.Err() == nil {
		err := x.converse(ctx, finish)
		if errors.Is(err, errFinished) {
			return
		}
		var wrong wrongError
		if errors.As(err, &wrong) {
			x.crowd.t.Errorf("device %s: %v", x.device.ID, err)
			return
		}
		select { // what else ends a connection is a crash, or a relay that cannot store
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
}

var errFinished = errors.New("finished")

// wrongError is what no crash excuses.
type wrongError struct{ error }

func wrong(format string, args ...any) error { return wrongError{fmt.Errorf(format, args...)} }

func (x *talker) converse(ctx context.Context, finish bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	line, err := x.connect(ctx)
	if err != nil {
		return err
	}
	defer line.ws.CloseNow()
	read := make(chan error, 1)
	go func() {
		err := x.read(ctx, line)
		x.mu.Lock()
		x.ended = true
		x.changed.Broadcast()
		x.mu.Unlock()
		read <- err
	}()
	stop := context.AfterFunc(ctx, func() { line.ws.CloseNow() })
	defer stop()
	err = x.write(ctx, line, finish)
	if err != nil || finish {
		line.ws.CloseNow()
	}
	return errors.Join(err, ignore(<-read, err))
}

// ignore drops how the reading ended where the writing ended well.
func ignore(read, written error) error {
	var w wrongError
	if errors.Is(written, errFinished) && !errors.As(read, &w) {
		return nil
	}
	return read
}

// write sends until the connection ends.
func (x *talker) write(ctx context.Context, l *line, finish bool) error {
	for {
		x.mu.Lock()
		for !x.ended && !x.mayWrite(finish) && !(finish && x.done()) {
			x.changed.Wait()
		}
		if x.ended {
			x.mu.Unlock()
			return errors.New("the connection ended")
		}
		if finish && x.done() {
			x.mu.Unlock()
			return errFinished
		}
		message := x.message(finish)
		x.mu.Unlock()
		if err := l.write(ctx, message); err != nil {
			return err
		}
	}
}

// mayWrite: there is a send to be sent, or a statement.
func (x *talker) mayWrite(finish bool) bool {
	return x.mayAppend() || x.next <= x.accepted+window && (!finish || x.next <= uint64(len(x.sent)))
}

// mayAppend: the owner has a statement that may not have come to the relay.
func (x *talker) mayAppend() bool {
	return x.draft != nil && !x.appended && x.logs[wire.RosterStream(x.group.ID)].live
}

// message is what is to be sent now.
func (x *talker) message(finish bool) []byte {
	if x.mayAppend() {
		x.appended = true
		return wire.AppendJSONFrame(nil, wire.FrameAppend, wire.Append{Ref: x.drafts, Statement: x.draft})
	}
	if x.next > uint64(len(x.sent)) {
		x.sent = append(x.sent, x.compose())
	}
	s := x.sent[x.next-1]
	x.next++
	if x == x.group.talkers[0] && x.draft == nil && !finish && x.random.IntN(12) == 0 {
		x.group.mu.Lock()
		x.drafts++
		x.draft, x.promised = x.group.Draft(x.device, &roster.Profile{Sealed: protocoltest.Sealed()}), false
		x.group.mu.Unlock()
	}
	return wire.AppendSend(nil, wire.Send{After: x.next - 2, Envelope: s.envelope})
}

// compose makes an envelope for the topic that all read, or for one to all others.
func (x *talker) compose() *sent {
	x.group.mu.Lock()
	defer x.group.mu.Unlock()
	size := x.crowd.size(x.random)
	if x.random.IntN(2) == 0 {
		s := &sent{envelope: x.group.Topic(x.device, size, x.group.general.ID), streams: []wire.Stream{x.group.general}}
		x.group.count(s)
		return s
	}
	s := new(sent)
	var to []wire.MemberID
	for i, at := range x.random.Perm(len(x.group.talkers)) {
		if other := x.group.talkers[at]; other != x && (len(to) == 0 || x.random.IntN(i+1) == 0) {
			to = append(to, other.device.Member)
			s.streams = append(s.streams, wire.InboxStream(other.device.Member))
		}
	}
	s.envelope = x.group.Direct(x.device, size, to...)
	x.group.count(s)
	return s
}

// read takes what comes until the connection ends.
func (x *talker) read(ctx context.Context, l *line) error {
	for {
		frame, err := l.next(ctx)
		if err != nil {
			return err
		}
		if frame.Type == wire.FrameClose {
			return x.closed(frame.Payload)
		}
		answer, err := x.take(frame)
		if err != nil {
			return err
		}
		if len(answer) > 0 {
			if err := l.write(ctx, answer); err != nil {
				return err
			}
		}
	}
}

func (x *talker) take(frame wire.Frame) (answer []byte, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	defer x.changed.Broadcast()
	switch frame.Type {
	case wire.FrameAccepted:
		a, err := wire.ParseAccepted(frame.Payload, nil)
		if err != nil {
			return nil, wrongError{err}
		}
		return nil, x.took(a)
	case wire.FrameDeliver:
		d, err := wire.ParseDeliver(frame.Payload)
		if err != nil {
			return nil, wrongError{err}
		}
		l := x.logs[d.Stream]
		if err := l.take(d); err != nil {
			return nil, wrong("%s: %w", d.Stream.Kind, err)
		}
		return x.store(d.Stream, l), nil
	case wire.FrameStatement:
		s, err := wire.ParseStatement(frame.Payload)
		if err != nil {
			return nil, wrongError{err}
		}
		return nil, x.stated(s)
	case wire.FrameReply:
		var reply wire.Reply
		if err := wire.DecodeJSON(frame.Payload, wire.MaxJSON, &reply); err != nil || reply.Error != nil {
			return nil, wrong("a statement was answered with %+v %v", reply.Error, err)
		}
		x.promised = x.promised || x.draft != nil && reply.Ref == x.drafts
	case wire.FramePong:
		if moved, ok := x.pings[binary.BigEndian.Uint64(frame.Payload)]; ok {
			l := x.logs[moved.Stream]
			l.confirmed = max(l.confirmed, moved.Position)
		}
	case wire.FrameLive:
		live, err := wire.ParseCursor(frame.Payload)
		if err != nil {
			return nil, wrongError{err}
		}
		x.logs[live.Stream].live = true
		if live.Stream.Kind == wire.StreamRoster && x.promised {
			return nil, wrong("a statement that the relay took is not in the roster up to %d", live.Position)
		}
	case wire.FrameResume:
		last, err := wire.ParseResume(frame.Payload)
		if err != nil || last < x.accepted || last > uint64(len(x.sent)) {
			return nil, wrong("resume from %d (%v), and of %d sends %d are accepted", last, err, len(x.sent), x.accepted)
		}
		x.accepted, x.next = last, last+1
	case wire.FrameRefused, wire.FrameError, wire.FrameGap:
		return nil, wrong("frame %#x: %s", frame.Type, frame.Payload)
	}
	return nil, nil
}

// took notes where the relay says that a send stands.
func (x *talker) took(a wire.Accepted) error {
	if a.Counter <= x.accepted || a.Counter >= x.next {
		return wrong("counter %d is accepted, behind %d, and %d comes next", a.Counter, x.accepted, x.next)
	}
	s := x.sent[a.Counter-1]
	s.placed = make(map[wire.Stream]wire.Position)
	for _, p := range a.Placed {
		stream := wire.Stream{Kind: s.streams[0].Kind, ID: p.Recipient}
		s.placed[stream] = p.Position
	}
	if len(a.Placed) == 0 && a.Time == 0 { // a repeat, at a relay that does not know where it stands
		s.placed = nil
	} else if len(s.placed) != len(s.streams) {
		return wrong("counter %d was sent to %d streams and placed in %d", a.Counter, len(s.streams), len(s.placed))
	}
	x.accepted = a.Counter
	x.crowd.accepted.Add(1)
	select {
	case x.crowd.more <- struct{}{}:
	default:
	}
	return nil
}

// store moves the cursor now and then, with a ping behind it: its pong says that the cursor is stored.
func (x *talker) store(s wire.Stream, l *readLog) []byte {
	if len(l.entries)%5 != 0 {
		return nil
	}
	l.said = l.position
	at := wire.Cursor{Stream: s, Position: l.position}
	number := uint64(len(x.pings)) + 1
	x.pings[number] = at
	return wire.AppendFrame(wire.AppendCursor(nil, at), wire.FramePing, binary.BigEndian.AppendUint64(nil, number))
}

// stated folds what the roster grew by.
func (x *talker) stated(s wire.Statement) error {
	l := x.logs[wire.RosterStream(x.group.ID)]
	if s.Previous != l.position {
		return wrong("the statement at %d follows %d, and %d was read before", s.Position, s.Previous, l.position)
	}
	l.position = s.Position
	if !bytes.Equal(s.Bytes, x.draft) {
		return wrong("the roster has a statement at %d that nobody appended", s.Position)
	}
	x.draft, x.promised = nil, false
	x.group.mu.Lock()
	defer x.group.mu.Unlock()
	if _, err := x.group.Roster.Follow(s.Bytes); err != nil {
		return wrong("the statement at %d does not fold: %w", s.Position, err)
	}
	return nil
}

// done: everything is accepted, seen and read.
func (x *talker) done() bool {
	if x.draft != nil || x.accepted < uint64(len(x.sent)) {
		return false
	}
	for stream, l := range x.logs {
		if !l.live || stream.Kind != wire.StreamRoster && len(l.entries) < x.group.due(stream) {
			return false
		}
	}
	return true
}
