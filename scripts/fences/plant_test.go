package fences

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A plant is a file of a module that we make up.
type plant struct {
	file    string
	imports []string // our own ones relative to the module
	code    string
	shows   string // how a violation begins that must be found
}

// plants are files that each break a fence.
var plants = []plant{
	{file: "shared/wire/x.go", imports: []string{"shared/message"}, shows: "shared/wire imports claudemesh.com/mesh/shared/message"},
	{file: "shared/order/x.go", imports: []string{"shared/wire"}, shows: "shared/order imports claudemesh.com/mesh/shared/wire"},
	{file: "shared/identity/x.go", imports: []string{"shared/message"}, shows: "shared/identity imports claudemesh.com/mesh/shared/message"},
	{file: "shared/roster/x.go", imports: []string{"shared/seal"}, shows: "shared/roster imports claudemesh.com/mesh/shared/seal"},
	{file: "shared/invite/x.go", imports: []string{"shared/keyring"}, shows: "shared/invite imports claudemesh.com/mesh/shared/keyring"},
	{file: "shared/seal/x.go", imports: []string{"shared/roster"}, shows: "shared/seal imports claudemesh.com/mesh/shared/roster"},
	{file: "shared/keyring/x.go", imports: []string{"shared/roster"}, shows: "shared/keyring imports claudemesh.com/mesh/shared/roster"},
	{file: "shared/address/x.go", imports: []string{"shared/seal"}, shows: "shared/address imports claudemesh.com/mesh/shared/seal"},
	{file: "shared/message/x.go", imports: []string{"shared/seal"}, shows: "shared/message imports claudemesh.com/mesh/shared/seal"},
	{file: "shared/enroll/x.go", imports: []string{"shared/peer"}, shows: "shared/enroll imports claudemesh.com/mesh/shared/peer"},
	{file: "shared/peer/x.go", imports: []string{"shared/peer/driver"}, shows: "shared/peer imports claudemesh.com/mesh/shared/peer/driver"},
	{file: "shared/peer/driver/x.go", imports: []string{"relay/mesh"}, shows: "shared/peer/driver imports claudemesh.com/mesh/relay/mesh"},
	{file: "relay/mesh/x.go", imports: []string{"relay/store"}, shows: "relay/mesh imports claudemesh.com/mesh/relay/store"},
	{file: "relay/a/x.go", imports: []string{"shared/seal"}, shows: "relay/a reaches claudemesh.com/mesh/relay/a → claudemesh.com/mesh/shared/seal"},
	{file: "relay/b/x_test.go", imports: []string{"shared/peer"}, shows: "relay/b reaches claudemesh.com/mesh/relay/b (test) → claudemesh.com/mesh/shared/peer"},
	{file: "relay/c/x_test.go", imports: []string{"shared/peer/driver"}, shows: "relay/c reaches claudemesh.com/mesh/relay/c (test) → claudemesh.com/mesh/shared/peer/driver → claudemesh.com/mesh/shared/peer"},
	{file: "relay/downloads/x.go", imports: []string{"relay/mesh"}, shows: "relay/downloads imports claudemesh.com/mesh/relay/mesh"},
	{file: "relay/metrics/x.go", imports: []string{"shared/wire"}, shows: "relay/metrics imports claudemesh.com/mesh/shared/wire"},
	{file: "relay/d/x.go", imports: []string{"net/http/pprof"}, shows: "relay/d imports net/http/pprof"},
	{file: "relay/server/x.go", imports: []string{naclBox}, shows: "relay/server imports golang.org/x/crypto/nacl/box"},
	{file: "relay/api/x.go", imports: []string{naclBox}, shows: "relay/api imports golang.org/x/crypto/nacl/box in 2 files"},
	{file: "shared/peer/y.go", imports: []string{"net"}, shows: "shared/peer imports net"},
	{file: "shared/wire/x_js.go", imports: []string{"syscall/js"}, shows: "shared/wire imports syscall/js"},
	{file: "relay/mesh/y.go", imports: []string{"math/rand/v2"}, shows: "relay/mesh imports math/rand/v2"},
	{file: "relay/mesh/z.go", imports: []string{"time"}, code: "var now = time.Now", shows: "relay/mesh z.go:3: uses time.Now"},
	{file: "shared/peer/z.go", imports: []string{"time"}, code: "func wait() { <-time.After(1) }", shows: "shared/peer z.go:3: uses time.After"},
	{file: "shared/seal/z_js.go", code: "func spawn() { go spawn() }", shows: "shared/seal z_js.go:2: starts a goroutine"},
	{file: "wasm/a/x_js.go", imports: []string{"net/http"}, shows: "wasm/a reaches claudemesh.com/mesh/wasm/a → net/http"},
	{file: "wasm/b/x_js.go", imports: []string{"net/http/cookiejar"}, shows: "wasm/b reaches claudemesh.com/mesh/wasm/b → net/http/cookiejar → net/http"},
	{file: "wasm/c/x_js.go", imports: []string{"github.com/coder/websocket"}, shows: "wasm/c reaches claudemesh.com/mesh/wasm/c → github.com/coder/websocket"},
	{file: "cli/claudemesh/x.go", imports: []string{"shared/vectors"}, shows: "cli/claudemesh imports claudemesh.com/mesh/shared/vectors"},
	{file: "relay/store/x.go", imports: []string{"relay/relaytest"}, shows: "relay/store imports claudemesh.com/mesh/relay/relaytest"},
	{file: "relay/server/y.go", imports: []string{workers}, shows: "relay/server imports github.com/syumai/workers"},
	{file: "cli/claudemesh/y.go", imports: []string{"relay/mesh"}, shows: "cli/claudemesh imports claudemesh.com/mesh/relay/mesh"},
}

// clean is a module of our shape that breaks nothing, although its tests use what
// code may not.
var clean = []plant{
	{file: "shared/wire/wire.go"},
	{file: "shared/wire/wire_test.go", imports: []string{"os", "net", "time", "shared/vectors"}, code: "var _ = time.Now"},
	{file: "shared/order/order.go"},
	{file: "shared/identity/identity.go", imports: []string{"shared/wire"}},
	{file: "shared/roster/roster.go", imports: []string{"shared/identity", "time"}, code: "func at(t time.Time) time.Time { return t }"},
	{file: "shared/invite/invite.go", imports: []string{"shared/identity"}},
	{file: "shared/seal/seal.go", imports: []string{"shared/wire", "shared/order", naclBox}},
	{file: "shared/keyring/keyring.go", imports: []string{"shared/seal"}},
	{file: "shared/address/address.go", imports: []string{"shared/roster"}},
	{file: "shared/message/message.go", imports: []string{"shared/wire"}},
	{file: "shared/enroll/enroll.go", imports: []string{"shared/roster", "shared/keyring"}},
	{file: "shared/peer/peer.go", imports: []string{"shared/enroll", "shared/address"}},
	{file: "shared/peer/driver/driver.go", imports: []string{"shared/peer", "net", "time"}, code: "func run() { go run(); time.Sleep(1) }"},
	{file: "shared/vectors/vectors.go", imports: []string{"shared/wire"}},
	{file: "relay/mesh/mesh.go", imports: []string{"shared/roster", "shared/invite"}},
	{file: "relay/store/store.go", imports: []string{"relay/mesh", "os"}},
	{file: "relay/server/server.go", imports: []string{"relay/store", "net/http"}},
	{file: "relay/api/seal.go", imports: []string{naclBox}},
	{file: "relay/operator/operator.go", imports: []string{"relay/metrics", "net/http/pprof"}},
	{file: "relay/metrics/metrics.go"},
	{file: "relay/relaytest/relaytest.go", imports: []string{"relay/server"}},
	{file: "relay/edge/edge.go", imports: []string{workers}},
	{file: "wasm/wasm_js.go", imports: []string{"shared/peer/driver", "syscall/js"}},
	{file: "cli/claudemesh/claudemesh.go", imports: []string{"shared/peer/driver", "github.com/coder/websocket"}},
	{file: "cli/claudemesh/claudemesh_test.go", imports: []string{"relay/relaytest"}},
}

func (p plant) write(t *testing.T, root string) {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "package %s\n", path.Base(path.Dir(p.file)))
	for _, imported := range p.imports {
		name := "_"
		if imported == "time" {
			name = "time"
		}
		for _, top := range []string{"shared/", "relay/"} {
			if strings.HasPrefix(imported, top) {
				imported = module + "/" + imported
			}
		}
		fmt.Fprintf(&text, "import %s %q\n", name, imported)
	}
	text.WriteString(p.code + "\n")
	file := filepath.Join(root, filepath.FromSlash(p.file))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// write makes a module of the given files and returns its folder.
func write(t *testing.T, files ...[]plant) string {
	t.Helper()
	root := t.TempDir()
	gomod := "module " + module + "\n\ngo 1.26.0\n"
	if err := os.WriteFile(filepath.Join(root, "go.mod"), []byte(gomod), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, p := range slices.Concat(files...) {
		p.write(t, root)
	}
	return root
}

func TestCleanModule(t *testing.T) {
	for f, found := range broken(t, write(t, clean)) {
		t.Errorf("a clean module breaks the fence %q: %q", table[f].reason, found)
	}
}

func TestPlants(t *testing.T) {
	found := broken(t, write(t, clean, plants))
	shown := map[int]bool{}
	for _, p := range plants {
		caught := false
		for f, violations := range found {
			if slices.ContainsFunc(violations, func(v string) bool { return strings.HasPrefix(v, p.shows) }) {
				caught, shown[f] = true, true
			}
		}
		if !caught {
			t.Errorf("%s goes unnoticed; want a violation that begins %q", p.file, p.shows)
		}
	}
	for f := range table {
		if !shown[f] {
			t.Errorf("no plant breaks the fence %q; it breaks by %q", table[f].reason, found[f])
		}
	}
}
