package main

import (
	"context"
	"errors"
	"sync"
	"time"
)

// plan is what peers there are to be and what each will send.
type plan struct {
	peers int
	// meshes over which the peers are spread, and how many peers are sessions of one member; 0 means 1. Only the relay knows these.
	meshes, sessions int
	size             int // of a message in bytes, before it is sealed
	// sends tells for each peer, in order, to which peer each of its messages goes, or everyone.
	sends [][]int
	// cursors: peers say how far they have stored what they received, as real ones do.
	cursors bool
	// stored: senders are told when a message is on the disk, and none is lost when its receiver is away.
	stored bool
}

// everyone is a topic that all peers read.
const everyone = -1

// peer is one connection of the load, and what it will send.
type peer struct {
	index int
	// dial opens the connection as this peer. It does not listen yet.
	dial func(context.Context) (*socket, error)
	// listen makes the peer receive, and have what it missed. It is made after dial.
	listen func() []byte
	ping   []byte // is answered with what parse shows as pong
	parse  func(message []byte, s *seen) error

	socket *socket
	source source
}

// seen is what one or more messages from the server said.
type seen struct {
	arrived []arrival
	stored  int // how many of the peer's messages are on the disk
	pong    bool
	reply   []byte // is to be sent at once
}

// arrival is one message: the peer that sent it, and its number among that peer's.
type arrival struct{ from, number int }

func (s *seen) clear() { *s = seen{arrived: s.arrived[:0], reply: s.reply[:0]} }

// outgoing is all that a peer sends, made beforehand, one message behind another as it goes over the wire.
type outgoing struct {
	bytes  []byte
	ends   []int
	framed bool // each is a WebSocket message of its own and has its header; else several share one
}

func (o *outgoing) end() { o.ends = append(o.ends, len(o.bytes)) }

func (o *outgoing) slice(from, to int) []byte {
	start := 0
	if from > 0 {
		start = o.ends[from-1]
	}
	return o.bytes[start:o.ends[to-1]]
}

// clock is what times are measured from.
var clock = time.Now()

func now() time.Duration { return time.Since(clock) }

// source sends a peer's messages as far as it is granted to. Its methods may be called from any goroutine.
type source struct {
	outgoing
	peer *peer

	mu     sync.Mutex
	next   int
	sentAt []time.Duration // by number; whoever received a message may read its entry
}

// grant sends n more messages, or as many as are left.
func (s *source) grant(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n = min(n, len(s.ends)-s.next)
	if n <= 0 {
		return nil
	}
	from := s.next
	s.next += n
	at := now()
	for i := from; i < s.next; i++ {
		s.sentAt[i] = at
	}
	if s.framed {
		return s.peer.socket.writeFramed(s.slice(from, s.next))
	}
	return s.peer.socket.write(s.slice(from, s.next))
}

// open connects the peer; where it is to listen, it does when open returns.
func (p *peer) open(ctx context.Context, listening bool) error {
	s, err := p.dial(ctx)
	if err != nil {
		return err
	}
	p.socket, p.source.peer = s, p
	p.source.sentAt = make([]time.Duration, len(p.source.ends))
	if listening {
		if err := s.write(p.listen()); err != nil {
			return err
		}
	}
	return p.settle(ctx)
}

var errEarly = errors.New("something arrived before anything was sent")

// settle reads what the server had to say up to now.
func (p *peer) settle(ctx context.Context) error {
	stop := context.AfterFunc(ctx, p.socket.close)
	defer stop()
	if err := p.socket.write(p.ping); err != nil {
		return err
	}
	var s seen
	for !s.pong {
		message, err := p.socket.read()
		if err != nil {
			return errors.Join(err, ctx.Err())
		}
		if err := p.parse(message, &s); err != nil {
			return err
		}
		if len(s.arrived) > 0 {
			return errEarly
		}
	}
	return p.answer(&s)
}

func (p *peer) answer(s *seen) error {
	if len(s.reply) == 0 {
		return nil
	}
	return p.socket.write(s.reply)
}
