package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server under test, alone in its process, so that what /proc says of it is its own.
type process struct {
	cmd     *exec.Cmd
	address string // host:port
	origin  string // what hellos sign; the relay's alone
	stderr  bytes.Buffer
	cluster *cluster // nil: it is alone

	// Of a server of this program: it does what it is told on stdin and ends where that ends.
	stdin  io.WriteCloser
	stdout *bufio.Reader
}

// patience is how long a server may take to start, or to end.
const patience = 20 * time.Second

// start runs a program and gives it and the first line that it writes.
func start(ctx context.Context, ours bool, program string, args ...string) (p *process, line string, err error) {
	p = &process{cmd: exec.Command(program, args...)}
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	p.stdout = bufio.NewReader(stdout)
	if ours {
		if p.stdin, err = p.cmd.StdinPipe(); err != nil {
			return nil, "", err
		}
	}
	if err := p.cmd.Start(); err != nil {
		return nil, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })
	defer stop()
	if line, err = p.stdout.ReadString('\n'); err != nil {
		_ = p.cmd.Wait()
		return nil, "", fmt.Errorf("%s did not start: %w: %s", program, err, p.stderr.String())
	}
	return p, strings.TrimSpace(line), nil
}

// stop ends the process, with those beside it, and waits until they are gone.
func (p *process) stop() error {
	err := p.end()
	if p.cluster != nil {
		err = errors.Join(err, p.cluster.stop())
	}
	return err
}

func (p *process) end() error {
	if p.stdin != nil {
		_ = p.stdin.Close()
	} else {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
	}
	overdue := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer overdue.Stop()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w: %s", p.cmd.Path, err, p.stderr.String())
	}
	return nil
}

// told is what a server of this program answers.
type told struct {
	Goroutines int    `json:"goroutines"`
	Error      string `json:"error,omitempty"`
}

// tell has a server of this program do something; see obey.
func (p *process) tell(words ...string) (told, error) {
	var answer told
	if _, err := fmt.Fprintln(p.stdin, strings.Join(words, " ")); err != nil {
		return answer, err
	}
	line, err := p.stdout.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &answer)
	}
	if err == nil && answer.Error != "" {
		err = errors.New(answer.Error)
	}
	return answer, err
}

// usage is what a process took of the machine since it began.
type usage struct {
	cpu       time.Duration
	rss, peak int64 // bytes
}

// tick is the unit of /proc/<pid>/stat, the same on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// cpuOf is the time that a process took of the processors, and that those of its children did that ended.
func cpuOf(id int) (took, ended time.Duration, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
	if err != nil {
		return 0, 0, err
	}
	// Behind the name, which may hold anything: the state is the third field of all, user and system time the 14th and 15th, and those
	// of children the two after them.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	for i, field := range fields[11:15] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, 0, err
		}
		if i < 2 {
			took += time.Duration(ticks) * tick
		} else {
			ended += time.Duration(ticks) * tick
		}
	}
	return took, ended, nil
}

func (p *process) usage() (u usage, err error) {
	folder := fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid)
	if u.cpu, _, err = cpuOf(p.cmd.Process.Pid); err != nil {
		return u, err
	}
	status, err := os.ReadFile(folder + "status")
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		var into *int64
		switch name {
		case "VmRSS":
			into = &u.rss
		case "VmHWM":
			into = &u.peak
		default:
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return u, err
		}
		*into = kib << 10
	}
	if p.cluster != nil {
		err = p.cluster.addUsage(&u)
	}
	return u, err
}
