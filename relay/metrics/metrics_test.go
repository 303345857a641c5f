package metrics_test

import (
	"strings"
	"sync"
	"testing"

	"claudemesh.com/mesh/relay/metrics"
)

func written(t *testing.T, r *metrics.Registry) string {
	t.Helper()
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestText(t *testing.T) {
	r := metrics.New()
	r.Counter("a_total", "How often.\nOr \\ not.").Add(3)
	c := r.Counters("b_total", "By code.", "code")
	c.With("z").Add(1)
	c.With("quoted \"\\\n").Add(2)
	r.Counters("empty_total", "Nothing yet.", "code")
	two := r.Counters("c_total", "By two.", "route", "code")
	two.With("/x", "ok").Add(1)
	two.With("/x", "no").Add(4)
	r.Func("gauge", "d", "A gauge.", func() float64 { return -1.5 })
	r.Gauges("e", "By place.", "where", func(yield func(string, float64)) { yield("here", 1); yield("there", 1e21) })
	h := r.Histogram("f_seconds", "Times.", 0.5, 1)
	for _, n := range []float64{0.5, 0.6, 1, 1.1, 7} {
		h.Observe(n)
	}
	const want = `# HELP a_total How often.\nOr \\ not.
# TYPE a_total counter
a_total 3
# HELP b_total By code.
# TYPE b_total counter
b_total{code="quoted \"\\\n"} 2
b_total{code="z"} 1
# HELP empty_total Nothing yet.
# TYPE empty_total counter
# HELP c_total By two.
# TYPE c_total counter
c_total{route="/x",code="no"} 4
c_total{route="/x",code="ok"} 1
# HELP d A gauge.
# TYPE d gauge
d -1.5
# HELP e By place.
# TYPE e gauge
e{where="here"} 1
e{where="there"} 1e+21
# HELP f_seconds Times.
# TYPE f_seconds histogram
f_seconds_bucket{le="0.5"} 1
f_seconds_bucket{le="1"} 3
f_seconds_bucket{le="+Inf"} 5
f_seconds_sum 10.2
f_seconds_count 5
`
	if got := written(t, r); got != want {
		t.Errorf("written:\n%s\nwant:\n%s", got, want)
	}
}

func TestCountingFromManyGoroutines(t *testing.T) {
	const goroutines, each = 8, 1000
	r := metrics.New()
	c := r.Counters("a_total", "", "code")
	h := r.Histogram("b", "", 1, 2)
	var done sync.WaitGroup
	for g := range goroutines {
		done.Go(func() {
			for range each {
				c.With(string(rune('a' + g%2))).Add(1)
				h.Observe(float64(g % 3))
			}
		})
	}
	for range 20 {
		written(t, r)
	}
	done.Wait()
	text := written(t, r)
	for _, line := range []string{`a_total{code="a"} 4000`, `a_total{code="b"} 4000`, `b_bucket{le="1"} 6000`, "b_sum 7000", "b_count 8000"} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%q is not in\n%s", line, text)
		}
	}
}

func TestCountingAllocatesNothing(t *testing.T) {
	r := metrics.New()
	counter, byCode := r.Counter("a_total", ""), r.Counters("b_total", "", "route", "code")
	h := r.Histogram("c", "", 1, 2, 4)
	code := "rate_limited"
	count := func() {
		counter.Add(2)
		byCode.With("/ws", code).Add(1)
		h.Observe(3)
	}
	if n := testing.AllocsPerRun(100, count); n > 0 {
		t.Errorf("counting allocates %v times", n)
	}
}

func TestRuntime(t *testing.T) {
	r := metrics.New()
	r.Runtime()
	text := written(t, r)
	for _, name := range []string{"go_goroutines", "go_memstats_heap_objects_bytes", "go_memstats_sys_bytes", "process_start_time_seconds"} {
		if !strings.Contains(text, "\n"+name+" ") || strings.Contains(text, "\n"+name+" 0\n") {
			t.Errorf("%s is not there or 0:\n%s", name, text)
		}
	}
}

func TestTwoOfOneName(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a name was given twice")
		}
	}()
	r := metrics.New()
	r.Counter("a_total", "")
	r.Histogram("a_total", "")
}
