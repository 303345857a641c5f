package agent

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// How long things last.
const (
	// Hold is for how long what was pushed to one session is kept from the others.
	Hold = 2 * time.Minute
	// LoanTime is for how long a batch may wait for its confirmation.
	LoanTime = 30 * time.Second
)

// MaxHeld is how many messages a Queue holds. At the bound, what comes takes the place of the oldest message of the member that has
// the most in it, which is then in the device's log alone, unread: whoever floods the queue keeps nobody else out.
const MaxHeld = 10_000

// Row is one key and its value; a nil Value deletes it.
type Row struct{ Key, Value []byte }

// Rows is where a Queue finds what it kept. Scan lists the rows whose keys begin with a byte, in order.
type Rows interface {
	Scan(kind byte) ([]Row, error)
}

// The kinds of rows: the first byte of their keys.
const (
	rowMark    byte = 'k' // how far the device's log was read: u64
	rowMessage byte = 'm' // ‖ number u64 → JSON of message
	rowContent byte = 'c' // ‖ number u64 → Arrival.Content
	rowReceipt byte = 'r' // ‖ message id: a receipt that the device does not have yet
)

// Seen says why a session may have seen a message before; empty: it is new to it.
type Seen string

// The reasons.
const (
	SeenPushed      Seen = "pushed"      // it was pushed to this session
	SeenElsewhere   Seen = "elsewhere"   // it was pushed to another one
	SeenUnconfirmed Seen = "unconfirmed" // it was handed out, and what became of that is not known
)

// Arrival is a message for this member as it comes out of the device's log, or what one of the sessions here, or the person, says to
// others of them.
type Arrival struct {
	Number   uint64 // its place in the log; strictly rising
	ID       wire.MessageID
	From     wire.MemberID
	Direct   bool // else it came in a topic
	Mention  bool // of this member, in a topic
	Priority wire.Priority
	Session  wire.SessionID // the one that its sender meant, or zero
	// Elsewhere says that Session lives, on another machine.
	Elsewhere bool
	// Answers is the session here that sent what this replies to, or zero.
	Answers wire.SessionID
	// Own says that this device sent it, and By for which session, or zero. A direct one is for Session; one in a topic for the
	// sessions that live. By never gets it.
	Own     bool
	By      wire.SessionID
	Content []byte // what a session gets; opaque here
	Size    int    // of the text in bytes, for Want.Bytes
}

// Traits are what a session's part of the messages depends on.
type Traits struct {
	Push   bool // pushes are of use to it
	Quiet  bool // it does not want to be disturbed: no pushes
	Active time.Time
}

// Queue holds the messages of one mesh for the sessions that show themselves in it, from their arrival until they are taken.
type Queue struct {
	mark     uint64
	order    []uint64 // numbers of messages, rising
	messages map[uint64]*message
	byID     map[wire.MessageID]uint64
	live     map[wire.SessionID]Traits
	receipts map[wire.MessageID]bool
	shown    map[way][]showing
	out      map[string][]byte // rows that Changed has not handed out
}

// message is what is known of a message beside its content. It goes when nothing is due any more.
type message struct {
	ID       wire.MessageID `json:"id"`
	From     wire.MemberID  `json:"from,omitzero"`
	Direct   bool           `json:"direct,omitempty"`
	Mention  bool           `json:"mention,omitempty"`
	Priority wire.Priority  `json:"priority"`
	Size     int            `json:"size"`
	Taken    bool           `json:"taken,omitempty"` // by one session at least
	Own      bool           `json:"own,omitempty"`
	By       wire.SessionID `json:"by,omitzero"` // never gets it
	Due      []due          `json:"due"`
}

// due is one handing-over that has not happened.
type due struct {
	For      wire.SessionID `json:"for,omitzero"`    // zero: whoever comes first
	Pushed   wire.SessionID `json:"pushed,omitzero"` // the last one that it was pushed to
	PushedAt int64          `json:"pushed_at,omitempty"`
	// Batch and Lent are the last batch that it was in and whose that was. It is lent until the time in until, which is not
	// kept: after a new start nothing is lent.
	Batch uint64         `json:"batch,omitempty"`
	Lent  wire.SessionID `json:"lent,omitzero"`
	until time.Time
}

// Load makes a Queue of what it kept. fresh says that it never kept anything: SetMark must tell it where to begin.
func Load(rows Rows) (q *Queue, fresh bool, err error) {
	q = &Queue{
		messages: map[uint64]*message{}, byID: map[wire.MessageID]uint64{}, live: map[wire.SessionID]Traits{},
		receipts: map[wire.MessageID]bool{}, shown: map[way][]showing{}, out: map[string][]byte{},
	}
	marks, err := rows.Scan(rowMark)
	if err != nil {
		return nil, false, err
	}
	for _, row := range marks {
		if q.mark, err = number(row.Value); err != nil {
			return nil, false, err
		}
	}
	kept, err := rows.Scan(rowMessage)
	if err != nil {
		return nil, false, err
	}
	for _, row := range kept {
		n, err := number(row.Key[1:])
		if err != nil {
			return nil, false, err
		}
		m := &message{}
		if err := json.Unmarshal(row.Value, m); err != nil {
			return nil, false, fmt.Errorf("read a message that is kept for agents: %w", err)
		}
		q.order, q.messages[n], q.byID[m.ID] = append(q.order, n), m, n
	}
	owed, err := rows.Scan(rowReceipt)
	if err != nil {
		return nil, false, err
	}
	for _, row := range owed {
		if len(row.Key) != 1+wire.ShortIDSize {
			return nil, false, fmt.Errorf("a kept row has a key of %d bytes", len(row.Key))
		}
		q.receipts[wire.MessageID(row.Key[1:])] = true
	}
	return q, len(marks) == 0, nil
}

func number(b []byte) (uint64, error) {
	if len(b) != 8 {
		return 0, fmt.Errorf("a kept row holds %d bytes instead of a number", len(b))
	}
	return binary.BigEndian.Uint64(b), nil
}

func key(kind byte, n uint64) []byte { return binary.BigEndian.AppendUint64([]byte{kind}, n) }

// ContentKey is the key of the row that holds an arrival's Content.
func ContentKey(n uint64) []byte { return key(rowContent, n) }

// Changed hands out the rows that changed since it was called last. They belong together.
func (q *Queue) Changed() []Row {
	rows := make([]Row, 0, len(q.out))
	for k, v := range q.out {
		rows = append(rows, Row{[]byte(k), v})
	}
	slices.SortFunc(rows, func(a, b Row) int { return bytes.Compare(a.Key, b.Key) })
	clear(q.out)
	return rows
}

// save notes that a message changed; one of which nothing is due any more goes.
func (q *Queue) save(n uint64) {
	m := q.messages[n]
	if len(m.Due) > 0 {
		value, err := json.Marshal(m)
		if err != nil {
			panic("agent: " + err.Error()) // ids and numbers always can be written
		}
		q.out[string(key(rowMessage, n))] = value
		return
	}
	delete(q.messages, n)
	delete(q.byID, m.ID)
	if i, found := slices.BinarySearch(q.order, n); found {
		q.order = slices.Delete(q.order, i, i+1)
	}
	q.out[string(key(rowMessage, n))], q.out[string(key(rowContent, n))] = nil, nil
}

// Mark is the number of the last arrival that the queue was given, or was told to pass over.
func (q *Queue) Mark() uint64 { return q.mark }

// SetMark says where the queue begins or goes on: arrivals up to n are known to it. It never moves back.
func (q *Queue) SetMark(n uint64) {
	q.mark = max(q.mark, n)
	q.out[string([]byte{rowMark})] = binary.BigEndian.AppendUint64(nil, q.mark)
}

// Arrive takes messages in, each for the sessions that live now. An arrival that is known already is passed over.
func (q *Queue) Arrive(arrivals []Arrival) {
	for i := range arrivals {
		a := &arrivals[i]
		if a.Number <= q.mark {
			continue
		}
		q.SetMark(a.Number)
		m := &message{ID: a.ID, From: a.From, Direct: a.Direct, Mention: a.Mention, Priority: a.Priority, Size: a.Size, Own: a.Own, By: a.By, Due: q.route(a)}
		if len(m.Due) == 0 {
			continue
		}
		if len(q.messages) >= MaxHeld {
			q.letGo()
		}
		q.order, q.messages[a.Number], q.byID[a.ID] = append(q.order, a.Number), m, a.Number
		q.out[string(key(rowContent, a.Number))] = append([]byte{}, a.Content...)
		q.save(a.Number)
	}
}

// letGo gives up the oldest message of the member that has the most here.
func (q *Queue) letGo() {
	count, most, oldest := map[wire.MemberID]int{}, 0, uint64(0)
	for _, m := range q.messages {
		count[m.From]++
	}
	for _, n := range q.order {
		if c := count[q.messages[n].From]; c > most {
			most, oldest = c, n
		}
	}
	q.messages[oldest].Due = nil
	q.save(oldest)
}

// route is to whom an arrival is due: none, where it is for a session of another machine, or an own one that is for no session here.
func (q *Queue) route(a *Arrival) []due {
	if a.Direct {
		switch {
		case a.Own && (a.Session.IsZero() || a.Session == a.By):
			return nil
		case q.Lives(a.Session):
			return []due{{For: a.Session}}
		case !a.Session.IsZero() && a.Elsewhere:
			return nil
		case a.Session.IsZero() && q.Lives(a.Answers):
			return []due{{For: a.Answers}}
		}
		return []due{{}}
	}
	var all []due
	for _, session := range q.sessions() {
		if !a.Own || session != a.By {
			all = append(all, due{For: session})
		}
	}
	if len(all) == 0 && !a.Own {
		return []due{{}}
	}
	return all
}

// sessions are the live ones in an order that does not change.
func (q *Queue) sessions() []wire.SessionID {
	ids := make([]wire.SessionID, 0, len(q.live))
	for id := range q.live {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b wire.SessionID) int { return bytes.Compare(a[:], b[:]) })
	return ids
}

// Lives reports whether a session is live here.
func (q *Queue) Lives(session wire.SessionID) bool {
	_, ok := q.live[session]
	return ok
}

// Begin makes a session live, or changes its traits.
func (q *Queue) Begin(session wire.SessionID, traits Traits) { q.live[session] = traits }

// End says that a session is gone: what was for it alone is for whoever comes, unless others got or get the same, or it is an own
// message of a topic.
func (q *Queue) End(session wire.SessionID) {
	delete(q.live, session)
	maps.DeleteFunc(q.shown, func(to way, _ []showing) bool { return to.to == session })
	q.Settle()
}

// Settle gives up what is due to sessions that do not live. It follows the Begins after Load.
func (q *Queue) Settle() {
	for _, n := range slices.Clone(q.order) {
		m, changed := q.messages[n], false
		for i := 0; i < len(m.Due); i++ {
			d := &m.Due[i]
			if !d.until.IsZero() && !q.Lives(d.Lent) {
				d.until = time.Time{}
			}
			if d.For.IsZero() || q.Lives(d.For) {
				continue
			}
			changed = true
			if !m.Direct && (m.Own || m.Taken || len(m.Due) > 1) {
				m.Due = slices.Delete(m.Due, i, i+1)
				i--
				continue
			}
			d.For = wire.SessionID{}
		}
		if changed {
			q.save(n)
		}
	}
}
