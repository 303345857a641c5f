package sqlite

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"claudemesh.com/mesh/relay/store"
)

// Sizes in SQLite's write-ahead log, in bytes (https://sqlite.org/fileformat2.html, section 4).
const (
	walHead   = 32
	frameHead = 24
)

// soundLog looks for damage in the write-ahead log of a database that no process has open. SQLite takes a frame that is not whole
// for the end of a log that a power cut tore, and forgets what follows without a word. But a commit is synced before the
// next one is begun, so that a power cut tears the last one alone: where a commit has a successor, and something at or
// before it is not whole, the disk lost what it had said to have. Then store.ErrDamaged is returned.
func soundLog(database string) error {
	file, err := os.Open(database + "-wal")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	w := logReader{file: bufio.NewReaderSize(file, 1<<20)}
	whole, err := w.head()
	torn := 0
	for n := 1; err == nil; n++ {
		var f frame
		if f, err = w.frame(whole || n > 1); err != nil {
			break
		}
		if !f.whole && torn == 0 {
			torn = n
		}
		if f.follows && (torn > 0 && torn < n || !whole) {
			return fmt.Errorf("%w: frame %d of its write-ahead log is not what was written, and commits follow it", store.ErrDamaged, torn)
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// logReader reads one generation of a write-ahead log.
type logReader struct {
	file  io.Reader
	order binary.ByteOrder // of the words that are summed up
	salt  [8]byte          // of this generation
	sum   [2]uint32        // as the last frame says
	ends  bool             // the last frame ends a commit
	buf   []byte           // of a frame
}

// frame is what a frame shows.
type frame struct {
	whole   bool // it is of this generation, and its sum continues that of the frame before
	follows bool // the same, and the frame before ends a commit
}

// head reads the header and reports whether it is whole. io.EOF: there is no log.
func (w *logReader) head() (whole bool, err error) {
	var head [walHead]byte
	if _, err := io.ReadFull(w.file, head[:]); err != nil {
		return false, err
	}
	w.order = binary.LittleEndian
	if head[3]&1 != 0 {
		w.order = binary.BigEndian
	}
	copy(w.salt[:], head[16:24])
	w.sum = readSum(head[24:])
	size := binary.BigEndian.Uint32(head[8:])
	whole = w.add([2]uint32{}, head[:24]) == w.sum
	if size < 512 || size > 65536 || size&(size-1) != 0 {
		whole, size = false, pageSize
	}
	w.buf = make([]byte, frameHead+size)
	return whole, nil
}

// pageSize is what SQLite gives a new database.
const pageSize = 4096

// frame reads the next frame. Where the salt of the generation is not known, it is that of this frame.
func (w *logReader) frame(salted bool) (f frame, err error) {
	if _, err := io.ReadFull(w.file, w.buf); err != nil {
		return f, err
	}
	if !salted {
		copy(w.salt[:], w.buf[8:16])
	}
	sum := readSum(w.buf[16:])
	f.whole = [8]byte(w.buf[8:16]) == w.salt && w.add(w.add(w.sum, w.buf[:8]), w.buf[frameHead:]) == sum
	f.follows = f.whole && w.ends
	w.sum, w.ends = sum, binary.BigEndian.Uint32(w.buf[4:]) != 0
	return f, nil
}

func readSum(b []byte) [2]uint32 {
	return [2]uint32{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
}

// add continues SQLite's sum of bytes.
func (w *logReader) add(sum [2]uint32, b []byte) [2]uint32 {
	for ; len(b) >= 8; b = b[8:] {
		sum[0] += w.order.Uint32(b) + sum[1]
		sum[1] += w.order.Uint32(b[4:]) + sum[0]
	}
	return sum
}
