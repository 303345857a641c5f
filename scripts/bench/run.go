package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// run is one row on one system, once, on a server of its own.
type run struct {
	sizes
	dialect
	server *process
	fleets []fleet
	// again starts the server anew when something was put into its folder.
	again func(put func(folder string) error) error
	// profiles begins the names of the files with profiles; empty: there are none.
	profiles string
}

// timeLimit ends a run that hangs.
const timeLimit = 5 * time.Minute

// once starts the system, puts the load on and stops it.
func once(ctx context.Context, o *options, w row, s system, repetition int) (found figures, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	folder, err := os.MkdirTemp("", "claudemesh-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	server, err := s.start(ctx, o, folder)
	if err != nil {
		return nil, err
	}
	defer func() {
		if stopped := server.stop(); err == nil {
			err = stopped
		}
	}()
	r := &run{sizes: o.sizes, dialect: s.dialect, server: server}
	r.again = func(put func(string) error) error {
		if err := errors.Join(server.stop(), put(folder)); err != nil {
			return err
		}
		next, err := s.start(ctx, o, folder)
		if err == nil {
			server, r.server = next, next
		}
		return err
	}
	if o.profiles != "" {
		r.profiles = filepath.Join(o.profiles, fmt.Sprintf("%s-%s-%d", w.name, s.name, repetition))
	}
	defer func() {
		for _, f := range r.fleets {
			f.close()
		}
	}()
	return w.run(ctx, r)
}

// prepare makes the peers of a plan, frees what that left behind, and has their connections closed at the end of the run.
func (r *run) prepare(ctx context.Context, p plan) (fleet, error) {
	f, err := r.dialect.prepare(ctx, r.server, p)
	r.fleets = append(r.fleets, f)
	runtime.GC()
	return f, err
}

// connected is prepare, with all peers connected and listening.
func (r *run) connected(ctx context.Context, p plan) (fleet, error) {
	f, err := r.prepare(ctx, p)
	if err != nil {
		return nil, err
	}
	return f, f.open(ctx, connectsAtOnce)
}

// measured is what the server took of the machine for something.
type measured struct {
	took, cpu time.Duration
	peak      int64 // bytes; since the server began
}

func (m measured) cpuPerMillion(n int) float64 { return m.cpu.Seconds() / float64(n) * 1e6 }

// measure does something and tells what it took. It has a name, for the profiles.
func (r *run) measure(name string, do func() error) (measured, error) {
	if r.profiles != "" {
		if _, err := r.server.tell("profile", r.profiles+"-"+name+".cpu"); err != nil {
			return measured{}, err
		}
	}
	before, err := r.server.usage()
	if err != nil {
		return measured{}, err
	}
	began := now()
	failure := do()
	took := now() - began
	after, err := r.server.usage()
	if err != nil {
		return measured{}, err
	}
	if r.profiles != "" {
		if _, err := r.server.tell("end", r.profiles+"-"+name+".heap"); err != nil {
			return measured{}, err
		}
	}
	return measured{took, after.cpu - before.cpu, after.peak}, failure
}

// state is what a server holds.
type state struct {
	usage
	goroutines int
}

// state tells what the server holds, without garbage where the server is of this program.
func (r *run) state() (s state, err error) {
	if r.server.stdin != nil {
		answer, err := r.server.tell("collect")
		if err != nil {
			return s, err
		}
		s.goroutines = answer.Goroutines
	}
	s.usage, err = r.server.usage()
	return s, err
}
