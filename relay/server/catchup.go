package server

import (
	"context"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// pageSize is about how many bytes one read of a stream takes from the store.
const pageSize = 256 << 10

// catchUp carries out an OutputRead: one page of a stream, from the store to the connection. It comes back to the mesh when
// the peer has taken most of what was written, so a slow one is read to at its own pace.
func (a *actor) catchUp(c *conn, o mesh.Output) {
	done := mesh.Event{Kind: mesh.EventReadDone, Conn: o.Conn, Tag: o.Tag, Last: o.After}
	frames, last, err := a.readPage(o)
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
	a.mail.put(item{read: &done})
}

func (a *actor) readPage(o mesh.Output) (frames []byte, last wire.Position, err error) {
	page, err := a.hub.store.Read(context.Background(), a.id, o.Stream, o.After, pageSize)
	if err != nil {
		return nil, 0, err
	}
	frames, err = mesh.AppendPage(nil, o.Stream, o.Device, &page)
	return frames, page.Last(o.After), err
}
