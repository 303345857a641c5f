package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
)

// testDisk is the test's side of a disk: it arms faults, and cuts the power.
type testDisk struct {
	folder string
	page   *[words]uint32
}

// onTestDisk gives a process that is not started yet a disk that may fail.
func onTestDisk(t *testing.T, p *process) *testDisk {
	t.Helper()
	d := &testDisk{folder: t.TempDir()}
	var err error
	if d.page, err = share(d.folder); err != nil {
		t.Fatal(err)
	}
	p.Program.Env = append(p.Program.Env, onDisk+"="+d.folder)
	return d
}

// arm has a fault strike so often, after a number of writes and syncs.
func (d *testDisk) arm(kind fault, pass, times uint32) {
	atomic.StoreUint32(&d.page[wordFault], noFault)
	atomic.StoreUint32(&d.page[wordPass], pass)
	atomic.StoreUint32(&d.page[wordLeft], times)
	atomic.StoreUint32(&d.page[wordFault], kind)
}

func (d *testDisk) heal() { atomic.StoreUint32(&d.page[wordFault], noFault) }

// struck is how often faults did.
func (d *testDisk) struck() uint32 { return atomic.LoadUint32(&d.page[wordStruck]) }

// lie has every sync say that it was done, as a relay that commits without one would.
func (d *testDisk) lie() { atomic.StoreUint32(&d.page[wordLies], 1) }

// sector is what a disk writes at once.
const sector = 512

// kept forgets what could be undone: the relay's process ended, and the power did not.
func (d *testDisk) kept(t *testing.T) {
	t.Helper()
	if err := os.Truncate(filepath.Join(d.folder, "undo"), 0); err != nil {
		t.Fatal(err)
	}
}

// cut is a power cut after the process ended: of what was written and not synced, any part comes to be lost, in any order. It
// gives what it did, for people.
func (d *testDisk) cut(t *testing.T, random *rand.Rand) string {
	t.Helper()
	return d.cutTo(t, random, func() int { return random.IntN(len(losses)) })
}

// cutTo is cut where each file loses what is said.
func (d *testDisk) cutTo(t *testing.T, random *rand.Rand, what func() int) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(d.folder, "undo"))
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]*looseFile)
	var names []string
	for len(text) > 0 {
		r, was, rest := readRecord(text)
		if r == nil {
			break // killed while it noted this: then it did not do it
		}
		f := files[r.name]
		if f == nil {
			f = &looseFile{name: r.name}
			files[r.name] = f
			names = append(names, r.name)
		}
		f.add(r, was)
		text = rest
	}
	slices.Sort(names)
	var did bytes.Buffer
	for _, name := range names {
		how := what()
		if err := files[name].lose(random, how); err != nil {
			t.Fatal(err)
		}
		did.WriteString(filepath.Base(name) + " " + losses[how] + "; ")
	}
	d.kept(t)
	return did.String()
}

func readRecord(b []byte) (*record, []byte, []byte) {
	const head = 3 + 4*8
	if len(b) < head {
		return nil, nil, nil
	}
	r := &record{kind: b[0]}
	nameLength := int(b[1])<<8 | int(b[2])
	var wasLength int64
	for i, field := range []*int64{&r.offset, &r.n, &r.size, &wasLength} {
		*field = int64(binary.BigEndian.Uint64(b[3+8*i:]))
	}
	end := head + nameLength + int(wasLength)
	if len(b) < end {
		return nil, nil, nil
	}
	r.name = string(b[head : head+nameLength])
	return r, b[head+nameLength : end], b[end:]
}

// looseFile is a file with what a power cut may undo.
type looseFile struct {
	name    string
	pending []change // since the last sync
	lost    []change // under a sync that failed, and not written since
}

type change struct {
	*record
	was []byte
}

func (f *looseFile) add(r *record, was []byte) {
	switch r.kind {
	case undoSynced:
		f.pending = nil
	case undoLost:
		f.lost = append(f.lost, f.pending...)
		f.pending = nil
	default:
		// What is written again comes to the disk with its next sync.
		f.lost = slices.DeleteFunc(f.lost, func(c change) bool {
			return c.offset/sector <= (r.offset+r.n-1)/sector && r.offset/sector <= (c.offset+c.n-1)/sector
		})
		f.pending = append(f.pending, change{r, was})
	}
}

// The ways in which a file loses what was not synced.
const (
	lostNothing = iota
	lostAll
	lostEnd
	lostSectors
	lostZeros // sectors; where the file grew they are zeros
)

var losses = []string{"lost nothing", "lost everything", "lost the end", "lost sectors", "lost sectors to zeros"}

func (f *looseFile) lose(random *rand.Rand, how int) error {
	file, err := os.OpenFile(f.name, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted since
	}
	if err != nil {
		return err
	}
	from := random.IntN(len(f.pending) + 1) // for the lost end: whole writes from here on, and one that is torn
	for i, c := range slices.Backward(f.pending) {
		torn := c.offset + random.Int64N(c.n+1)
		if err := c.revert(file, how != lostZeros, func(at int64) bool {
			switch how {
			case lostNothing:
				return false
			case lostAll:
				return true
			case lostEnd:
				return i > from || i == from && at >= torn
			}
			return random.IntN(2) == 0
		}); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	for _, c := range slices.Backward(f.lost) {
		if err := c.revert(file, false, func(int64) bool { return true }); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	return file.Close()
}

// revert puts back what was there before, sector by sector. Where a file grew and its end is lost, it is as short as before;
// or only its new size came to the disk, and there are zeros.
func (c change) revert(file *os.File, short bool, loses func(at int64) bool) error {
	end, lost := c.offset+c.n, false
	for at := c.offset; at < end; {
		next := min((at/sector+1)*sector, end)
		if lost = loses(at); lost {
			was := make([]byte, next-at)
			if from := at - c.offset; from < int64(len(c.was)) {
				copy(was, c.was[from:])
			}
			if _, err := file.WriteAt(was, at); err != nil {
				return err
			}
		}
		at = next
	}
	if !lost || !short || c.kind != undoWrite || end <= c.size {
		return nil
	}
	info, err := file.Stat()
	if err == nil && info.Size() == end {
		err = file.Truncate(max(c.size, c.offset))
	}
	return err
}
