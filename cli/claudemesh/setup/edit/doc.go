// Package edit changes single entries of a JSON or TOML document and leaves every other byte of it as it was: order,
// indentation, comments, line ends, fields that nobody here knows.
//
// It opens no file, and it does not know what the entries mean.
package edit

import "fmt"

// SyntaxError says that a document is not of its format, or that an entry cannot stand where it is asked for.
type SyntaxError struct {
	Line   int // from 1; 0: not known
	Reason string
}

func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return e.Reason
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
}

// lineOf is the line on which an offset of text lies, from 1.
func lineOf(text []byte, offset int) int {
	line := 1
	for _, b := range text[:min(max(offset, 0), len(text))] {
		if b == '\n' {
			line++
		}
	}
	return line
}
