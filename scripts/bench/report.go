package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report is all that was measured, and the JSON that -json writes. Values are in seconds, bytes and numbers, in the order of the
// repetitions.
type report struct {
	Time    time.Time `json:"time"`
	Machine string    `json:"machine"`
	Rows    []*table  `json:"rows"`
}

type table struct {
	Name    string   `json:"name"`
	Says    string   `json:"says"`
	Systems []*taken `json:"systems"`
	figures []figure
}

// taken is what was measured of one system.
type taken struct {
	Name    string               `json:"name"`
	Figures map[string][]float64 `json:"figures"`
	says    string
}

func newReport() *report {
	return &report{
		Time:    time.Now().UTC().Truncate(time.Second),
		Machine: fmt.Sprintf("%s/%s, %d cores, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version()),
	}
}

// add keeps what a table shows of a run.
func (t *taken) add(shown []figure, found figures) {
	for _, f := range shown {
		if value, ok := found[f.name]; ok {
			t.Figures[f.name] = append(t.Figures[f.name], value)
		}
	}
}

func (r *report) writeJSON(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// markdown writes a table of one row: the systems, and then each relay beside each of the others.
func (t *table) markdown(w io.Writer) {
	fmt.Fprintf(w, "\n### %s\n\n| system |", t.Says)
	for _, f := range t.figures {
		fmt.Fprintf(w, " %s |", f.says)
	}
	fmt.Fprintf(w, "\n| --- |%s\n", strings.Repeat(" --: |", len(t.figures)))
	for _, s := range t.Systems {
		fmt.Fprintf(w, "| %s |", s.says)
		for _, f := range t.figures {
			fmt.Fprintf(w, " %s |", f.show(s.Figures[f.name]))
		}
		fmt.Fprintln(w)
	}
	for _, s := range t.Systems {
		for _, other := range t.Systems {
			if isRelay(s.Name) && !isRelay(other.Name) {
				t.compare(w, s, other)
			}
		}
	}
}

func isRelay(name string) bool { return strings.HasPrefix(name, "relay-") }

// compare writes the medians of the quotients of runs that followed one another.
func (t *table) compare(w io.Writer, s, other *taken) {
	fmt.Fprintf(w, "| %s ÷ %s |", s.says, other.says)
	for _, f := range t.figures {
		a, b := s.Figures[f.name], other.Figures[f.name]
		var quotients []float64
		for i := range min(len(a), len(b)) {
			if b[i] != 0 {
				quotients = append(quotients, a[i]/b[i])
			}
		}
		fmt.Fprintf(w, " %s |", figure{unit: 1, digits: 2}.show(quotients))
	}
	fmt.Fprintln(w)
}

// show is the median, and behind it the smallest and the largest.
func (f figure) show(values []float64) string {
	if len(values) == 0 {
		return "–"
	}
	values = slices.SortedFunc(slices.Values(values), cmp.Compare[float64])
	text := f.number(median(values))
	if len(values) > 1 {
		text += fmt.Sprintf(" (%s to %s)", f.number(values[0]), f.number(values[len(values)-1]))
	}
	return text
}

func (f figure) number(value float64) string {
	text := fmt.Sprintf("%.*f", f.digits, math.Abs(value/f.unit))
	whole, part, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if part != "" {
		whole += "." + part
	}
	if value < 0 {
		return "−" + whole
	}
	return whole
}

// median takes sorted values, at least one.
func median(values []float64) float64 {
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
