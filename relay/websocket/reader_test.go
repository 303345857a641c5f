package websocket

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
)

// windows is a source that gives what it holds in windows of a size.
type windows struct {
	left []byte
	size int
}

func (w *windows) Window() ([]byte, error) {
	if len(w.left) == 0 {
		return nil, io.EOF
	}
	return w.left[:min(w.size, len(w.left))], nil
}

func (w *windows) Take(n int) { w.left = w.left[n:] }

func (w *windows) Read(b []byte) (int, error) {
	window, err := w.Window()
	n := copy(b, window)
	w.Take(n)
	return n, err
}

var key = [4]byte{0x12, 0x34, 0x56, 0x78}

// appendFrame appends a frame as a client sends it. first is its first byte: the kind and the bits beside it.
func appendFrame(b []byte, first byte, payload []byte) []byte {
	b = append(b, first)
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	b = append(b, key[:]...)
	for i, v := range payload {
		b = append(b, v^key[i%4])
	}
	return b
}

// heard is everything that a reader makes of some bytes, and what ended it.
func heard(b []byte, window, buffer int) (list []string, err error) {
	r := NewReader(&windows{bytes.Clone(b), window}, func(op Op, payload []byte) error {
		list = append(list, fmt.Sprintf("%d %x", op, payload))
		if op == OpClose {
			return errParted
		}
		return nil
	})
	for {
		op, err := r.Next()
		if err != nil {
			return list, err
		}
		var message []byte
		room := make([]byte, buffer)
		for {
			n, err := r.Read(room)
			message = append(message, room[:n]...)
			if err == io.EOF {
				break
			}
			if err != nil {
				return list, err
			}
		}
		list = append(list, fmt.Sprintf("%d %x", op, message))
	}
}

var errParted = errors.New("parted")

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

// What a client sends is the same however the network cuts it and however it is asked for: in parts, with control frames between
// them, of every size of head.
func TestReaderCuts(t *testing.T) {
	var b []byte
	var want []string
	message := func(op Op, payload []byte) { want = append(want, fmt.Sprintf("%d %x", op, payload)) }
	for _, n := range []int{0, 1, 125, 126, 300, 1<<16 - 1, 1 << 16, 3 * direct} {
		b = appendFrame(b, 0x82, pattern(n))
		message(OpBinary, pattern(n))
	}
	b = appendFrame(b, 0x01, []byte("in "))
	b = appendFrame(b, 0x89, []byte("ping"))
	b = appendFrame(b, 0x00, nil)
	b = appendFrame(b, 0x8a, nil)
	b = appendFrame(b, 0x80, []byte("parts"))
	message(OpPing, []byte("ping"))
	message(OpPong, nil)
	message(OpText, []byte("in parts"))
	b = appendFrame(b, 0x88, []byte{0x03, 0xe8})
	message(OpClose, []byte{0x03, 0xe8})
	for _, window := range []int{1, 2, 5, 13, 14, 15, 1000, 1 << 20} {
		for _, buffer := range []int{1, 7, 1000, direct, 1 << 20} {
			if buffer == 1 && window > 2 {
				continue
			}
			got, err := heard(b, window, buffer)
			if !slices.Equal(got, want) || err != errParted {
				t.Errorf("windows of %d, buffers of %d: %d of %d messages, ended with %v", window, buffer, len(got), len(want), err)
			}
		}
	}
}

func TestReaderRefuses(t *testing.T) {
	whole := appendFrame(nil, 0x82, []byte("whole"))
	huge := binary.BigEndian.AppendUint64([]byte{0x82, 0x80 | 127}, 1<<63)
	for name, c := range map[string]struct {
		sent []byte
		want error
	}{
		"nothing":                        {nil, io.EOF},
		"the end behind a message":       {whole, io.EOF},
		"the end in a head":              {whole[:3], io.ErrUnexpectedEOF},
		"the end in a payload":           {whole[:len(whole)-1], io.ErrUnexpectedEOF},
		"no mask":                        {[]byte{0x82, 1, 'x'}, ErrProtocol},
		"reserved bits":                  {appendFrame(nil, 0xc2, nil), ErrProtocol},
		"an unknown kind":                {appendFrame(nil, 0x83, nil), ErrProtocol},
		"an unknown control frame":       {appendFrame(nil, 0x8b, nil), ErrProtocol},
		"a part of nothing":              {appendFrame(nil, 0x80, nil), ErrProtocol},
		"a message in another":           {appendFrame(appendFrame(nil, 0x02, []byte("x")), 0x82, nil), ErrProtocol},
		"a control frame in parts":       {appendFrame(nil, 0x09, nil), ErrProtocol},
		"a control frame of 126 bytes":   {appendFrame(nil, 0x89, make([]byte, 126)), ErrProtocol},
		"a length beyond all":            {append(huge, key[:]...), ErrProtocol},
		"the end between parts":          {appendFrame(nil, 0x02, []byte("x")), io.EOF},
		"the end in a control frame":     {appendFrame(nil, 0x89, []byte("ping"))[:8], io.ErrUnexpectedEOF},
		"a length of eight bytes, cut":   {huge[:6], io.ErrUnexpectedEOF},
		"what the control function says": {appendFrame(nil, 0x88, nil), errParted},
	} {
		for _, window := range []int{1, 1 << 10} {
			if _, err := heard(c.sent, window, 100); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
	}
}

// Whatever comes, a reader neither breaks nor depends on how it was cut.
func FuzzReader(f *testing.F) {
	f.Add(appendFrame(appendFrame(appendFrame(nil, 0x02, []byte("a")), 0x89, []byte("b")), 0x80, []byte("c")))
	f.Add(appendFrame(nil, 0x82, pattern(200)))
	f.Add(appendFrame(nil, 0x88, []byte{3, 0xe8, 'b', 'y', 'e'}))
	f.Add([]byte{0x82, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		want, wanted := heard(b, len(b)+1, 1000)
		for _, window := range []int{1, 3} {
			got, err := heard(b, window, 7)
			if !slices.Equal(got, want) || fmt.Sprint(err) != fmt.Sprint(wanted) {
				t.Errorf("windows of %d: %q and %v, want %q and %v", window, got, err, want, wanted)
			}
		}
	})
}

func TestUnmask(t *testing.T) {
	for _, n := range []int{0, 1, 3, 64, 65, 1023, 1024, 1025, 5000} {
		for from := range 5 {
			src := pattern(n)
			want := make([]byte, n)
			for i := range want {
				want[i] = src[i] ^ key[(from+i)%4]
			}
			apart := make([]byte, n)
			unmask(apart, src, key, from)
			unmask(src, src, key, from)
			if !bytes.Equal(apart, want) || !bytes.Equal(src, want) {
				t.Errorf("%d bytes behind %d: wrong", n, from)
			}
		}
	}
}

// Messages cost no allocation.
func TestReaderAllocations(t *testing.T) {
	b := appendFrame(appendFrame(nil, 0x02, pattern(2000)), 0x80, pattern(200))
	source := &windows{size: 16 << 10}
	r := NewReader(source, nil)
	room := make([]byte, 4<<10)
	if n := testing.AllocsPerRun(100, func() {
		source.left = b
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := r.Read(room); err == io.EOF {
				return
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}); n > 0 {
		t.Errorf("%v allocations for a message", n)
	}
}
