package peer

import (
	"io"
	"time"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// Device is the device and session that a core speaks for.
type Device struct {
	Public  identity.Public
	Session wire.SessionID
	// OneShot sessions take no presence.
	OneShot bool
	// Card is what the session says of itself; nil: nothing.
	Card *Card
	// Spoken are the sessions beside its own that it speaks for, at most wire.MaxSpoken.
	Spoken []Spoken
}

// Core is one device in one mesh. It is used from one goroutine at a time.
type Core struct {
	device Device
	id     wire.DeviceID
	self   identityRow
	member wire.MemberID // own; zero until the own join or genesis is folded
	joined int64         // when that landed, by the relay's clock; milliseconds
	// returned is when it landed again on a relay that had lost it; 0: never.
	returned int64

	now     time.Time
	entropy io.Reader
	batch   Batch
	frames  []byte // for the present connection, not in batch.outputs yet
	changed bool   // MeshView changed since the last Take

	roster     *roster.State
	rosterBad  *wire.Error
	enrollment *Enrollment // nil once the mesh is trusted
	ring       keyring.Ring
	ringBad    uint32 // the epoch whose wrap for this device does not open
	names      names

	link     link
	keys     keys
	streams  streams
	behind   behind
	log      log
	outbox   outbox
	sent     sent
	presence presence
	speech   speech
	asks     []ask // as they came
	jobs     jobs
	invites  map[wire.InviteID]inviteRow // those made here
}

// Handle takes one input. now does not have to rise. entropy is read while Handle runs and must not fail.
func (c *Core) Handle(now time.Time, entropy io.Reader, in Input) {
	c.now, c.entropy = now, entropy
	defer func() { c.entropy = nil }()
	switch in := in.(type) {
	case Dialing, Opened, Closed, Heard, Tick, Probe, GoodBye:
		c.handleLink(in)
	case Signed:
		c.handleSigned(in)
	case Shared:
		c.handleShared(in)
	case StatementRow:
		c.handleStatementRow(in)
	default:
		c.handleCommand(in)
	}
	c.pump()
}

// pump lets everything go on that may have waited for what just happened. The order matters: what the roster says comes
// before what streams hold, and both before what is sealed.
func (c *Core) pump() {
	c.pumpRoster()
	c.pumpBehind()
	c.pumpStreams()
	c.pumpJobs()
	c.pumpOutbox()
	c.pumpPresence()
	c.pumpSpeech()
}

// Take gives what the inputs since the last Take want done. Its user commits Batch.Ops and then lets go Batch.Committed;
// after a commit that failed it uses the core no more.
func (c *Core) Take() Batch {
	c.saveStreams()
	c.flushFrames()
	if c.changed {
		c.changed = false
		c.notify(Event{Kind: EventMesh})
	}
	batch := c.batch
	c.batch = Batch{}
	return batch
}

// Deadline is when the next Tick is due; zero: none.
func (c *Core) Deadline() time.Time {
	return earliest(c.link.deadline(), c.behind.hold, c.outbox.hold, c.jobs.hold, c.presence.deadline(c), c.speech.hold)
}

func earliest(times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// held reports whether a time is still to come; one that has come is forgotten, so that Deadline names it no more.
func (c *Core) held(until *time.Time) bool {
	if c.now.Before(*until) {
		return true
	}
	*until = time.Time{}
	return false
}

func (c *Core) milliseconds() int64 { return c.now.UnixMilli() }

func (c *Core) put(bucket string, key, value []byte) {
	if value == nil {
		value = []byte{}
	}
	c.batch.Ops = append(c.batch.Ops, Op{Bucket: bucket, Key: key, Value: value})
}

func (c *Core) delete(bucket string, key []byte) {
	c.batch.Ops = append(c.batch.Ops, Op{Bucket: bucket, Key: key})
}

func (c *Core) output(o Output) { c.batch.outputs = append(c.batch.outputs, o) }

func (c *Core) notify(e Event) {
	e.Mesh = c.self.Mesh
	c.output(Notify{Event: e})
}

func (c *Core) result(r Result) {
	if r.Ref != 0 {
		c.output(r)
	}
}

func (c *Core) fail(ref uint64, err error) { c.result(Result{Ref: ref, Err: wire.AsError(err)}) }

func (c *Core) dropped(reason wire.Code, s wire.Stream, sender wire.DeviceID) {
	c.output(Dropped{Reason: reason, Stream: s, Sender: sender})
}

// maxFrames is how many bytes of frames are gathered to one WebSocket message, but for a frame that is larger alone.
const maxFrames = 1 << 20

// send gathers a frame for the present connection.
func (c *Core) send(frame []byte) {
	if len(c.frames) > 0 && len(c.frames)+len(frame) > maxFrames {
		c.flushFrames()
	}
	c.frames = append(c.frames, frame...)
}

func (c *Core) flushFrames() {
	if len(c.frames) > 0 {
		c.output(Frames{Conn: c.link.conn, Bytes: c.frames})
		c.frames = nil
	}
}
