package verb

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// ask puts a question to the person at the terminal and gives the line that they type, without the space around it. It fails
// with io.EOF where nobody types, and with ctx's error when that ends first.
func (c *call) ask(ctx context.Context, question string) (string, error) {
	fmt.Fprint(c.Stdout, question)
	type answer struct {
		line string
		err  error
	}
	// An interrupt does not end a read from a terminal. The process ends soon after it, and the read with it.
	answers := make(chan answer, 1)
	go func() {
		line, err := readLine(c.Stdin)
		answers <- answer{line, err}
	}()
	select {
	case a := <-answers:
		return strings.TrimSpace(a.line), a.err
	case <-ctx.Done():
		fmt.Fprintln(c.Stdout)
		return "", ctx.Err()
	}
}

// readLine reads no byte behind the line: the next question's answer may wait there.
func readLine(r io.Reader) (string, error) {
	var line []byte
	var next [1]byte
	for {
		n, err := r.Read(next[:])
		if n == 1 {
			if next[0] == '\n' {
				return string(line), nil
			}
			if line = append(line, next[0]); len(line) > 1024 {
				return "", io.ErrShortBuffer
			}
			continue
		}
		if err != nil {
			return "", err
		}
	}
}
