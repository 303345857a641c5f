package websocket

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Source is where a Reader reads from.
type Source interface {
	// Window waits until something came and gives some of what was not taken yet. It is good until the next call of a method.
	Window() ([]byte, error)
	// Take passes over the first n bytes of the window.
	Take(n int)
	// Read takes bytes into b. For a large b it may be cheaper than Window.
	io.Reader
}

// Reader takes what a client sends apart. Errors of the source pass through; after any error but io.EOF of Read the connection is
// of no use. It keeps no bytes between calls. One goroutine uses it at a time.
type Reader struct {
	source  Source
	control func(op Op, payload []byte) error

	left int64 // bytes of the frame that were not read yet
	from int   // bytes of the frame that were, for the mask
	key  [4]byte
	more bool // the message goes on in another frame
	room [headSize]byte
}

// NewReader calls control for each control frame, with its payload as it is borrowed, while Next or Read run; what that returns
// ends them.
func NewReader(source Source, control func(op Op, payload []byte) error) *Reader {
	return &Reader{source: source, control: control}
}

// Next waits for a message, and tells whether it is text or binary. The message before must have been read to its end.
func (r *Reader) Next() (Op, error) {
	op, err := r.frame()
	if err != nil {
		return 0, err
	}
	if op == OpContinuation {
		return 0, fmt.Errorf("a message begins in its middle: %w", ErrProtocol)
	}
	return op, nil
}

// Read reads from the message, until io.EOF at its end.
func (r *Reader) Read(b []byte) (int, error) {
	for r.left == 0 {
		if !r.more {
			return 0, io.EOF
		}
		op, err := r.frame()
		if err != nil {
			return 0, err
		}
		if op != OpContinuation {
			return 0, fmt.Errorf("a message begins in the middle of another: %w", ErrProtocol)
		}
	}
	b = b[:min(int64(len(b)), r.left)]
	n := len(b)
	if n >= direct {
		var err error
		if n, err = r.source.Read(b); n == 0 && err != nil {
			return 0, cut(err)
		}
		unmask(b[:n], b[:n], r.key, r.from)
	} else {
		window, err := r.source.Window()
		if err != nil {
			return 0, cut(err)
		}
		n = min(n, len(window))
		unmask(b[:n], window[:n], r.key, r.from)
		r.source.Take(n)
	}
	r.left -= int64(n)
	r.from += n
	return n, nil
}

// direct is from how many bytes on reading past the source's window is worth it.
const direct = 16 << 10

// cut is an error in the middle of a message: its end is not the message's.
func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// frame reads heads until that of a data frame.
func (r *Reader) frame() (Op, error) {
	for {
		op, last, n, err := r.head()
		if err != nil {
			return 0, err
		}
		switch op {
		case OpClose, OpPing, OpPong:
			if !last || n > MaxControl {
				return 0, fmt.Errorf("a control frame is in parts or too long: %w", ErrProtocol)
			}
			payload := make([]byte, n)
			if _, err := io.ReadFull(r.source, payload); err != nil {
				return 0, cut(err)
			}
			unmask(payload, payload, r.key, 0)
			if err := r.control(op, payload); err != nil {
				return 0, err
			}
		case OpText, OpBinary, OpContinuation:
			r.left, r.from, r.more = n, 0, !last
			return op, nil
		default:
			return 0, fmt.Errorf("there are no frames of kind %d: %w", op, ErrProtocol)
		}
	}
}

// headSize is what a head holds in bytes: two, up to eight more for a length, and the mask.
const headSize = 2 + 8 + 4

// head reads the head of a frame, and its mask into key.
func (r *Reader) head() (op Op, last bool, n int64, err error) {
	h, err := r.source.Window()
	if err != nil {
		return 0, false, 0, err
	}
	lent := len(h) >= headSize
	if !lent {
		h = r.room[:]
		if _, err := io.ReadFull(r.source, h[:2]); err != nil {
			return 0, false, 0, err
		}
	}
	const reserved = 0x70
	if h[0]&reserved != 0 || h[1]&masked == 0 {
		return 0, false, 0, fmt.Errorf("a frame has reserved bits or no mask: %w", ErrProtocol)
	}
	op, last = Op(h[0]&0x0f), h[0]&final != 0
	short := h[1] &^ masked
	size := 2 + 4
	switch short {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if !lent {
		if _, err := io.ReadFull(r.source, h[2:size]); err != nil {
			return 0, false, 0, cut(err)
		}
	}
	copy(r.key[:], h[size-4:size])
	switch short {
	case 126:
		n = int64(binary.BigEndian.Uint16(h[2:]))
	case 127:
		long := binary.BigEndian.Uint64(h[2:])
		if long > 1<<62 {
			return 0, false, 0, fmt.Errorf("a frame of %d bytes: %w", long, ErrProtocol)
		}
		n = int64(long)
	default:
		n = int64(short)
	}
	if lent {
		r.source.Take(size)
	}
	return op, last, n, nil
}
