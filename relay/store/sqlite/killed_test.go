package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// victimDir makes the test binary a process that commits until it is killed.
const victimDir = "CLAUDEMESH_TEST_VICTIM"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		victim(dir)
	}
	os.Exit(m.Run())
}

// victim commits one send after another and prints each counter that it was told is durable.
func victim(dir string) {
	s, err := Open(dir, time.Now())
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	load := found
	for n := uint64(1); ; n++ {
		load.Ops = append(load.Ops, sends(n, n, 1000).Ops...)
		verdicts, err := s.Commit(context.Background(), []mesh.Batch{load})
		if err != nil || verdicts[0][len(verdicts[0])-1].Outcome != mesh.Done {
			fmt.Println(verdicts, err)
			os.Exit(1)
		}
		load.Ops = nil
		fmt.Println(n)
	}
}

// TestKilled: a process that is killed frees its lock, and everything that it was told is durable is there, whole.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		process := exec.CommandContext(t.Context(), binary)
		process.Env = append(os.Environ(), victimDir+"="+dir)
		output, err := process.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(output)
		var told uint64
		for lines.Scan() {
			n, err := strconv.ParseUint(lines.Text(), 10, 64)
			if err != nil {
				t.Fatalf("round %d: the process says %q", round, lines.Text())
			}
			if told = n; n == 20 {
				if _, err := Open(dir, now); wire.CodeOf(err) != wire.CodeInUse {
					t.Errorf("Open while another process runs: %v", err)
				}
			}
			if n == 60 {
				if err := process.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := process.Wait(); err == nil {
			t.Error("the process was not killed")
		}
		s, err := Open(dir, now)
		if err != nil {
			t.Fatal(err)
		}
		snapshot, err := s.Load(t.Context(), meshID)
		if err != nil {
			t.Fatal(err)
		}
		page, err := s.Read(t.Context(), meshID, inbox, 0, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		last := snapshot.Counters[0].Last
		if last < told || uint64(len(page.Entries)) != last {
			t.Errorf("round %d: told of %d sends, the counter is %d, the stream has %d entries", round, told, last, len(page.Entries))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}
