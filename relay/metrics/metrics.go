// Package metrics counts what a relay does, and writes the counts in the text format that Prometheus reads (version 0.0.4).
//
// To count takes no lock and no allocation. What it does not do: serve the counts, decide what is counted, or keep a history.
// Nothing here may be labelled by a mesh, a member, a device or an address: labels take few values, known when the program is
// written.
package metrics

import (
	"math"
	"sync"
	"sync/atomic"
)

// Registry is a set of metrics. Its methods may be called from any goroutine; those that make a metric panic where the name is
// taken.
type Registry struct {
	mu       sync.Mutex
	families []family
}

// family is all that goes by one name.
type family struct {
	name, help, kind string
	write            func(name string, t *text)
}

// New gives an empty Registry.
func New() *Registry { return new(Registry) }

func (r *Registry) add(f family) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.families {
		if r.families[i].name == f.name {
			panic("metrics: two are called " + f.name)
		}
	}
	r.families = append(r.families, f)
}

// Counter is a number that only rises. It has a line of the processor's cache to itself, or counters that different goroutines
// raise would slow each other down.
type Counter struct {
	n atomic.Uint64
	_ [56]byte
}

// Add raises the counter.
func (c *Counter) Add(n int) { c.n.Add(uint64(n)) }

// Value is what was counted so far.
func (c *Counter) Value() uint64 { return c.n.Load() }

// Counter makes a counter. Its name ends in _total.
func (r *Registry) Counter(name, help string) *Counter {
	c := new(Counter)
	r.add(family{name, help, "counter", func(name string, t *text) { t.sample(name, nil, float64(c.Value())) }})
	return c
}

// maxLabels is how many labels a counter can have.
const maxLabels = 2

type values [maxLabels]string

// Counters are one counter for each combination of values of some labels, made when the combination is first met.
type Counters struct {
	labels []string
	known  atomic.Pointer[map[values]*Counter] // replaced, never changed
	mu     sync.Mutex                          // held to replace it
}

// Counters makes counters with one or two labels.
func (r *Registry) Counters(name, help string, labels ...string) *Counters {
	if len(labels) == 0 || len(labels) > maxLabels {
		panic("metrics: one label or two")
	}
	c := &Counters{labels: labels}
	c.known.Store(&map[values]*Counter{})
	r.add(family{name, help, "counter", c.write})
	return c
}

// With gives the counter of some values, one for each label.
func (c *Counters) With(of ...string) *Counter {
	var key values
	if copy(key[:], of) != len(c.labels) {
		panic("metrics: one value for each label")
	}
	if counter := (*c.known.Load())[key]; counter != nil {
		return counter
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	old := *c.known.Load()
	if counter := old[key]; counter != nil {
		return counter
	}
	all := make(map[values]*Counter, len(old)+1)
	for k, counter := range old {
		all[k] = counter
	}
	all[key] = new(Counter)
	c.known.Store(&all)
	return all[key]
}

// Func makes a metric whose value is asked for when it is written. kind is "gauge", or "counter" for what only rises.
func (r *Registry) Func(kind, name, help string, value func() float64) {
	r.add(family{name, help, kind, func(name string, t *text) { t.sample(name, nil, value()) }})
}

// Gauges makes gauges with one label. each is called when they are written and gives every value of the label with its number.
func (r *Registry) Gauges(name, help, label string, each func(yield func(value string, n float64))) {
	labels := []string{label}
	r.add(family{name, help, "gauge", func(name string, t *text) {
		each(func(value string, n float64) { t.sample(name, labels, n, value) })
	}})
}

// Histogram counts how often a number was at most each of its bounds, and sums the numbers.
type Histogram struct {
	bounds []float64
	counts []atomic.Uint64 // one more than bounds: for what is above them all
	sum    atomic.Uint64   // the bits of a float64
}

// Histogram makes a histogram. The bounds rise.
func (r *Registry) Histogram(name, help string, bounds ...float64) *Histogram {
	h := &Histogram{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)}
	r.add(family{name, help, "histogram", h.write})
	return h
}

// Observe counts a number.
func (h *Histogram) Observe(n float64) {
	i := 0
	for i < len(h.bounds) && n > h.bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	for {
		before := h.sum.Load()
		if h.sum.CompareAndSwap(before, math.Float64bits(math.Float64frombits(before)+n)) {
			return
		}
	}
}
