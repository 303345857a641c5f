package daemon

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"sync"

	"claudemesh.com/mesh/shared/wire"
)

// apiVersion is that of the requests and answers. A daemon that does not know a client's says CodeUnsupported, but for the
// operations of anyVersion, by which programs of different versions make room for each other.
const apiVersion = 1

// maxLine bounds one request or answer, in bytes: a batch of messages, each of wire.MaxMessage at most, as JSON.
const maxLine = 16 << 20

// The operations. A request is one line of JSON and gets one as its answer; opAttach gets pushes after it, until either side
// closes the connection. opTake and opHook may be followed by opConfirm or opReturn on the same connection: what was handed
// out on a connection that ends is handed out again.
const (
	opHello   = "hello"
	opAttach  = "attach"
	opDetach  = "detach" // on the connection of opAttach: the session ends
	opTake    = "take"
	opConfirm = "confirm"
	opSend    = "send"
	opMessage = "message"
	opPeers   = "peers"
	opChange  = "change"
	opHook    = "hook"
	opReport  = "report"
	opRescan  = "rescan"
	opRelease = "release"
	opStop    = "stop"
)

// anyVersion are the operations that mean the same in all versions.
var anyVersion = map[string]bool{opHello: true, opReport: true, opStop: true}

type request struct {
	API  int             `json:"api"`
	Op   string          `json:"op"`
	Body json.RawMessage `json:"body,omitempty"`
}

type answer struct {
	Body  json.RawMessage `json:"body,omitempty"`
	Error *wire.Error     `json:"error,omitempty"`
	Push  *Message        `json:"push,omitempty"`
}

// hello is the answer to opHello.
type hello struct {
	API     int    `json:"api"`
	Version string `json:"version"`
	PID     int    `json:"pid"`
}

// attached is the answer to opAttach.
type attached struct {
	Session wire.SessionID `json:"session_id"`
}

// messageAsked and messageFound are opMessage.
type (
	messageAsked struct {
		Caller
		ID string `json:"id"`
	}
	messageFound struct {
		ID      wire.MessageID `json:"id"`
		Sent    Sent           `json:"sent"`
		Message *Message       `json:"message"`
	}
)

// peersAsked is opPeers; the answer is a list of MeshPeers.
type peersAsked struct {
	Caller
	Mesh string `json:"mesh,omitempty"`
}

// released is opRelease: Folder is the name of a mesh's folder.
type released struct {
	Folder string `json:"folder"`
}

// lines is one connection: lines of JSON both ways. One goroutine reads; any may write.
type lines struct {
	conn   net.Conn
	reader *bufio.Reader
	mu     sync.Mutex
}

func newLines(conn net.Conn) *lines { return &lines{conn: conn, reader: bufio.NewReader(conn)} }

func (l *lines) write(v any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.writeHeld(v)
}

// writeHeld is write for who holds mu.
func (l *lines) writeHeld(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = l.conn.Write(append(text, '\n'))
	return err
}

var errLine = errors.New("a line on the local socket is too long")

func (l *lines) read(v any) error {
	var whole []byte
	for {
		part, err := l.reader.ReadSlice('\n')
		if len(whole)+len(part) > maxLine {
			return errLine
		}
		if err == nil && whole == nil {
			return json.Unmarshal(part, v)
		}
		whole = append(whole, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			if len(bytes.TrimSpace(whole)) > 0 && errors.Is(err, io.EOF) {
				return io.ErrUnexpectedEOF
			}
			return err
		}
		return json.Unmarshal(whole, v)
	}
}

func bodyOf(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic("daemon: " + err.Error()) // every v is a type of this package
	}
	return text
}
