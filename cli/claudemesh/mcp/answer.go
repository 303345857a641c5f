package mcp

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// group is a line of several calls, which is answered in one.
type group struct {
	left    int
	answers []json.RawMessage
	batches []uint64
}

// Write implements sdk.Connection.
func (s *stdio) Write(ctx context.Context, message jsonrpc.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	encoded, err := jsonrpc.EncodeMessage(message)
	if err != nil {
		return fmt.Errorf("encode a message: %w", err)
	}
	response, ok := message.(*jsonrpc.Response)
	if !ok {
		return s.line(encoded)
	}
	encoded, batches, known, err := s.due(response, encoded)
	if err == nil && encoded != nil {
		err = s.line(encoded)
	}
	if known {
		s.settle()
	}
	if err == nil {
		for _, batch := range batches {
			s.written(batch)
		}
	}
	return err
}

// due is what is to be written now that a response is there: it, the answers of its whole line, or nothing, as where nobody
// waits for it any more. batches are those that are written with it; known: it answers a call that was taken in.
func (s *stdio) due(response *jsonrpc.Response, encoded []byte) (line []byte, batches []uint64, known bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call := s.calls[response.ID]
	if call == nil {
		return encoded, nil, false, nil
	}
	delete(s.calls, response.ID)
	if !call.cancelled {
		batches = batchIn(response)
	}
	together := call.group
	switch {
	case together == nil && call.cancelled:
		return nil, nil, true, nil
	case together == nil:
		return encoded, batches, true, nil
	}
	together.left--
	if !call.cancelled {
		together.answers = append(together.answers, encoded)
		together.batches = append(together.batches, batches...)
	}
	if together.left > 0 || len(together.answers) == 0 {
		return nil, nil, true, nil
	}
	if line, err = json.Marshal(together.answers); err != nil {
		err = fmt.Errorf("encode a batch: %w", err)
	}
	return line, together.batches, true, err
}

// settle notes that a call is owed nothing any more.
func (s *stdio) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owed--; s.owed == 0 {
		s.idle.Broadcast()
	}
}

// batchKey marks, in a result's _meta, the batch of messages that the result carries.
const batchKey = "claudemesh.com/batch"

// batchIn is the batch that a result carries.
func batchIn(response *jsonrpc.Response) []uint64 {
	var result struct {
		Meta struct {
			Batch *uint64 `json:"claudemesh.com/batch"`
		} `json:"_meta"`
	}
	if response.Error != nil || json.Unmarshal(response.Result, &result) != nil || result.Meta.Batch == nil {
		return nil
	}
	return []uint64{*result.Meta.Batch}
}

// notify sends a notification that the SDK has no type for.
func (s *stdio) notify(method string, params any) error {
	raw, err := json.Marshal(params)
	if err != nil {
		return fmt.Errorf("encode a notification: %w", err)
	}
	encoded, err := jsonrpc.EncodeMessage(&jsonrpc.Request{Method: method, Params: raw})
	if err != nil {
		return fmt.Errorf("encode a notification: %w", err)
	}
	return s.line(encoded)
}

// answer writes a response that the SDK does not know of.
func (s *stdio) answer(response *jsonrpc.Response) {
	if encoded, err := jsonrpc.EncodeMessage(response); err == nil {
		_ = s.line(encoded) // a writer that is gone shows itself to the SDK too
	}
}

// refuse answers what could not be read, and so has no id.
func (s *stdio) refuse(code int64, why string) {
	encoded, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": nil, "error": map[string]any{"code": code, "message": why}})
	if err == nil {
		_ = s.line(encoded)
	}
}

// line writes one line.
func (s *stdio) line(encoded []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	select {
	case <-s.done:
		return sdk.ErrConnectionClosed
	default:
	}
	_, err := s.writer.Write(append(encoded, '\n'))
	return err
}
