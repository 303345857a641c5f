package setup

import (
	"bytes"
	"fmt"
	"strings"
)

// Diff shows what a change does to the lines of its file, each with its number: those that go with -, those that come with +. The lines
// around them are not shown, since such files hold other servers' keys; for the same reason, of a long line only what differs is.
func (c Change) Diff() string {
	before, after := lines(c.Before), lines(c.After)
	head := 0
	for head < len(before) && head < len(after) && before[head] == after[head] {
		head++
	}
	tail := 0
	for tail < len(before)-head && tail < len(after)-head && before[len(before)-1-tail] == after[len(after)-1-tail] {
		tail++
	}
	var out strings.Builder
	old, new := before[head:len(before)-tail], after[head:len(after)-tail]
	same := common(old, new)
	for i, j := 0, 0; i < len(old) || j < len(new); {
		from, to := i, j
		for i < len(old) && (len(same) == 0 || i < same[0].old) {
			i++
		}
		for j < len(new) && (len(same) == 0 || j < same[0].new) {
			j++
		}
		for k := range i - from {
			other := ""
			if k < j-to {
				other = new[to+k]
			}
			fmt.Fprintf(&out, "%5d - %s\n", head+from+k+1, shorten(old[from+k], other))
		}
		for k := range j - to {
			other := ""
			if k < i-from {
				other = old[from+k]
			}
			fmt.Fprintf(&out, "%5d + %s\n", head+to+k+1, shorten(new[to+k], other))
		}
		if len(same) > 0 {
			i, j, same = i+1, j+1, same[1:]
		}
	}
	return out.String()
}

func lines(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	return strings.Split(string(bytes.TrimSuffix(text, []byte("\n"))), "\n")
}

// pair is a line that both sides have.
type pair struct{ old, new int }

// commonMax bounds the table that common fills, in cells. Beyond it, all lines between the first and the last change are shown.
const commonMax = 1 << 22

// common is the longest sequence of lines that both sides have, in their order.
func common(old, new []string) []pair {
	if len(old)*len(new) > commonMax {
		return nil
	}
	width := len(new) + 1
	length := make([]int32, (len(old)+1)*width)
	for i := len(old) - 1; i >= 0; i-- {
		for j := len(new) - 1; j >= 0; j-- {
			if old[i] == new[j] {
				length[i*width+j] = length[(i+1)*width+j+1] + 1
			} else {
				length[i*width+j] = max(length[(i+1)*width+j], length[i*width+j+1])
			}
		}
	}
	var out []pair
	for i, j := 0, 0; i < len(old) && j < len(new); {
		switch {
		case old[i] == new[j]:
			out = append(out, pair{i, j})
			i, j = i+1, j+1
		case length[(i+1)*width+j] >= length[i*width+j+1]:
			i++
		default:
			j++
		}
	}
	return out
}

// lineMax is how long a line is shown whole, in bytes.
const lineMax = 160

// shorten shows of a long line what other does not have.
func shorten(line, other string) string {
	if len(line) <= lineMax {
		return line
	}
	head, tail := 0, 0
	for head < len(line) && head < len(other) && line[head] == other[head] {
		head++
	}
	for tail < len(line)-head && tail < len(other)-head && line[len(line)-1-tail] == other[len(other)-1-tail] {
		tail++
	}
	return strings.ToValidUTF8("… "+line[head:len(line)-tail]+" …", "")
}
