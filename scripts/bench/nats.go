package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
)

// natsDialect speaks NATS over a WebSocket. Peer i listens on the subject p.<i>; everyone's is p.all.
type natsDialect struct{}

// The subscriptions of a peer.
const (
	sidOwn   = "1"
	sidAll   = "2"
	sidAcks  = "3" // acknowledgements of what it published to the stream, and other answers
	sidStore = "4" // what it missed
)

const natsStreamName = "S"

func (natsDialect) prepare(ctx context.Context, server *process, p plan) (fleet, error) {
	if p.stored {
		if err := makeStream(ctx, server); err != nil {
			return nil, err
		}
	}
	f := make(fleet, p.peers)
	for i := range f {
		session := &natsSession{index: i}
		self := &peer{index: i, ping: []byte("PING\r\n"), parse: session.parse}
		self.dial = func(ctx context.Context) (*socket, error) {
			s, err := dialSocket(ctx, server.address, "/", "")
			if err != nil {
				return nil, err
			}
			hello := fmt.Sprintf(`CONNECT {"verbose":false,"pedantic":false,"lang":"go","version":"1","protocol":1,"headers":true,"no_responders":true}`+
				"\r\nSUB _A.%d %s\r\n", i, sidAcks)
			return s, s.write([]byte(hello))
		}
		self.listen = func() []byte { return session.listen(p) }
		payload := newPayload(p, i)
		out := &self.source.outgoing
		for number, to := range p.sendsOf(i) {
			subject := "p.all"
			if to != everyone {
				subject = "p." + strconv.Itoa(to)
			}
			if p.stored {
				subject += " _A." + strconv.Itoa(i)
			}
			out.bytes = fmt.Appendf(out.bytes, "PUB %s %d\r\n", subject, len(payload))
			out.bytes = append(out.bytes, payload.of(number)...)
			out.bytes = append(out.bytes, "\r\n"...)
			out.end()
		}
		f[i] = self
	}
	return f, nil
}

// makeStream makes the one stream that holds what is stored.
func makeStream(ctx context.Context, server *process) error {
	session := &natsSession{}
	s, err := dialSocket(ctx, server.address, "/", "")
	if err != nil {
		return err
	}
	defer s.close()
	stop := context.AfterFunc(ctx, s.close)
	defer stop()
	request := fmt.Sprintf(`{"name":%q,"subjects":["p.*"],"storage":"file","retention":"limits","discard":"old","num_replicas":1}`, natsStreamName)
	var b []byte
	b = fmt.Appendf(b, "CONNECT {\"verbose\":false}\r\nSUB _A.0 %s\r\n", sidAcks)
	b = appendRequest(b, "$JS.API.STREAM.CREATE."+natsStreamName, request)
	if err := s.write(b); err != nil {
		return err
	}
	for seen := (seen{}); seen.stored == 0; {
		message, err := s.read()
		if err == nil {
			err = session.parse(message, &seen)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// appendRequest asks the server's API; the answer goes to peer 0, which alone asks.
func appendRequest(b []byte, subject, request string) []byte {
	return fmt.Appendf(b, "PUB %s _A.0 %d\r\n%s\r\n", subject, len(request), request)
}

// natsSession reads what comes over one connection.
type natsSession struct {
	index int
	rest  []byte // of a line or message that is not complete
}

// listen subscribes. To have what it missed, a peer makes a consumer, whose rate its own answers hold.
func (n *natsSession) listen(p plan) []byte {
	if !p.stored {
		return fmt.Appendf(nil, "SUB p.%d %s\r\nSUB p.all %s\r\n", n.index, sidOwn, sidAll)
	}
	subject := fmt.Sprintf("_D.%d", n.index)
	b := fmt.Appendf(nil, "SUB %s %s\r\n", subject, sidStore)
	return appendRequest(b, "$JS.API.CONSUMER.CREATE."+natsStreamName, fmt.Sprintf(
		`{"stream_name":%q,"config":{"deliver_subject":%q,"filter_subject":"p.%d","deliver_policy":"all","ack_policy":"none","replay_policy":"instant","flow_control":true,"idle_heartbeat":5000000000}}`,
		natsStreamName, subject, n.index))
}

var errNATS = errors.New("the NATS server sent what is not understood")

func (n *natsSession) parse(message []byte, s *seen) error {
	b := message
	if len(n.rest) > 0 {
		n.rest = append(n.rest, message...)
		b = n.rest
	}
	for {
		size, err := n.one(b, s)
		if err != nil {
			return err
		}
		if size == 0 {
			n.rest = append(n.rest[:0], b...)
			return nil
		}
		b = b[size:]
	}
}

// one reads one operation and gives its size, or 0 where it is not complete.
func (n *natsSession) one(b []byte, s *seen) (int, error) {
	end := bytes.Index(b, []byte("\r\n"))
	if end < 0 {
		return 0, nil
	}
	line, size := b[:end], end+2
	switch {
	case bytes.HasPrefix(line, []byte("MSG ")), bytes.HasPrefix(line, []byte("HMSG ")):
		var fields [6][]byte
		words := split(line, fields[:0])
		if len(words) < 4 {
			return 0, errNATS
		}
		length, ok := decimal(words[len(words)-1])
		if !ok {
			return 0, errNATS
		}
		if len(b) < size+length+2 {
			return 0, nil
		}
		return size + length + 2, n.message(words, b[size:size+length], s)
	case bytes.Equal(line, []byte("PONG")):
		s.pong = true
	case bytes.Equal(line, []byte("PING")):
		s.reply = append(s.reply, "PONG\r\n"...)
	case bytes.HasPrefix(line, []byte("INFO ")), bytes.HasPrefix(line, []byte("+OK")):
	default:
		return 0, fmt.Errorf("%w: %s", errNATS, line)
	}
	return size, nil
}

// message is `MSG subject sid [reply] size`, or HMSG with the size of its headers before the other.
func (n *natsSession) message(words [][]byte, body []byte, s *seen) error {
	if string(words[0]) == "HMSG" {
		if len(words) == 6 { // flow control: the server goes on when it has this
			s.reply = fmt.Appendf(s.reply, "PUB %s 0\r\n\r\n", words[3])
		}
		return nil
	}
	if string(words[2]) != sidAcks {
		return parsePayload(body, s)
	}
	if bytes.Contains(body, []byte(`"error"`)) {
		return fmt.Errorf("the NATS server answers %s", body)
	}
	s.stored++
	return nil
}

// split is bytes.Fields into the caller's room.
func split(line []byte, into [][]byte) [][]byte {
	for len(line) > 0 && len(into) < cap(into) {
		word, rest, _ := bytes.Cut(line, []byte(" "))
		into, line = append(into, word), rest
	}
	return into
}

func decimal(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' || n > 1<<30 {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, len(b) > 0
}
