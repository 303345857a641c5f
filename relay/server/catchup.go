package server

import (
	"context"
	"sync"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// pageSize is about how many bytes one read of a stream takes from the store.
const pageSize = 256 << 10

// pages are lent for as long as a page is read and queued.
var pages = sync.Pool{New: func() any { return new([]byte) }}

// keepPage is the largest of them in bytes that is kept: a page of small envelopes is half as large again as what was read.
const keepPage = 2 * pageSize

// catchUp carries out an OutputRead: one page of a stream, from the store to the connection. It comes back to the mesh when
// the peer has taken most of what was written, so a slow one is read to at its own pace.
func (a *actor) catchUp(c *conn, o mesh.Output) {
	done := mesh.Event{Kind: mesh.EventReadDone, Conn: o.Conn, Tag: o.Tag, Last: o.After}
	page := pages.Get().(*[]byte)
	defer pages.Put(page)
	frames, last, err := a.readPage((*page)[:0], o)
	if cap(frames) <= keepPage {
		*page = frames
	}
	if err != nil {
		a.hub.log.Error("a stream could not be read", "mesh", a.id, "stream", o.Stream.Kind.String(), "error", err)
		done.Failed = true
	} else {
		done.Last = last
		c.queue(frames)
		c.flush()
		if c.pipe.settle(pageSize) != nil {
			return // the connection is gone, and its reader says so
		}
	}
	a.post(item{event: &done})
}

// readPage appends the frames of one page to b.
func (a *actor) readPage(b []byte, o mesh.Output) (frames []byte, last wire.Position, err error) {
	page, err := a.page(o)
	if err != nil {
		return b, 0, err
	}
	a.hub.meters.caughtUp.Add(len(page.Entries))
	frames, err = mesh.AppendPage(b, o.Stream, o.Device, &page)
	return frames, page.Last(o.After), err
}

// page reads what an output asks for.
func (a *actor) page(o mesh.Output) (mesh.Page, error) {
	began := time.Now()
	page, err := a.hub.store.Read(context.Background(), a.id, o.Stream, o.After, pageSize)
	a.hub.meters.reads.Add(1)
	a.hub.meters.readSeconds.Observe(time.Since(began).Seconds())
	if err != nil {
		a.hub.meters.readFailures.Add(1)
	}
	return page, err
}
