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

// A plant is a file that breaks a fence in an otherwise clean module.
type plant struct {
	file    string
	imports []string // our own ones relative to the module
	code    string
	breaks  string // how the reason of the broken fence begins
}

var plants = []plant{
	{file: "shared/wire/x.go", imports: []string{"shared/message"}, breaks: "wire is the ground"},
	{file: "shared/identity/x.go", imports: []string{"shared/message"}, breaks: "device keys"},
	{file: "shared/roster/x.go", imports: []string{"shared/seal"}, breaks: "the relay links roster"},
	{file: "shared/invite/x.go", imports: []string{"shared/keyring"}, breaks: "the relay links roster"},
	{file: "shared/seal/x.go", imports: []string{"shared/roster"}, breaks: "sealing is"},
	{file: "shared/keyring/x.go", imports: []string{"shared/roster"}, breaks: "root keys are"},
	{file: "shared/address/x.go", imports: []string{"shared/seal"}, breaks: "what people type"},
	{file: "shared/message/x.go", imports: []string{"shared/seal"}, breaks: "the plaintext"},
	{file: "shared/enroll/x.go", imports: []string{"shared/peer"}, breaks: "a join is settled"},
	{file: "shared/peer/x.go", imports: []string{"shared/peer/driver"}, breaks: "the driver runs"},
	{file: "shared/peer/driver/x.go", imports: []string{"relay/mesh"}, breaks: "the protocol does not depend"},
	{file: "relay/mesh/x.go", imports: []string{"relay/store"}, breaks: "the relay core is handed"},
	{file: "relay/server/x.go", imports: []string{"shared/seal"}, breaks: "the relay cannot decrypt"},
	{file: "relay/server/x_test.go", imports: []string{"shared/peer"}, breaks: "the relay cannot decrypt"},
	{file: "relay/server/y_test.go", imports: []string{"shared/peer/driver"}, breaks: "the relay cannot decrypt"},
	{file: "relay/server/x.go", imports: []string{naclBox}, breaks: "the relay seals one thing, the answer to a claim, and"},
	{file: "relay/api/x.go", imports: []string{naclBox}, breaks: "the relay seals one thing, the answer to a claim, in"},
	{file: "shared/peer/x.go", imports: []string{"net"}, breaks: "the protocol and both cores"},
	{file: "shared/wire/x_js.go", imports: []string{"syscall/js"}, breaks: "the protocol and both cores"},
	{file: "relay/mesh/x.go", imports: []string{"math/rand/v2"}, breaks: "the protocol and both cores"},
	{file: "relay/mesh/x.go", imports: []string{"time"}, code: "var now = time.Now", breaks: "the protocol and both cores"},
	{file: "shared/peer/x.go", imports: []string{"time"}, code: "func wait() { <-time.After(1) }", breaks: "the protocol and both cores"},
	{file: "shared/peer/x.go", code: "func spawn() { go spawn() }", breaks: "the protocol and both cores"},
	{file: "wasm/x_js.go", imports: []string{"net/http"}, breaks: "net/http doubles"},
	{file: "shared/peer/driver/x_js.go", imports: []string{"net/http/cookiejar"}, breaks: "net/http doubles"},
	{file: "wasm/x_js.go", imports: []string{"github.com/coder/websocket"}, breaks: "net/http doubles"},
	{file: "cli/claudemesh/x.go", imports: []string{"shared/vectors"}, breaks: "golden vectors"},
	{file: "relay/server/x.go", imports: []string{workers}, breaks: "the edge platform"},
	{file: "cli/claudemesh/x.go", imports: []string{"relay/mesh"}, breaks: "a peer reaches"},
}

// clean is a module of our shape that breaks nothing, although its tests use what
// code may not.
var clean = []plant{
	{file: "shared/wire/wire.go"},
	{file: "shared/wire/wire_test.go", imports: []string{"os", "net", "time", "shared/vectors"}, code: "var _ = time.Now"},
	{file: "shared/identity/identity.go", imports: []string{"shared/wire"}},
	{file: "shared/roster/roster.go", imports: []string{"shared/identity", "time"}, code: "func at(t time.Time) time.Time { return t }"},
	{file: "shared/invite/invite.go", imports: []string{"shared/identity"}},
	{file: "shared/seal/seal.go", imports: []string{"shared/wire", naclBox}},
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
	{file: "relay/edge/edge.go", imports: []string{workers}},
	{file: "wasm/wasm_js.go", imports: []string{"shared/peer/driver", "syscall/js"}},
	{file: "cli/claudemesh/claudemesh.go", imports: []string{"shared/peer/driver", "github.com/coder/websocket"}},
	{file: "cli/claudemesh/claudemesh_test.go", imports: []string{"relay/server"}},
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

// broken returns the reasons of the fences that the module in root breaks.
func broken(t *testing.T, root string) map[string][]string {
	t.Helper()
	reasons := map[string][]string{}
	for _, on := range platforms {
		g, err := load(root, on.goos, on.goarch, on.patterns...)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range table {
			found, err := f.violations(g)
			if err != nil {
				t.Fatal(err)
			}
			if len(found) > 0 {
				reasons[f.reason] = append(reasons[f.reason], found...)
			}
		}
	}
	return reasons
}

func cleanModule(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	gomod := "module " + module + "\n\ngo 1.26.0\n"
	if err := os.WriteFile(filepath.Join(root, "go.mod"), []byte(gomod), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, p := range clean {
		p.write(t, root)
	}
	return root
}

func TestCleanModule(t *testing.T) {
	for reason, found := range broken(t, cleanModule(t)) {
		t.Errorf("a clean module breaks %q: %q", reason, found)
	}
}

func TestPlants(t *testing.T) {
	for _, p := range plants {
		t.Run(p.file, func(t *testing.T) {
			root := cleanModule(t)
			p.write(t, root)
			reasons := broken(t, root)
			for reason := range reasons {
				if strings.HasPrefix(reason, p.breaks) {
					return
				}
			}
			t.Errorf("imports %q and code %q do not break %q; broken: %q", p.imports, p.code, p.breaks, reasons)
		})
	}
}

func TestEveryFenceHasAPlant(t *testing.T) {
	for _, f := range table {
		if !slices.ContainsFunc(plants, func(p plant) bool { return strings.HasPrefix(f.reason, p.breaks) }) {
			t.Errorf("no plant breaks the fence %q", f.reason)
		}
	}
}
