package metrics

import (
	"cmp"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ContentType is that of what Write writes.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Write writes all metrics, in the order in which they were made.
func (r *Registry) Write(w io.Writer) error {
	r.mu.Lock()
	families := slices.Clone(r.families)
	r.mu.Unlock()
	t := new(text)
	for _, f := range families {
		t.line("# HELP ", f.name, " ", escapeHelp.Replace(f.help))
		t.line("# TYPE ", f.name, " ", f.kind)
		f.write(f.name, t)
	}
	_, err := w.Write(t.b)
	return err
}

// text is what is being written.
type text struct{ b []byte }

func (t *text) line(parts ...string) {
	for _, part := range parts {
		t.b = append(t.b, part...)
	}
	t.b = append(t.b, '\n')
}

var (
	escapeHelp  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	escapeValue = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

// sample writes one number, with a value for each label.
func (t *text) sample(name string, labels []string, n float64, values ...string) {
	t.b = append(t.b, name...)
	for i, label := range labels {
		t.b = append(t.b, "{,"[min(i, 1)])
		t.b = append(t.b, label...)
		t.b = append(t.b, `="`...)
		t.b = append(t.b, escapeValue.Replace(values[i])...)
		t.b = append(t.b, '"')
	}
	if len(labels) > 0 {
		t.b = append(t.b, '}')
	}
	t.line(" ", number(n))
}

func number(n float64) string {
	if math.IsInf(n, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(n, 'g', -1, 64)
}

func (c *Counters) write(name string, t *text) {
	all := *c.known.Load()
	keys := slices.SortedFunc(maps.Keys(all), func(a, b values) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
	for _, key := range keys {
		t.sample(name, c.labels, float64(all[key].Value()), key[:]...)
	}
}

func (h *Histogram) write(name string, t *text) {
	total := uint64(0)
	for i := range h.counts {
		bound := math.Inf(1)
		if i < len(h.bounds) {
			bound = h.bounds[i]
		}
		total += h.counts[i].Load()
		t.sample(name+"_bucket", []string{"le"}, float64(total), number(bound))
	}
	t.sample(name+"_sum", nil, math.Float64frombits(h.sum.Load()))
	t.sample(name+"_count", nil, float64(total))
}
