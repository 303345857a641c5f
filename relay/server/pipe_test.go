package server

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// sockets gives the two ends of a connection over the kernel.
func sockets(t *testing.T) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}

// Everything that Write took arrives once and in order, whether the kernel took it at once or a goroutine wrote it later.
func TestPipeKeepsOrder(t *testing.T) {
	near, far := sockets(t)
	p := newPipe(near, 64<<20)
	var want bytes.Buffer
	for n := 0; want.Len() < 16<<20; n++ { // more than the kernel takes unread
		b := bytes.Repeat([]byte{byte(n)}, 1+n*7919%70_000)
		want.Write(b)
		if _, err := p.Write(b); err != nil {
			t.Fatal(err)
		}
		clear(b) // the pipe keeps no reference
	}
	if p.pending() == 0 {
		t.Fatal("the kernel took all of it, so this shows nothing")
	}
	got := make([]byte, want.Len())
	if _, err := io.ReadFull(far, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("what arrived is not what was written")
	}
	if err := p.settle(0); err != nil {
		t.Error(err)
	}
	if _, err := p.Write([]byte("after")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(far, got[:5]); err != nil || string(got[:5]) != "after" {
		t.Errorf("then %q (%v)", got[:5], err)
	}
}

func TestPipeIsBounded(t *testing.T) {
	near, _ := sockets(t)
	p := newPipe(near, 1<<20)
	defer p.Close()
	chunk := make([]byte, 256<<10)
	for range 1000 {
		if _, err := p.Write(chunk); err != nil {
			if !errors.Is(err, errSlowReader) {
				t.Errorf("refused with %v", err)
			}
			if got := p.pending(); got > 1<<20 {
				t.Errorf("%d bytes wait, want at most a MiB", got)
			}
			return
		}
	}
	t.Error("250 MiB were taken for a peer that reads nothing")
}

func TestPipeEndsWithItsConnection(t *testing.T) {
	near, far := sockets(t)
	p := newPipe(near, 64<<20)
	for p.pending() == 0 {
		if _, err := p.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	settled := make(chan error)
	go func() { settled <- p.settle(0) }()
	far.Close()
	if err := <-settled; err == nil {
		t.Error("settle says that a broken pipe took everything")
	}
	for {
		if _, err := p.Write([]byte("more")); err != nil {
			return
		}
	}
}

// A peer that takes nothing for a while is cut, though it is not over its bound.
func TestPipeStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		p := newPipe(near, 1<<20)
		if _, err := p.Write([]byte("unread")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(stallLimit + time.Second)
		if err := p.settle(0); !errors.Is(err, errSlowReader) {
			t.Errorf("settled with %v", err)
		}
		if _, err := far.Read(make([]byte, 1)); err == nil {
			t.Error("the connection is still open")
		}
	})
}

// On the way that nearly every write takes nothing is allocated and no goroutine started.
func TestPipeWritesWithoutAllocation(t *testing.T) {
	near, far := sockets(t)
	p := newPipe(near, 1<<20)
	frame, got := make([]byte, 512), make([]byte, 512)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := p.Write(frame); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(far, got); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations for a write", n)
	}
}

// A pipe gives what came before it was made and then what the peer sends, in order, and holds no buffer while it waits.
func TestPipeReads(t *testing.T) {
	near, far := sockets(t)
	p := newPipe(near, 1<<20)
	p.unread = []byte("early ")
	want := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	go func() { _, _ = far.Write(want) }()
	got := make([]byte, 0, len(want)+6)
	for n := 1; len(got) < cap(got); n = n*3%40_009 + 1 { // below and above what is lent
		read, err := p.Read(got[len(got):min(len(got)+n, cap(got))])
		if err != nil {
			t.Fatal(err)
		}
		got = got[:len(got)+read]
	}
	if !bytes.Equal(got, append([]byte("early "), want...)) {
		t.Error("what was read is not what was sent")
	}
	if p.lent != nil || p.unread != nil {
		t.Error("a pipe whose input was read holds a buffer")
	}
	if err := far.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Read(make([]byte, 10)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %d bytes, %v", n, err)
	}
}

// TestPipeAllocations: a pipe lends its buffers, and makes none for each read.
func TestPipeAllocations(t *testing.T) {
	near, far := sockets(t)
	p := newPipe(near, 1<<20)
	b := make([]byte, 100)
	n := testing.AllocsPerRun(1000, func() {
		if _, err := far.Write(b); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(p, b); err != nil {
			t.Fatal(err)
		}
	})
	if n >= 1 {
		t.Errorf("a read allocates %v times", n)
	}
}
