package mesh

import (
	"crypto/sha256"
	"io"
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// Core is the state of one mesh on one relay.
type Core struct {
	config Config
	mesh   wire.MeshID

	// roster runs ahead of the store within a batch. Where the commit fails or the store disagrees, the core is loaded again.
	roster      *roster.State
	rosterBytes int
	head        wire.Head                      // of what is committed
	landed      map[[sha256.Size]byte]*landing // by the hash of a statement, for repeats
	codes       map[wire.InviteID]string

	streams    map[wire.Stream]*stream
	devices    map[wire.DeviceID]*device
	members    map[wire.MemberID]*member
	conns      map[ConnID]*connection
	welcomed   []*connection // in no order that matters, but the same at every run
	unheard    []*connection // before their hello
	arrivals   uint64
	sessions   map[sessionKey]*session
	leases     []*session    // the values of sessions
	cards      int           // bytes in all sessions' cards
	changes    []*session    // of this batch
	arrived    []*connection // in this batch
	full       [][2]int      // where the frames that tell of every session lie in out.bytes, once one arrival needed them
	tracked    int           // in all streams' watched
	departures uint64        // counts the devices that lost their last connection
	kept       int           // bytes in all streams' recent
	sends      bucket        // of all members
	bytes      bucket        // likewise
	stored     uint64        // bytes in all streams but the roster, with what the batch appends
	aging      aging         // streams by when something of them becomes too old
	surplus    []*stream     // streams that may hold more than is to be kept

	batch    batch
	out      out
	nodes    nodes
	follows  uint64 // counts OutputFollow
	deadline time.Time
	swept    time.Time
}

// landing is where a statement stands in the roster. position is 0 until its commit.
type landing struct {
	head     wire.Head
	position wire.Position
	code     string
}

// New folds a snapshot. Sessions that it shows online are away from now on, until they come back or their grace ends.
// CodeBadRoster: the store holds a roster that breaks the rules.
func New(config Config, snapshot Snapshot, now time.Time) (*Core, error) {
	c := &Core{
		config:   config,
		mesh:     snapshot.Mesh,
		roster:   roster.NewBlind(),
		landed:   make(map[[sha256.Size]byte]*landing, len(snapshot.Roster)),
		codes:    make(map[wire.InviteID]string, len(snapshot.Codes)),
		streams:  make(map[wire.Stream]*stream, len(snapshot.Heads)),
		devices:  make(map[wire.DeviceID]*device, len(snapshot.Counters)),
		members:  make(map[wire.MemberID]*member),
		conns:    make(map[ConnID]*connection),
		sessions: make(map[sessionKey]*session, len(snapshot.Sessions)),
	}
	c.batch.cursors = make(map[cursorKey]*MoveCursor)
	for _, code := range snapshot.Codes {
		c.codes[code.Invite] = code.Code
	}
	if err := c.fold(snapshot.Roster); err != nil {
		return nil, err
	}
	c.head = c.roster.Head()
	for _, head := range snapshot.Heads {
		c.restoreStream(head)
	}
	for _, counter := range snapshot.Counters {
		d := c.device(counter.Device)
		d.last, d.committed = counter.Last, counter.Last
		d.stored = counter.Bytes
		c.member(d.member).stored += counter.Bytes
	}
	for _, cursor := range snapshot.Cursors {
		d := c.device(cursor.Device)
		if cursor.Stream == wire.InboxStream(d.member) {
			d.cursor = cursor.Position
		}
	}
	c.nodes.mark = snapshot.Mark
	c.restoreSessions(snapshot.Sessions, snapshot.Nodes, now)
	return c, nil
}

// fold replays what this relay verified before it stored it.
func (c *Core) fold(entries []Entry) error {
	for i := range entries {
		if _, err := c.foldEntry(&entries[i]); err != nil {
			return wire.Errorf(wire.CodeBadRoster, "statement %d of mesh %s does not fold: %v", i+1, c.mesh, err)
		}
	}
	if c.roster.Mesh() != c.mesh {
		return wire.Errorf(wire.CodeBadRoster, "the roster stored for mesh %s is not its own", c.mesh)
	}
	return nil
}

func (c *Core) foldEntry(e *Entry) (*roster.Statement, error) {
	statement, err := roster.Parse(e.Bytes)
	if err == nil {
		err = c.roster.Replay(statement, time.UnixMilli(int64(e.Time)))
	}
	if err != nil {
		return nil, err
	}
	c.landed[sha256.Sum256(e.Bytes)] = &landing{head: c.roster.Head(), position: e.Position, code: c.codeOf(statement)}
	c.folded(statement)
	return statement, nil
}

// codeOf is the code of an invite that a statement issues, or "".
func (c *Core) codeOf(statement *roster.Statement) string {
	if invite, ok := statement.Body.(*roster.Invite); ok {
		return c.codes[invite.ID]
	}
	return ""
}

// Handle takes one event. entropy gives random bytes (nonces, invite codes); it must not fail. It is never called between
// Take and Committed.
func (c *Core) Handle(now time.Time, entropy io.Reader, ev Event) {
	if c.batch.out {
		panic("mesh: an event while a batch is out")
	}
	c.out.reset()
	if c.nodes.wake != (time.Time{}) {
		c.goOn(now, entropy)
	}
	switch ev.Kind {
	case EventOpened:
		c.opened(now, entropy, ev.Conn)
	case EventClosed:
		c.closed(now, c.conns[ev.Conn])
	case EventReceived:
		c.received(now, entropy, c.conns[ev.Conn], ev.Frame)
	case EventReadDone:
		c.readDone(now, c.conns[ev.Conn], ev.Tag, ev.Last, ev.Failed)
	case EventTick:
		c.tick(now)
	case EventLookup:
		request, invite := ev.Request, ev.Invite
		c.whenKnown(now, entropy, func(now time.Time, _ io.Reader) { c.lookup(now, request, invite) })
	case EventClaim:
		request, claim := ev.Request, ev.Claim
		c.whenKnown(now, entropy, func(now time.Time, entropy io.Reader) { c.claim(now, entropy, request, claim) })
	case EventMoved:
		c.nodes.wanted = c.shared()
	case EventElsewhere:
		c.elsewhere(now, entropy, ev.Elsewhere, ev.Failed)
	case EventFollowed:
		c.followed(now, ev.Followed, ev.Tag, ev.Failed)
	}
}

// Deadline is when the next EventTick is due; zero: none.
func (c *Core) Deadline() time.Time {
	return earlier(c.deadline, earlier(c.nodes.wake, c.nodes.look))
}

// Idle reports whether the core has no connections and no session that is still away, so that the adapter may drop it.
func (c *Core) Idle() bool {
	if len(c.conns) > 0 || !c.batch.idle() || c.nodes.waits() {
		return false
	}
	for _, s := range c.leases {
		if s.row.State == wire.StateAway || s.row.State == wire.StateOnline && c.here(s) {
			return false
		}
	}
	return true
}

// member is what the core keeps of a member beside the roster.
type member struct {
	sends, appends, shows bucket
	bytes                 bucket
	sessions              []*session
	cards                 int    // bytes in its sessions' cards
	statements            int    // in the roster, by its devices
	stored                uint64 // bytes of its devices' sends in all streams, with what the batch appends
	held                  int    // bytes of its frames that wait for what other nodes did
}

func (c *Core) member(id wire.MemberID) *member {
	m := c.members[id]
	if m == nil {
		m = new(member)
		c.members[id] = m
	}
	return m
}

// device is what the core keeps of a device beside the roster.
type device struct {
	id     wire.DeviceID
	member wire.MemberID
	// last is the counter that the next send follows; committed is the last one that is durable. They differ within a
	// batch only.
	last, committed uint64
	cursor          wire.Position // in its member's inbox
	stored          uint64        // bytes of its sends in all streams, with what the batch appends
	conns           []*connection
	sent            sentRing
}

// device gives the state of a device that stands in the roster.
func (c *Core) device(id wire.DeviceID) *device {
	d := c.devices[id]
	if d == nil {
		d = &device{id: id}
		if view, ok := c.roster.Device(id); ok {
			d.member = view.Member
		}
		c.devices[id] = d
	}
	return d
}

// milliseconds is a moment as frames and ops write it.
func milliseconds(t time.Time) uint64 { return uint64(max(t.UnixMilli(), 0)) }
