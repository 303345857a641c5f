package mcp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	// maxLine is the longest line that is read, in bytes: the longest text of a message with each byte escaped, and its envelope.
	maxLine = 4 << 20
	// maxBatch is how many messages one line may hold.
	maxBatch = 64
	// lastAnswers is how long calls that were begun may take once the input has ended.
	lastAnswers = 10 * time.Second
)

// stdio is the SDK's transport over lines of JSON. Beside the SDK's own it answers what it cannot read and goes on, refuses
// the revision in which nothing can be pushed, sends notifications that the SDK has no name for, and tells when a result has
// been written.
type stdio struct {
	reader *bufio.Reader
	// written is called with a batch once the result that carries it was written, and not when its call was cancelled.
	written func(batch uint64)

	pending []jsonrpc.Message // of a line with several, read by Read alone
	lines   chan lineRead
	done    chan struct{} // closed by Close

	// A client that does not read its answers is read from nevertheless: it may cancel. So the two are never held together.
	writing sync.Mutex // of writer
	writer  io.Writer
	mu      sync.Mutex // of what follows
	calls   map[jsonrpc.ID]*inFlight
	owed    int        // calls whose answer was not written
	idle    *sync.Cond // nothing is owed, or closed
	closed  bool
}

type lineRead struct {
	line []byte
	err  error
}

// inFlight is a call that was not answered yet.
type inFlight struct {
	cancelled bool
	group     *group // nil: it came alone
}

// errLong is a line that is too long, of which nothing is kept.
var errLong = errors.New("the line is too long")

func newStdio(r io.Reader, w io.Writer, written func(batch uint64)) *stdio {
	s := &stdio{
		reader: bufio.NewReaderSize(r, 64<<10), writer: w, written: written,
		calls: map[jsonrpc.ID]*inFlight{}, done: make(chan struct{}), lines: make(chan lineRead),
	}
	s.idle = sync.NewCond(&s.mu)
	return s
}

// Connect implements sdk.Transport.
func (s *stdio) Connect(context.Context) (sdk.Connection, error) {
	go s.readLines()
	return s, nil
}

// readLines reads on its own, because a read of standard input cannot be interrupted.
func (s *stdio) readLines() {
	for {
		line, err := s.readLine()
		select {
		case s.lines <- lineRead{line, err}:
		case <-s.done:
			return
		}
		if err != nil && !errors.Is(err, errLong) {
			return
		}
	}
}

// readLine reads a line without its end. At the end of the input, what stands there counts as one.
func (s *stdio) readLine() (line []byte, err error) {
	long := false
	for {
		piece, err := s.reader.ReadSlice('\n')
		if long = long || len(line)+len(piece) > maxLine; long {
			line = nil
		} else {
			line = append(line, piece...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && (!errors.Is(err, io.EOF) || len(line) == 0 && !long):
			return nil, err
		case long:
			return nil, errLong
		}
		return bytes.TrimSpace(line), nil
	}
}

// Read implements sdk.Connection. Its end is the end of the input, once the calls that were begun are answered.
func (s *stdio) Read(ctx context.Context) (jsonrpc.Message, error) {
	for {
		if len(s.pending) > 0 {
			message := s.pending[0]
			s.pending = s.pending[1:]
			return message, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.done:
			return nil, io.EOF
		case read := <-s.lines:
			switch {
			case errors.Is(read.err, errLong):
				s.refuse(jsonrpc.CodeInvalidRequest, fmt.Sprintf("the line is longer than %d bytes", maxLine))
			case read.err != nil:
				s.awaitAnswers()
				return nil, read.err
			case len(read.line) > 0:
				s.take(read.line)
			}
		}
	}
}

// take makes messages of a line, or answers what is wrong with it.
func (s *stdio) take(line []byte) {
	var several []json.RawMessage
	if line[0] != '[' {
		several = []json.RawMessage{line}
	} else if err := json.Unmarshal(line, &several); err != nil {
		s.refuse(jsonrpc.CodeParseError, "the line is no JSON")
		return
	}
	if len(several) == 0 || len(several) > maxBatch {
		s.refuse(jsonrpc.CodeInvalidRequest, fmt.Sprintf("a batch holds 1 to %d messages", maxBatch))
		return
	}
	var together *group
	if line[0] == '[' {
		together = &group{}
	}
	for _, raw := range several {
		message, err := jsonrpc.DecodeMessage(raw)
		switch {
		case err != nil && !json.Valid(raw):
			s.refuse(jsonrpc.CodeParseError, "the line is no JSON")
		case err != nil:
			s.refuse(jsonrpc.CodeInvalidRequest, "this is no JSON-RPC message")
		default:
			s.accept(message, together)
		}
	}
}

// accept hands a message to the SDK, after a look at what concerns the transport.
func (s *stdio) accept(message jsonrpc.Message, together *group) {
	request, ok := message.(*jsonrpc.Request)
	switch {
	case !ok:
	case request.IsCall() && request.Method == "server/discover":
		// Where it is served, a client goes on in a revision that has no place for pushes; where it is not, it falls back.
		s.answer(&jsonrpc.Response{ID: request.ID, Error: &jsonrpc.Error{Code: jsonrpc.CodeMethodNotFound, Message: "method not found: server/discover"}})
		return
	case request.IsCall():
		s.mu.Lock()
		if s.calls[request.ID] == nil { // the SDK refuses one that uses an id again meanwhile
			s.calls[request.ID] = &inFlight{group: together}
			s.owed++
			if together != nil {
				together.left++
			}
		}
		s.mu.Unlock()
	case request.Method == "notifications/cancelled":
		s.cancel(request.Params)
	}
	s.pending = append(s.pending, message)
}

// cancel notes that nobody waits for an answer any more.
func (s *stdio) cancel(params json.RawMessage) {
	var cancelled struct {
		RequestID any `json:"requestId"`
	}
	if json.Unmarshal(params, &cancelled) != nil {
		return
	}
	id, err := jsonrpc.MakeID(cancelled.RequestID)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if call := s.calls[id]; call != nil {
		call.cancelled = true
	}
}

// awaitAnswers waits until nothing is owed, for a while.
func (s *stdio) awaitAnswers() {
	late := false
	timer := time.AfterFunc(lastAnswers, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		late = true
		s.idle.Broadcast()
	})
	defer timer.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.owed > 0 && !s.closed && !late {
		s.idle.Wait()
	}
}

// Close implements sdk.Connection. The streams stay as they are: they are the process's.
func (s *stdio) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		close(s.done)
		s.idle.Broadcast()
	}
	return nil
}

// SessionID implements sdk.Connection.
func (s *stdio) SessionID() string { return "" }
