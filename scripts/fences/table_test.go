package fences

// A fence restricts some packages of the module. Patterns of our own packages are
// relative to the module and may end in "/..."; every other import path is whole.
type fence struct {
	from   []string // the packages it holds for
	except []string // but not for these
	reason string

	// The restrictions; one that is not given restricts nothing.
	only  []string // of our own packages, code may import these alone
	never []string // code may not import these
	reach []string // neither code nor tests may reach these, directly or through others
	once  string   // at most one file may import this
	pure  bool     // code may not read a clock, set a timer or start a goroutine
}

var (
	shared  = []string{"shared/..."}
	driver  = []string{"shared/peer/driver/..."}
	product = []string{"shared/...", "relay/...", "wasm/...", "cli/...", "web/..."}
)

const (
	naclBox = "golang.org/x/crypto/nacl/box"
	workers = "github.com/syumai/workers"
)

var table = []fence{
	{
		from:   []string{"shared/wire"},
		only:   []string{},
		reason: "wire is the ground that everything stands on",
	},
	{
		from:   []string{"shared/order"},
		only:   []string{},
		reason: "sorting knows nothing of what it sorts",
	},
	{
		from:   []string{"shared/identity"},
		only:   []string{"shared/wire"},
		reason: "device keys know ids and nothing of what is signed with them",
	},
	{
		from:   []string{"shared/roster", "shared/invite"},
		only:   []string{"shared/wire", "shared/order", "shared/identity"},
		reason: "the relay links roster and invite, so sealed fields must stay opaque bytes to them",
	},
	{
		from:   []string{"shared/seal"},
		only:   []string{"shared/wire", "shared/order", "shared/identity"},
		reason: "sealing is a function of keys and bytes; membership is decided before it",
	},
	{
		from:   []string{"shared/keyring"},
		only:   []string{"shared/wire", "shared/order", "shared/identity", "shared/seal"},
		reason: "root keys are a function of epochs and bytes; membership is decided before it",
	},
	{
		from:   []string{"shared/address"},
		only:   []string{"shared/wire", "shared/order", "shared/roster"},
		reason: "what people type resolves to recipients without any key",
	},
	{
		from:   []string{"shared/message"},
		only:   []string{"shared/wire"},
		reason: "the plaintext does not know how it is sealed",
	},
	{
		from: []string{"shared/enroll"},
		only: []string{
			"shared/wire", "shared/identity", "shared/roster", "shared/invite", "shared/seal",
			"shared/keyring", "shared/message",
		},
		reason: "a join is settled before there is a peer core to run",
	},
	{
		from:   []string{"shared/peer"},
		only:   []string{"shared/wire", "shared/order", "shared/identity", "shared/roster", "shared/invite", "shared/seal", "shared/keyring", "shared/message", "shared/address", "shared/enroll"},
		reason: "the driver runs the peer core, never the other way round",
	},
	{
		from:   shared,
		only:   shared,
		reason: "the protocol does not depend on the programs that speak it",
	},
	{
		from:   []string{"relay/mesh"},
		only:   []string{"shared/wire", "shared/identity", "shared/roster", "shared/invite"},
		reason: "the relay core is handed its world; stores and servers depend on it",
	},
	{
		from:   []string{"relay/..."},
		reach:  []string{"shared/seal", "shared/keyring", "shared/enroll", "shared/message", "shared/peer"},
		reason: "the relay cannot decrypt, by construction",
	},
	{
		from:   []string{"relay/metrics"},
		only:   []string{},
		reason: "counting knows nothing of what is counted",
	},
	{
		from:   product,
		except: []string{"relay/operator"},
		never:  []string{"net/http/pprof"},
		reason: "profiles are for the operator's own listener",
	},
	{
		from:   []string{"relay/downloads"},
		only:   []string{"shared/wire"},
		reason: "what a relay hands out has nothing to do with its meshes",
	},
	{
		from:   []string{"relay/..."},
		except: []string{"relay/api"},
		never:  []string{naclBox},
		reason: "the relay seals one thing, the answer to a claim, and relay/api does it",
	},
	{
		from:   []string{"relay/api"},
		once:   naclBox,
		reason: "the relay seals one thing, the answer to a claim, in one file",
	},
	{
		from:   append([]string{"relay/mesh"}, shared...),
		except: driver,
		never:  []string{"net", "net/http", "os", "database/sql", "syscall/js", "math/rand", "math/rand/v2"},
		pure:   true,
		reason: "the protocol and both cores are deterministic: time, entropy and I/O are handed in",
	},
	{
		from:   []string{"wasm/..."},
		except: []string{"wasm/apitest"},
		reach:  []string{"net/http", "github.com/coder/websocket"},
		reason: "net/http doubles the download; coder/websocket buffers without bound under js",
	},
	{
		from:   product,
		except: []string{"shared/vectors/..."},
		never:  []string{"claudemesh.com/mesh/shared/vectors"},
		reason: "golden vectors are for tests and would grow every program",
	},
	{
		from: product,
		never: []string{
			"claudemesh.com/mesh/relay/relaytest", "claudemesh.com/mesh/relay/protocoltest",
			"claudemesh.com/mesh/relay/store/storetest", "claudemesh.com/mesh/shared/peer/driver/storetest",
		},
		reason: "what tests and measurements share runs relays and fails tests, and no program does either for them",
	},
	{
		from:   product,
		except: []string{"relay/edge/..."},
		never:  []string{workers},
		reason: "the edge platform is one adapter of the relay",
	},
	{
		from:   []string{"cli/...", "wasm/..."},
		only:   []string{"shared/...", "cli/...", "wasm/..."},
		reason: "a peer reaches a relay over the wire alone",
	},
}
