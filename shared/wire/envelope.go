package wire

import "bytes"

// Kind tells who an envelope is for (docs/PROTOCOL.md, section 5).
type Kind uint8

// The kinds of envelopes.
const (
	KindDirect Kind = 1
	KindTopic  Kind = 2
)

// Priority says how soon a recipient should look.
type Priority uint8

// The priorities.
const (
	PriorityLow Priority = iota
	PriorityNext
	PriorityNow
)

var priorityWords = [...]string{"low", "next", "now"}

func (p Priority) String() string {
	if int(p) < len(priorityWords) {
		return priorityWords[p]
	}
	return "unknown"
}

// ParsePriority reads a priority's word; the empty word is next.
func ParsePriority(word string) (Priority, error) {
	if word == "" {
		return PriorityNext, nil
	}
	for i, w := range priorityWords {
		if w == word {
			return Priority(i), nil
		}
	}
	return 0, Errorf(CodeMalformed, "%q is no priority: now, next or low", word)
}

// Sizes in bytes of an envelope's parts.
const (
	NonceSize      = 24
	KeySize        = 32
	BoxOverhead    = 16
	CommitmentSize = 32
	// StanzaBoxSize: the domain, two device ids, the key and the context hash, boxed.
	StanzaBoxSize = len("claudemesh/v1/stanza") + 1 + 4*IDSize + BoxOverhead
	StanzaSize    = IDSize + NonceSize + StanzaBoxSize
	headerFixed   = 1 + 1 + 1 + 1 + 4 + 8 + 8 + 2
)

// Header is the routable part of an envelope to be made:
//
//	suite u8 ‖ kind u8 ‖ priority u8 ‖ flags u8 ‖ epoch u32 ‖ counter u64 ‖ expires_unix u64 ‖ count u16 ‖ count × recipient 32
type Header struct {
	Kind     Kind
	Priority Priority
	Epoch    uint32
	Counter  uint64
	// Expires is in seconds since 1970; 0 means never.
	Expires uint64
	// Recipients are member ids, strictly ascending (direct), or the topic's id alone.
	Recipients [][IDSize]byte
}

// AppendHeader appends the header's bytes.
func AppendHeader(b []byte, h Header) []byte {
	b = append(b, Suite, byte(h.Kind), byte(h.Priority), 0)
	b = AppendU32(b, h.Epoch)
	b = AppendU64(b, h.Counter)
	b = AppendU64(b, h.Expires)
	b = AppendU16(b, uint16(len(h.Recipients)))
	for i := range h.Recipients {
		b = append(b, h.Recipients[i][:]...)
	}
	return b
}

// Stanza is the key of an envelope, boxed to one device: device 32 ‖ nonce 24 ‖ box.
type Stanza struct {
	Device DeviceID
	Nonce  [NonceSize]byte
	Box    [StanzaBoxSize]byte
}

// AppendEnvelope appends header ‖ [commitment] ‖ nonce ‖ stanza count u16 ‖ stanzas ‖ bytes32(ciphertext). The commitment is
// written for KindDirect only.
func AppendEnvelope(b []byte, header []byte, commitment *[CommitmentSize]byte, nonce *[NonceSize]byte, stanzas []Stanza, ciphertext []byte) []byte {
	b = append(b, header...)
	if commitment != nil {
		b = append(b, commitment[:]...)
	}
	b = append(b, nonce[:]...)
	b = AppendU16(b, uint16(len(stanzas)))
	for i := range stanzas {
		b = append(b, stanzas[i].Device[:]...)
		b = append(b, stanzas[i].Nonce[:]...)
		b = append(b, stanzas[i].Box[:]...)
	}
	return AppendBytes32(b, ciphertext)
}

// Envelope is a parsed view of an envelope. Its slices alias the buffer it was parsed from.
type Envelope struct {
	Kind     Kind
	Priority Priority
	Epoch    uint32
	Counter  uint64
	Expires  uint64

	// Header, Commitment (nil for a topic), Nonce and Ciphertext are the bytes of those parts.
	Header     []byte
	Commitment []byte
	Nonce      []byte
	Ciphertext []byte

	recipients []byte
	stanzas    []byte
	raw        []byte
}

// ParseEnvelope reads exactly one envelope, checking every bound and order of section 5. It does not allocate.
func ParseEnvelope(b []byte) (Envelope, error) {
	var e Envelope
	if len(b) > MaxEnvelope {
		return e, Errorf(CodeTooLarge, "an envelope holds at most %d bytes, this one %d", MaxEnvelope, len(b))
	}
	r := NewReader(b)
	suite := r.U8()
	e.Kind, e.Priority = Kind(r.U8()), Priority(r.U8())
	flags := r.U8()
	e.Epoch, e.Counter, e.Expires = r.U32(), r.U64(), r.U64()
	count := int(r.U16())
	if r.Failed() {
		return Envelope{}, errEnvelope
	}
	if suite != Suite {
		return Envelope{}, errSuite
	}
	if e.Kind != KindDirect && e.Kind != KindTopic || e.Priority > PriorityNow || flags != 0 || e.Counter == 0 || e.Counter > MaxCounter || e.Epoch == 0 {
		return Envelope{}, errEnvelope
	}
	if count == 0 || count > MaxRecipients || e.Kind == KindTopic && count != 1 {
		return Envelope{}, errRecipients
	}
	e.recipients = r.Take(count * IDSize)
	if !ascending(e.recipients, IDSize) {
		return Envelope{}, errRecipients
	}
	if len(b)*count > MaxFanOutBytes {
		return Envelope{}, errFanOut
	}
	e.Header = b[:headerFixed+len(e.recipients)]
	if e.Kind == KindDirect {
		e.Commitment = r.Take(CommitmentSize)
	}
	e.Nonce = r.Take(NonceSize)
	n := int(r.U16())
	if e.Kind == KindTopic && n != 0 {
		return Envelope{}, errStanzas
	}
	e.stanzas = r.Take(n * StanzaSize)
	if r.Failed() || !ascending(e.stanzas, StanzaSize) {
		return Envelope{}, errStanzas
	}
	e.Ciphertext = r.Bytes32(MaxEnvelope)
	if r.Failed() || r.Left() != 0 {
		return Envelope{}, errEnvelope
	}
	e.raw = b
	return e, nil
}

var (
	errEnvelope   = Errorf(CodeMalformed, "an envelope is cut short, too long or has a field out of range")
	errSuite      = Errorf(CodeUnsupported, "an envelope has a suite that this version does not know")
	errRecipients = Errorf(CodeMalformed, "an envelope names 1 to %d recipients, ascending; to a topic exactly one", MaxRecipients)
	errStanzas    = Errorf(CodeMalformed, "an envelope's stanzas are cut short, out of order, or in an envelope to a topic")
	errFanOut     = Errorf(CodeTooLarge, "an envelope times its recipients is over %d bytes", MaxFanOutBytes)
)

// ascending reports whether the first IDSize bytes of each record strictly rise.
func ascending(b []byte, size int) bool {
	for i := size; i < len(b); i += size {
		if bytes.Compare(b[i-size:i-size+IDSize], b[i:i+IDSize]) >= 0 {
			return false
		}
	}
	return true
}

// Recipients is the number of recipients.
func (e *Envelope) Recipients() int { return len(e.recipients) / IDSize }

// Recipient is the i-th recipient: a member id, or the topic's.
func (e *Envelope) Recipient(i int) [IDSize]byte {
	return [IDSize]byte(e.recipients[i*IDSize : (i+1)*IDSize])
}

// Topic is the topic's id of a KindTopic envelope.
func (e *Envelope) Topic() TopicID { return TopicID(e.Recipient(0)) }

// Stanzas is the number of stanzas.
func (e *Envelope) Stanzas() int { return len(e.stanzas) / StanzaSize }

// StanzaDevice is the device of the i-th stanza.
func (e *Envelope) StanzaDevice(i int) DeviceID {
	return DeviceID(e.stanzas[i*StanzaSize : i*StanzaSize+IDSize])
}

// RawStanza is the i-th stanza: device ‖ nonce ‖ box.
func (e *Envelope) RawStanza(i int) []byte { return e.stanzas[i*StanzaSize : (i+1)*StanzaSize] }

// StanzaFor is the nonce and box for a device, or false. It searches by halves.
func (e *Envelope) StanzaFor(device DeviceID) (nonce, box []byte, ok bool) {
	low, high := 0, e.Stanzas()
	for low < high {
		mid := (low + high) / 2
		raw := e.RawStanza(mid)
		switch c := bytes.Compare(raw[:IDSize], device[:]); {
		case c == 0:
			return raw[IDSize : IDSize+NonceSize], raw[IDSize+NonceSize:], true
		case c < 0:
			low = mid + 1
		default:
			high = mid
		}
	}
	return nil, nil, false
}

// AppendFiltered appends the envelope with only the stanzas of devices that keep accepts. What a recipient is handed, and
// what its stream stores, is made so.
func (e *Envelope) AppendFiltered(b []byte, keep func(DeviceID) bool) []byte {
	if e.Stanzas() == 1 && keep(e.StanzaDevice(0)) {
		return append(b, e.raw...)
	}
	b = append(b, e.Header...)
	b = append(b, e.Commitment...)
	b = append(b, e.Nonce...)
	at, kept := len(b), 0
	b = AppendU16(b, 0)
	for i := range e.Stanzas() {
		if keep(e.StanzaDevice(i)) {
			b = append(b, e.RawStanza(i)...)
			kept++
		}
	}
	b[at], b[at+1] = byte(kept>>8), byte(kept)
	return AppendBytes32(b, e.Ciphertext)
}

// AppendForDevice appends the envelope with the device's own stanza, or none. It does not allocate.
func (e *Envelope) AppendForDevice(b []byte, device DeviceID) []byte {
	if e.Stanzas() == 1 && e.StanzaDevice(0) == device {
		return append(b, e.raw...)
	}
	b = append(b, e.Header...)
	b = append(b, e.Commitment...)
	b = append(b, e.Nonce...)
	if nonce, box, ok := e.StanzaFor(device); ok {
		b = AppendU16(b, 1)
		b = append(b, device[:]...)
		b = append(b, nonce...)
		b = append(b, box...)
	} else {
		b = AppendU16(b, 0)
	}
	return AppendBytes32(b, e.Ciphertext)
}
