package deploy_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/jackc/pgx/v5"
)

// domain is the name by which relays are reached in these tests, and origin what peers sign there.
const (
	domain = "relay.example"
	origin = "https://" + domain
)

// load reads a compose file as Docker Compose does.
func load(t *testing.T, file string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{file}, cli.WithEnv([]string{"CLAUDEMESH_DOMAIN=" + domain}))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// relaysOf are a project's services of our own image.
func relaysOf(p *types.Project) (list []types.ServiceConfig) {
	for _, name := range p.ServiceNames() {
		if s := p.Services[name]; s.Build != nil {
			list = append(list, s)
		}
	}
	return list
}

func TestCompose(t *testing.T) {
	for file, relays := range map[string]int{"compose.yaml": 3, "compose.sqlite.yaml": 1} {
		t.Run(file, func(t *testing.T) {
			p := load(t, file)
			for name, s := range p.Services {
				service(t, name, s)
			}
			list := relaysOf(p)
			if len(list) != relays {
				t.Fatalf("%d relays, want %d", len(list), relays)
			}
			caddy := p.Services["caddy"]
			var addresses []string
			for _, s := range list {
				addresses = append(addresses, s.Name+":7900")
				if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || len(s.Ports) > 0 {
					t.Errorf("%s may write to its image, has capabilities or is open to others", s.Name)
				}
				if caddy.DependsOn[s.Name].Condition != types.ServiceConditionHealthy {
					t.Errorf("Caddy does not wait for %s", s.Name)
				}
				trusts(t, p, s)
			}
			if given := strings.Fields(*caddy.Environment["CLAUDEMESH_RELAYS"]); !slices.Equal(given, addresses) {
				t.Errorf("Caddy passes on to %q, and the relays are %q", given, addresses)
			}
			if *caddy.Environment["CLAUDEMESH_DOMAIN"] != domain {
				t.Error("Caddy has another name than the relays")
			}
		})
	}
}

// service checks what every service needs: it comes back, it is watched, it has bounds and time to end, and no secret stands
// in the file.
func service(t *testing.T, name string, s types.ServiceConfig) {
	if s.Restart != types.RestartPolicyUnlessStopped {
		t.Errorf("%s: restart is %q", name, s.Restart)
	}
	// A relay's check is in its image.
	if s.HealthCheck == nil && s.Build == nil {
		t.Errorf("%s has no health check", name)
	}
	if s.Deploy == nil || s.Deploy.Resources.Limits == nil || s.Deploy.Resources.Limits.MemoryBytes == 0 || s.Deploy.Resources.Limits.NanoCPUs == 0 {
		t.Errorf("%s has no limits of memory and processors", name)
	}
	// Relays drain for 10 s at most.
	if s.StopGracePeriod == nil || time.Duration(*s.StopGracePeriod) <= 10*time.Second {
		t.Errorf("%s has no time to end", name)
	}
	if s.Build == nil && !strings.ContainsAny(s.Image, "0123456789") {
		t.Errorf("%s: the image %s names no version", name, s.Image)
	}
	if s.Logging == nil || s.Logging.Options["max-size"] == "" {
		t.Errorf("%s: its log has no bound", name)
	}
	for key, value := range s.Environment {
		if value != nil && strings.Contains(strings.ToLower(key), "password") && !strings.HasPrefix(*value, "/run/secrets/") {
			t.Errorf("%s: %s stands in the file", name, key)
		}
	}
}

// trusts checks that a relay believes Caddy, and nobody else, where a client comes from.
func trusts(t *testing.T, p *types.Project, relay types.ServiceConfig) {
	const flag = "--trust-proxy="
	i := slices.IndexFunc(relay.Command, func(arg string) bool { return strings.HasPrefix(arg, flag) })
	if i < 0 {
		t.Fatalf("%s trusts no proxy", relay.Name)
	}
	prefix, err := netip.ParsePrefix(strings.TrimPrefix(relay.Command[i], flag))
	if err != nil || !prefix.IsSingleIP() || prefix.Addr().String() != p.Services["caddy"].Networks["front"].Ipv4Address {
		t.Errorf("%s trusts %s, which is not Caddy's address (%v)", relay.Name, prefix, err)
	}
}

// TestSecrets: the files that prepare makes are those that the compose files read, and the relay's database has the password of one.
func TestSecrets(t *testing.T) {
	folder := prepared(t)
	names := map[string]bool{}
	for _, file := range []string{"compose.yaml", "compose.sqlite.yaml"} {
		p := load(t, file)
		for name, secret := range p.Secrets {
			names[name] = true
			if filepath.Base(filepath.Dir(secret.File)) != "secrets" || filepath.Base(secret.File) != name || secret.Environment != "" || secret.Content != "" {
				t.Errorf("the secret %s is %+v", name, secret)
			}
		}
	}
	entries, err := os.ReadDir(filepath.Join(folder, "secrets"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !names[entry.Name()] {
			t.Errorf("no compose file reads secrets/%s", entry.Name())
		}
		delete(names, entry.Name())
	}
	if len(names) > 0 {
		t.Errorf("prepare does not make %v", names)
	}
	postgres := load(t, "compose.yaml").Services["postgres"]
	for _, s := range relaysOf(load(t, "compose.yaml")) {
		address := strings.Replace(*s.Environment["DATABASE_URL"], "/run/secrets/", filepath.Join(folder, "secrets")+"/", 1)
		config, err := pgx.ParseConfig(address)
		if err != nil {
			t.Fatal(err)
		}
		password, err := os.ReadFile(filepath.Join(folder, "secrets", "postgres-password"))
		if err != nil || len(password) < 40 || config.Password != string(password) {
			t.Errorf("the relay's password for the database is %q and not %q: %v", config.Password, password, err)
		}
		if config.Host != "postgres" || config.User != *postgres.Environment["POSTGRES_USER"] || config.Database != *postgres.Environment["POSTGRES_DB"] {
			t.Errorf("the relay's database is %s of %s on %s", config.Database, config.User, config.Host)
		}
	}
}
