package deploy_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/relay/store/postgres/postgrestest"
	"claudemesh.com/mesh/shared/wire"
)

// unbounded are flags for tests, which ask more often than a client may.
var unbounded = []string{"--create=open", "--claims-per-minute=0", "--lookups-per-minute=0", "--meshes-per-minute=0", "--connects-per-minute=0"}

// TestProtocolThroughProxy: relays with the flags that ship keep every rule of the protocol behind the proxy that ships, also where
// each connection may come to another one of three.
func TestProtocolThroughProxy(t *testing.T) {
	for file, env := range map[string][]string{
		"compose.sqlite.yaml": nil,
		"compose.yaml":        {"DATABASE_URL=" + postgrestest.Start(t).Database(t)},
	} {
		t.Run(file, func(t *testing.T) {
			var addresses []string
			for _, shipped := range relaysOf(load(t, file)) {
				_, address := relay(t, shipped.Command, env, unbounded...)
				addresses = append(addresses, address)
			}
			c := proxied(t, addresses...)
			protocoltest.Run(t, protocoltest.Target{URL: origin, Origin: origin, HTTP: c.client(t, "127.0.0.1")})
		})
	}
}

// TestAddressOfClient: behind the proxy each client has limits of its own, and none gets more by saying that it is another.
func TestAddressOfClient(t *testing.T) {
	shipped := relaysOf(load(t, "compose.sqlite.yaml"))[0]
	const limit = 5
	_, address := relay(t, shipped.Command, nil, fmt.Sprintf("--lookups-per-minute=%d", limit))
	c := proxied(t, address)
	lookUp := func(client *http.Client, says string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, origin+"/api/public/invites/abcdefgh", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Forwarded-For", says)
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			t.Fatal(err)
		}
		if answer.Header.Get("Strict-Transport-Security") == "" {
			t.Error("the proxy does not ask browsers to stay with https")
		}
		return answer.StatusCode
	}
	for _, from := range []string{"127.0.0.2", "127.0.0.3"} {
		client := c.client(t, from)
		for n := range limit {
			if status := lookUp(client, fmt.Sprintf("203.0.113.%d", n)); status != http.StatusNotFound {
				t.Errorf("%s: look-up %d is answered %d", from, n, status)
			}
		}
		if status := lookUp(client, "203.0.113.200"); status != http.StatusTooManyRequests {
			t.Errorf("%s: one look-up too many is answered %d", from, status)
		}
	}
}

// TestDrainBehindProxy: three relays on one database are stopped one after another. Every connection ends with the word to come
// back, and nothing else ends one; whoever comes is served by the relays that are left. Where none is, the proxy says so.
func TestDrainBehindProxy(t *testing.T) {
	database := postgrestest.Start(t).Database(t)
	var running []*relaytest.Process
	var addresses []string
	for _, shipped := range relaysOf(load(t, "compose.yaml")) {
		p, address := relay(t, shipped.Command, []string{"DATABASE_URL=" + database}, unbounded...)
		running, addresses = append(running, p), append(addresses, address)
	}
	c := proxied(t, addresses...)
	target := protocoltest.Target{URL: origin, Origin: origin, HTTP: c.client(t, "127.0.0.1")}

	// Made beforehand: an old Caddy does not offer a request with a body to the next relay.
	meshes := make([]*protocoltest.Mesh, 2*len(running)-1)
	for i := range meshes {
		meshes[i] = protocoltest.Found(t, target)
	}
	ends := make(chan wire.Close, len(meshes))
	made := 0
	peer := func() {
		m := meshes[made]
		client := m.Connect(t, m.Owner)
		client.Send(0, m.Topic(m.Owner, 100, wire.GeneralTopic(m.ID)))
		client.Accepted(1)
		made++
		go func() { ends <- last(client) }()
	}
	for range running {
		peer()
	}
	for i, p := range running {
		if err := p.Stop(); err != nil {
			t.Errorf("relay %d: %v: %s", i+1, err, p.Log())
		}
		if i < len(running)-1 {
			peer()
		}
	}
	for range meshes {
		if bye := <-ends; bye.Code != wire.CodeDraining {
			t.Errorf("a connection ended with %+v", bye)
		}
	}
	answer, err := target.HTTP.Get(origin + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusBadGateway && answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("without relays the proxy answers %d", answer.StatusCode)
	}
}

// last is what a relay closes the connection with.
func last(c *protocoltest.Client) (bye wire.Close) {
	for {
		frame, open := c.Next()
		if !open {
			return bye
		}
		if frame.Type == wire.FrameClose && wire.DecodeJSON(frame.Payload, wire.MaxJSON, &bye) != nil {
			return wire.Close{}
		}
	}
}
