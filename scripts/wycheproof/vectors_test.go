package wycheproof_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	project = "github.com/google/wycheproof"
	ed25519 = "filippo.io/mostly-harmless/ed25519vectors"
)

// bits are bytes that a vector file writes as hex.
type bits []byte

func (b *bits) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

// test is one of Wycheproof's tests; T is its own fields.
type test[T any] struct {
	ID      int
	Comment string
	Result  string
	Flags   []string
	Given   T
}

func (t *test[T]) UnmarshalJSON(b []byte) error {
	var head struct {
		TcID            int
		Comment, Result string
		Flags           []string
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return err
	}
	t.ID, t.Comment, t.Result, t.Flags = head.TcID, head.Comment, head.Result, head.Flags
	return json.Unmarshal(b, &t.Given)
}

// run runs every test of one of Wycheproof's files as a subtest, and fails unless there are as many as the file says and want.
func run[G, T any](t *testing.T, name string, want int, check func(*testing.T, G, test[T])) {
	t.Helper()
	text := read(t, project, "testvectors", name)
	var list struct {
		NumberOfTests int
		TestGroups    []json.RawMessage
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, raw := range list.TestGroups {
		var group G
		var tests struct{ Tests []test[T] }
		if err := json.Unmarshal(raw, &group); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &tests); err != nil {
			t.Fatal(err)
		}
		for _, one := range tests.Tests {
			ran++
			t.Run(fmt.Sprint(one.ID), func(t *testing.T) {
				check(t, group, one)
				if t.Failed() {
					t.Logf("%s: %s %s", one.Comment, one.Result, one.Flags)
				}
			})
		}
	}
	counted(t, ran, want)
	if ran != list.NumberOfTests {
		t.Errorf("%d vectors, and the file says %d", ran, list.NumberOfTests)
	}
}

// counted fails where vectors are missing, and says how many there were.
func counted(t *testing.T, ran, want int) {
	t.Helper()
	t.Logf("%d vectors", ran)
	if ran != want {
		t.Errorf("%d vectors ran and not %d", ran, want)
	}
}

// read is a file of a module that go.mod pins. The go command checks the module against go.sum, which must name it.
func read(t *testing.T, module string, path ...string) []byte {
	t.Helper()
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains("\n"+string(sums), "\n"+module+" ") {
		t.Fatalf("go.sum does not name %s, so anything could come for it", module)
	}
	var complaints bytes.Buffer
	download := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", module)
	download.Stderr = &complaints
	said, err := download.Output()
	if err != nil {
		t.Fatalf("go mod download %s: %v\n%s%s", module, err, said, complaints.Bytes())
	}
	var place struct{ Dir string }
	if err := json.Unmarshal(said, &place); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(append([]string{place.Dir}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
