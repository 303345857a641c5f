//go:build linux || darwin

package proc_test

import (
	"os"
	"os/exec"
	"slices"
	"testing"

	"claudemesh.com/mesh/cli/claudemesh/proc"
)

func TestSelf(t *testing.T) {
	self, err := proc.Self()
	if err != nil || self.PID != os.Getpid() || self.Start == 0 {
		t.Fatalf("this process is %+v, %v", self, err)
	}
	if !proc.Alive(self) {
		t.Error("this process does not run")
	}
	other := proc.Process{PID: self.PID, Start: self.Start + 1}
	if proc.Alive(other) {
		t.Error("an earlier process of the same number still runs")
	}
	if proc.Name(self) == "" || proc.Name(other) != "" {
		t.Errorf("the names are %q and %q", proc.Name(self), proc.Name(other))
	}
}

// A process that was killed is gone, before its parent waits for it as after.
func TestGone(t *testing.T) {
	child := exec.Command("cat")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	p, err := proc.Of(child.Process.Pid)
	if err != nil || !proc.Alive(p) {
		t.Fatalf("a running process is %+v, %v", p, err)
	}
	if chain := proc.Chain(p.PID); len(chain) == 0 || chain[0].PID != os.Getpid() {
		t.Errorf("above it are %+v", chain)
	}
	in.Close() // cat ends; what is left of it waits for its parent
	out.Read(make([]byte, 1))
	for proc.Alive(p) {
	}
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	if proc.Alive(p) {
		t.Error("a process that was waited for still runs")
	}
}

func TestChain(t *testing.T) {
	chain := proc.Chain(os.Getpid())
	if len(chain) == 0 || chain[0].PID != os.Getppid() {
		t.Fatalf("above this process are %+v", chain)
	}
	self, _ := proc.Self()
	if slices.Contains(chain, self) {
		t.Error("a process is above itself")
	}
	if chain := proc.Chain(1 << 30); len(chain) != 0 {
		t.Errorf("above no process are %+v", chain)
	}
}
