package roster

import (
	"bytes"
	"slices"

	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/wire"
)

// Sizes in bytes of what a rotation carries (section 3.2).
const (
	// PreviousWrapSize: nonce ‖ secretbox(root key).
	PreviousWrapSize = wire.NonceSize + wire.BoxOverhead + wire.KeySize
	// WrapBoxSize: the domain, mesh, author and device ids, the epoch and the root key, boxed.
	WrapBoxSize = len("claudemesh/v1/rotation") + 1 + 3*wire.IDSize + 4 + wire.KeySize + wire.BoxOverhead

	wrapSize = wire.IDSize + wire.NonceSize + 2 + WrapBoxSize
)

// LastCounter is the highest counter of a device that anyone may still take: device id 32 ‖ counter u64.
type LastCounter struct {
	Device  wire.DeviceID
	Counter uint64 // at most wire.MaxCounter; 0 where the device sent nothing
}

// Wrap is the new root key for one device: device id 32 ‖ nonce 24 ‖ bytes16(box).
type Wrap struct {
	Device wire.DeviceID
	Nonce  [wire.NonceSize]byte
	Box    [WrapBoxSize]byte
}

// Rotation begins an epoch: commitment 32 ‖ bytes16(wrap of the previous root) ‖ count u16 ‖ count × wrap.
type Rotation struct {
	Commitment [wire.CommitmentSize]byte
	Previous   [PreviousWrapSize]byte
	Wraps      []Wrap // one for each device that remains, ascending
}

// DeviceRevoked takes devices from one member: last counters ‖ rotation.
type DeviceRevoked struct {
	Last     []LastCounter // the devices, ascending; at least one
	Rotation Rotation
}

// MemberRemoved takes a member with all its devices: member 32 ‖ last counters ‖ rotation.
type MemberRemoved struct {
	Member   wire.MemberID
	Last     []LastCounter // exactly the member's devices, ascending
	Rotation Rotation
}

// Leave is the author's member going by itself: last counters.
type Leave struct {
	Last []LastCounter // exactly the member's devices, ascending
}

func (r *Rotation) append(b []byte) []byte {
	b = append(b, r.Commitment[:]...)
	b = wire.AppendBytes16(b, r.Previous[:])
	b = wire.AppendU16(b, uint16(len(r.Wraps)))
	wraps := slices.Clone(r.Wraps)
	order.By(wraps, func(x, y Wrap) int { return compareDevices(x.Device, y.Device) })
	for _, w := range wraps {
		b = append(append(b, w.Device[:]...), w.Nonce[:]...)
		b = wire.AppendBytes16(b, w.Box[:])
	}
	return b
}

func (d *DeviceRevoked) append(b []byte) []byte { return d.Rotation.append(appendCounters(b, d.Last)) }

func (m *MemberRemoved) append(b []byte) []byte {
	return m.Rotation.append(appendCounters(append(b, m.Member[:]...), m.Last))
}

func (l *Leave) append(b []byte) []byte { return appendCounters(b, l.Last) }

func appendCounters(b []byte, last []LastCounter) []byte {
	b = wire.AppendU16(b, uint16(len(last)))
	last = slices.Clone(last)
	order.By(last, func(x, y LastCounter) int { return compareDevices(x.Device, y.Device) })
	for _, l := range last {
		b = wire.AppendU64(append(b, l.Device[:]...), l.Counter)
	}
	return b
}

func compareDevices(x, y wire.DeviceID) int { return bytes.Compare(x[:], y[:]) }

func compareInvites(x, y wire.InviteID) int { return bytes.Compare(x[:], y[:]) }

func readCounters(r *wire.Reader) []LastCounter {
	const size = wire.IDSize + 8
	records := readAscending(r, size)
	last := make([]LastCounter, len(records)/size)
	for n := range last {
		record := wire.NewReader(records[n*size : (n+1)*size])
		record.Fill(last[n].Device[:])
		last[n].Counter = record.U64()
		if last[n].Counter > wire.MaxCounter {
			r.Fail()
		}
	}
	return last
}

func readRotation(r *wire.Reader) Rotation {
	var rotation Rotation
	r.Fill(rotation.Commitment[:])
	readExactly16(r, rotation.Previous[:])
	records := readAscending(r, wrapSize)
	rotation.Wraps = make([]Wrap, len(records)/wrapSize)
	for n := range rotation.Wraps {
		record := wire.NewReader(records[n*wrapSize : (n+1)*wrapSize])
		w := &rotation.Wraps[n]
		record.Fill(w.Device[:])
		record.Fill(w.Nonce[:])
		readExactly16(&record, w.Box[:])
		if record.Failed() {
			r.Fail()
		}
	}
	return rotation
}

// readExactly16 fills dst from bytes16 of exactly its length.
func readExactly16(r *wire.Reader, dst []byte) {
	if int(r.U16()) != len(dst) {
		r.Fail()
	}
	r.Fill(dst)
}

// readAscending reads `count u16` and as many records of the size, at least one, strictly ascending by the id that opens
// each. It allocates nothing.
func readAscending(r *wire.Reader, size int) []byte {
	count := int(r.U16())
	records := r.Take(count * size)
	if count == 0 {
		r.Fail()
	}
	for i := size; i < len(records); i += size {
		if bytes.Compare(records[i-size:i-size+wire.IDSize], records[i:i+wire.IDSize]) >= 0 {
			r.Fail()
			return nil
		}
	}
	return records
}
