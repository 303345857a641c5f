package metrics

import (
	"runtime"
	runtimemetrics "runtime/metrics"
	"time"
)

// began is when the process did, near enough.
var began = time.Now()

// Runtime adds what the Go runtime and the system tell of this process, under the names that Prometheus's own library gives
// them, where it has any.
func (r *Registry) Runtime() {
	r.Gauges("go_info", "Version of Go that the program was built with.", "version", func(yield func(string, float64)) {
		yield(runtime.Version(), 1)
	})
	r.Func("gauge", "go_goroutines", "Goroutines.", func() float64 { return float64(runtime.NumGoroutine()) })
	for _, m := range []struct{ kind, name, help, of string }{
		{"gauge", "go_memstats_heap_objects_bytes", "Bytes of objects in the heap, those not collected yet among them.", "/memory/classes/heap/objects:bytes"},
		{"gauge", "go_memstats_sys_bytes", "Bytes that the Go runtime has from the system.", "/memory/classes/total:bytes"},
		{"counter", "go_memstats_alloc_bytes_total", "Bytes allocated in the heap so far.", "/gc/heap/allocs:bytes"},
		{"counter", "go_gc_cycles_total", "Garbage collections.", "/gc/cycles/total:gc-cycles"},
		{"counter", "go_gc_cpu_seconds_total", "CPU time of garbage collection, as the runtime estimates it.", "/cpu/classes/gc/total:cpu-seconds"},
		{"gauge", "go_sched_gomaxprocs_threads", "Threads that run Go code at once, at most.", "/sched/gomaxprocs:threads"},
	} {
		r.Func(m.kind, m.name, m.help, func() float64 { return read(m.of) })
	}
	start := float64(began.UnixMilli()) / 1e3
	r.Func("gauge", "process_start_time_seconds", "When the process began, in seconds since 1970.", func() float64 { return start })
	r.process()
}

// read asks the Go runtime.
func read(name string) float64 {
	sample := []runtimemetrics.Sample{{Name: name}}
	runtimemetrics.Read(sample)
	switch v := sample[0].Value; v.Kind() {
	case runtimemetrics.KindUint64:
		return float64(v.Uint64())
	case runtimemetrics.KindFloat64:
		return v.Float64()
	}
	return 0 // a later Go no longer knows it
}
