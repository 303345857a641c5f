package wire

import "time"

// Position is a place in a stream: generation << 28 | number, below 2^53; 0 is before everything (section 8).
type Position uint64

const (
	numberBits = 28
	// MaxPosition is the largest position.
	MaxPosition Position = 1<<53 - 1
	// MaxGeneration is the largest generation.
	MaxGeneration = 1<<25 - 1
)

// PositionOf makes a position; a number that does not fit raises the generation.
func PositionOf(generation uint32, number uint64) Position {
	return Position(uint64(generation)<<numberBits + number)
}

// Generation is the high part, raised at each start of a relay.
func (p Position) Generation() uint32 { return uint32(p >> numberBits) }

// Next is the position that follows last in the given generation: last + 1, or the first of the generation.
func Next(last Position, generation uint32) Position {
	if first := PositionOf(generation, 1); last < first {
		return first
	}
	return last + 1
}

// NextGeneration is max(old+1, minutes since 2026-01-01T00:00Z).
func NextGeneration(old uint32, now time.Time) uint32 {
	const start2026 = 1767225600
	minutes := max((now.Unix()-start2026)/60, 0)
	return uint32(min(max(int64(old)+1, minutes), MaxGeneration))
}

// StreamKind tells what a stream is the log of.
type StreamKind uint8

// The kinds of section 8.
const (
	StreamRoster StreamKind = 1 + iota
	StreamInbox
	StreamTopic
)

var streamWords = [...]string{"none", "roster", "inbox", "topic"}

func (k StreamKind) String() string {
	if int(k) < len(streamWords) {
		return streamWords[k]
	}
	return "unknown"
}

// Valid reports whether k is one of the three kinds.
func (k StreamKind) Valid() bool { return k >= StreamRoster && k <= StreamTopic }

// MarshalText writes the kind's word.
func (k StreamKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a kind's word.
func (k *StreamKind) UnmarshalText(text []byte) error {
	for kind := StreamRoster; kind <= StreamTopic; kind++ {
		if streamWords[kind] == string(text) {
			*k = kind
			return nil
		}
	}
	return Errorf(CodeMalformed, "%q is no stream: roster, inbox or topic", string(text))
}

// Stream names one log of a mesh: 33 bytes, kind and id.
type Stream struct {
	Kind StreamKind
	ID   [IDSize]byte
}

// StreamSize is the size of a stream's name on the wire, in bytes.
const StreamSize = 1 + IDSize

// RosterStream is the mesh's roster.
func RosterStream(mesh MeshID) Stream { return Stream{StreamRoster, mesh} }

// InboxStream is a member's inbox.
func InboxStream(member MemberID) Stream { return Stream{StreamInbox, member} }

// TopicStream is a topic's log.
func TopicStream(topic TopicID) Stream { return Stream{StreamTopic, topic} }

// AppendStream appends the stream's 33 bytes.
func AppendStream(b []byte, s Stream) []byte { return append(append(b, byte(s.Kind)), s.ID[:]...) }

// ReadStream reads 33 bytes; an unknown kind fails the reader.
func ReadStream(r *Reader) Stream {
	s := Stream{Kind: StreamKind(r.U8())}
	r.Fill(s.ID[:])
	if !s.Kind.Valid() {
		r.Fail()
	}
	return s
}

// ReadPosition reads a position; one of 2^53 or more fails the reader.
func ReadPosition(r *Reader) Position {
	p := Position(r.U64())
	if p > MaxPosition {
		r.Fail()
	}
	return p
}
