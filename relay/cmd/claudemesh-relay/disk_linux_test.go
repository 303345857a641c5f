package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// onDisk is the folder of a disk that may fail, for a test program that is the relay. What SQLite writes, cuts and syncs then
// goes through here.
const onDisk = "CLAUDEMESH_TEST_DISK"

// The words of the page that the test shares with its relay.
const (
	wordFault  = iota // which fault is armed
	wordPass          // how many writes and syncs pass before it strikes
	wordLeft          // how often it strikes
	wordStruck        // how often it did
	wordLies          // 1: a sync says that it was done, and was not
	words
)

type fault = uint32

// The faults.
const (
	noFault   fault = iota
	failWrite       // EIO, nothing written
	tearWrite       // EIO, a half written
	fillDisk        // ENOSPC, a half written
	failSync        // EIO, and what was written since the last sync never comes to the disk by itself
	failAny         // writes and syncs fail
	killNow         // SIGKILL, in the middle of a write or before a sync
)

// disk is SQLite's own VFS with faults, and with a record of what a power cut may undo: every write since the last sync
// of its file.
type disk struct {
	mu    sync.Mutex
	page  *[words]uint32
	undo  *os.File
	open  map[uintptr]string // names of the files, by SQLite's handle
	loose map[string]bool    // files with something that is not synced
	lost  bool               // a sync failed: the record is kept from then on
	real  struct {
		open     func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
		close    func(*libc.TLS, uintptr) int32
		read     func(*libc.TLS, uintptr, uintptr, int32, int64) int32
		write    func(*libc.TLS, uintptr, uintptr, int32, int64) int32
		truncate func(*libc.TLS, uintptr, int64) int32
		size     func(*libc.TLS, uintptr, uintptr) int32
	}
	methods map[uintptr]uintptr // ours, by those of the VFS
}

func init() {
	if folder := os.Getenv(onDisk); folder != "" && os.Getenv(asRelay) != "" {
		if err := mount(folder); err != nil {
			panic(err)
		}
	}
}

// share maps the page that the test writes and its relay reads.
func share(folder string) (*[words]uint32, error) {
	f, err := os.OpenFile(filepath.Join(folder, "page"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Truncate(4096); err != nil {
		return nil, err
	}
	b, err := syscall.Mmap(int(f.Fd()), 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return (*[words]uint32)(unsafe.Pointer(&b[0])), nil
}

// at is memory that belongs to SQLite.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// The methods of a file, as words of sqlite3_io_methods.
const (
	methodClose, methodRead, methodWrite, methodTruncate, methodSync, methodSize = 1, 2, 3, 4, 5, 6
	methodWords                                                                  = 19
)

func mount(folder string) (err error) {
	d := &disk{open: make(map[uintptr]string), loose: make(map[string]bool), methods: make(map[uintptr]uintptr)}
	if d.page, err = share(folder); err != nil {
		return err
	}
	if d.undo, err = os.OpenFile(filepath.Join(folder, "undo"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
		return err
	}
	tls := libc.NewTLS()
	vfs := at[sqlite3.Tsqlite3_vfs](sqlite3.Xsqlite3_vfs_find(tls, 0))
	d.real.open = *(*func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32)(unsafe.Pointer(&vfs.FxOpen))
	opened := d.opened
	vfs.FxOpen = *(*uintptr)(unsafe.Pointer(&opened))
	mounted = append(mounted, d, &opened)
	return nil
}

// mounted keeps what only SQLite points to.
var mounted []any

func (d *disk) opened(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	rc := d.real.open(tls, vfs, name, file, flags, out)
	methods := at[uintptr](file)
	if rc != sqlite3.SQLITE_OK || *methods == 0 || name == 0 {
		return rc
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open[file] = libc.GoString(name)
	*methods = d.ours(tls, *methods)
	return rc
}

// ours gives a copy of a VFS's methods with our own among them.
func (d *disk) ours(tls *libc.TLS, theirs uintptr) uintptr {
	if known := d.methods[theirs]; known != 0 {
		return known
	}
	ours := libc.Xmalloc(tls, methodWords*libc.Tsize_t(unsafe.Sizeof(theirs)))
	table := at[[methodWords]uintptr](ours)
	*table = *at[[methodWords]uintptr](theirs)
	r := &d.real
	r.close = *(*func(*libc.TLS, uintptr) int32)(unsafe.Pointer(&table[methodClose]))
	r.read = *(*func(*libc.TLS, uintptr, uintptr, int32, int64) int32)(unsafe.Pointer(&table[methodRead]))
	r.write = *(*func(*libc.TLS, uintptr, uintptr, int32, int64) int32)(unsafe.Pointer(&table[methodWrite]))
	r.truncate = *(*func(*libc.TLS, uintptr, int64) int32)(unsafe.Pointer(&table[methodTruncate]))
	r.size = *(*func(*libc.TLS, uintptr, uintptr) int32)(unsafe.Pointer(&table[methodSize]))
	closed, write, truncate, sync := d.closed, d.write, d.truncate, d.sync
	table[methodClose] = *(*uintptr)(unsafe.Pointer(&closed))
	table[methodWrite] = *(*uintptr)(unsafe.Pointer(&write))
	table[methodTruncate] = *(*uintptr)(unsafe.Pointer(&truncate))
	table[methodSync] = *(*uintptr)(unsafe.Pointer(&sync))
	mounted = append(mounted, &closed, &write, &truncate, &sync)
	d.methods[theirs] = ours
	d.methods[ours] = ours
	return ours
}

func (d *disk) closed(tls *libc.TLS, file uintptr) int32 {
	d.mu.Lock()
	delete(d.open, file)
	d.mu.Unlock()
	return d.real.close(tls, file)
}

// strikes reports which fault is to happen to a write or a sync now.
func (d *disk) strikes(isSync bool) fault {
	kind := atomic.LoadUint32(&d.page[wordFault])
	switch kind {
	case noFault:
		return noFault
	case failWrite, tearWrite, fillDisk:
		if isSync {
			return noFault
		}
	case failSync:
		if !isSync {
			return noFault
		}
	}
	if atomic.LoadUint32(&d.page[wordPass]) > 0 {
		atomic.AddUint32(&d.page[wordPass], ^uint32(0))
		return noFault
	}
	if atomic.LoadUint32(&d.page[wordLeft]) == 0 {
		return noFault
	}
	atomic.AddUint32(&d.page[wordLeft], ^uint32(0))
	atomic.AddUint32(&d.page[wordStruck], 1)
	return kind
}

func (d *disk) write(tls *libc.TLS, file, buffer uintptr, n int32, offset int64) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	struck := d.strikes(false)
	if struck == failWrite || struck == failAny {
		return sqlite3.SQLITE_IOERR_WRITE
	}
	if !d.remember(tls, file, undoWrite, offset, int64(n)) {
		return sqlite3.SQLITE_IOERR_WRITE
	}
	if struck == noFault {
		return d.real.write(tls, file, buffer, n, offset)
	}
	d.real.write(tls, file, buffer, n/2, offset)
	switch struck {
	case killNow:
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case fillDisk:
		return sqlite3.SQLITE_FULL
	}
	return sqlite3.SQLITE_IOERR_WRITE
}

func (d *disk) truncate(tls *libc.TLS, file uintptr, to int64) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if size := d.size(tls, file); size > to && !d.remember(tls, file, undoTruncate, to, size-to) {
		return sqlite3.SQLITE_IOERR_TRUNCATE
	}
	return d.real.truncate(tls, file, to)
}

// sync only notes that a file is synced: nobody cuts the power of the machine, and the test undoes what is not noted.
func (d *disk) sync(_ *libc.TLS, file uintptr, _ int32) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := d.open[file]
	switch d.strikes(true) {
	case killNow:
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case failSync, failAny:
		// Linux forgets that these pages were to be written: the next sync succeeds without them.
		d.lost = true
		if !d.note(record{kind: undoLost, name: name}, nil) {
			return sqlite3.SQLITE_IOERR
		}
		return sqlite3.SQLITE_IOERR_FSYNC
	}
	if atomic.LoadUint32(&d.page[wordLies]) != 0 {
		return sqlite3.SQLITE_OK
	}
	delete(d.loose, name)
	if len(d.loose) == 0 && !d.lost {
		if d.undo.Truncate(0) != nil {
			return sqlite3.SQLITE_IOERR_FSYNC
		}
		return sqlite3.SQLITE_OK
	}
	if !d.note(record{kind: undoSynced, name: name}, nil) {
		return sqlite3.SQLITE_IOERR_FSYNC
	}
	return sqlite3.SQLITE_OK
}

func (d *disk) size(tls *libc.TLS, file uintptr) (size int64) {
	place := libc.Xmalloc(tls, 8)
	defer libc.Xfree(tls, place)
	if d.real.size(tls, file, place) != sqlite3.SQLITE_OK {
		return 0
	}
	return *at[int64](place)
}

// remember notes what stands where something is about to be written or cut off.
func (d *disk) remember(tls *libc.TLS, file uintptr, kind byte, offset, n int64) bool {
	name := d.open[file]
	d.loose[name] = true
	size := d.size(tls, file)
	was := make([]byte, max(min(n, size-offset), 0))
	if len(was) > 0 {
		place := libc.Xmalloc(tls, libc.Tsize_t(len(was)))
		defer libc.Xfree(tls, place)
		if d.real.read(tls, file, place, int32(len(was)), offset) != sqlite3.SQLITE_OK {
			return false
		}
		copy(was, unsafe.Slice(at[byte](place), len(was)))
	}
	return d.note(record{kind, name, offset, n, size}, was)
}

// record is one line of what a power cut may undo.
type record struct {
	kind            byte
	name            string
	offset, n, size int64 // size is that of the file before
}

// The kinds of records.
const (
	undoWrite byte = 1 + iota
	undoTruncate
	undoSynced // what stands before is on the disk
	undoLost   // what stands before will not come to the disk, even when a later sync succeeds
)

// note appends `kind ‖ name length ‖ offset ‖ n ‖ size ‖ length ‖ name ‖ what was there`, in one write.
func (d *disk) note(r record, was []byte) bool {
	b := []byte{r.kind, byte(len(r.name) >> 8), byte(len(r.name))}
	for _, v := range []int64{r.offset, r.n, r.size, int64(len(was))} {
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	}
	b = append(append(b, r.name...), was...)
	_, err := d.undo.Write(b)
	return err == nil
}
