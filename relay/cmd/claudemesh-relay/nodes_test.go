//go:build unix

package main

import (
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/relay/store/postgres/postgrestest"
	"claudemesh.com/mesh/shared/wire"
)

// cluster is relays in processes of their own, each a node, on one database and behind one address. Connections to that go to
// them in turn, but not to those that do not listen.
type cluster struct {
	t      *testing.T
	front  net.Listener
	target protocoltest.Target
	nodes  []*relaytest.Process

	mu      sync.Mutex
	listens []string
	next    int
	passing sync.WaitGroup
}

// startCluster starts a node for each address of a database.
func startCluster(t *testing.T, databases ...string) *cluster {
	t.Helper()
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	origin := relaytest.Origin(front.Addr().String())
	c := &cluster{t: t, front: front, target: protocoltest.Target{URL: origin, Origin: origin, HTTP: &http.Client{Transport: transport}}}
	c.nodes, c.listens = make([]*relaytest.Process, len(databases)), make([]string, len(databases))
	t.Cleanup(func() {
		_ = front.Close()
		for _, n := range c.nodes {
			n.Kill()
		}
		c.passing.Wait()
	})
	for i, address := range databases {
		c.start(i, address)
	}
	c.passing.Go(c.balance)
	return c
}

// start starts a node, in place of the one that was there.
func (c *cluster) start(i int, database string) {
	c.t.Helper()
	n := &relaytest.Process{Program: program(), Flags: []string{
		"--verbose", "--public-url", c.target.Origin, "--database-url", database,
		"--claims-per-minute", "0", "--lookups-per-minute", "0", "--meshes-per-minute", "0", "--connects-per-minute", "0",
	}}
	n.Run(c.t)
	c.t.Cleanup(func() { // before its folder goes
		if c.t.Failed() {
			c.t.Logf("node %d logged:\n%s", i, n.Log())
		}
	})
	listen := regexp.MustCompile(`listen=(\S+)`).FindStringSubmatch(n.Log())
	if listen == nil {
		c.t.Fatalf("the log does not tell where it listens: %s", n.Log())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[i], c.listens[i] = n, listen[1]
}

// of is the target that leads to one node alone.
func (c *cluster) of(i int) protocoltest.Target {
	target := c.target
	target.URL = "http://" + c.listens[i]
	return target
}

// at is a mesh as it is reached through one node.
func (c *cluster) at(i int, m *protocoltest.Mesh) *protocoltest.Mesh {
	there := *m
	there.Target = c.of(i)
	return &there
}

// ready waits until a node says that it is, or that it is not.
func (c *cluster) ready(i int, want bool) {
	c.t.Helper()
	for {
		response, err := c.target.HTTP.Get(c.of(i).URL + "/readyz")
		if err != nil {
			c.t.Fatal(err)
		}
		response.Body.Close()
		if (response.StatusCode == http.StatusOK) == want {
			return
		}
		if c.t.Context().Err() != nil {
			c.t.Fatalf("node %d: /readyz answers %d", i, response.StatusCode)
		}
	}
}

func (c *cluster) balance() {
	for {
		client, err := c.front.Accept()
		if err != nil {
			return
		}
		back := c.dial()
		if back == nil {
			_ = client.Close()
			continue
		}
		c.passing.Go(func() { pass(client, back) })
	}
}

func (c *cluster) dial() net.Conn {
	for range c.nodes {
		c.mu.Lock()
		c.next++
		to := c.listens[c.next%len(c.listens)]
		c.mu.Unlock()
		if back, err := net.Dial("tcp", to); err == nil {
			return back
		}
	}
	return nil
}

// pass copies in both directions until both ended. A relay may answer and close before it read all that was asked.
func pass(client, back net.Conn) {
	defer client.Close()
	defer back.Close()
	var directions sync.WaitGroup
	for _, d := range [][2]net.Conn{{client, back}, {back, client}} {
		directions.Go(func() {
			_, _ = io.Copy(d[0], d[1])
			_ = d[0].(*net.TCPConn).CloseWrite()
		})
	}
	directions.Wait()
}

// TestProtocolOnProcesses: whoever comes to the next of three nodes each time sees one relay.
func TestProtocolOnProcesses(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	c := startCluster(t, address, address, address)
	protocoltest.Run(t, c.target)
	for i, n := range c.nodes {
		if err := n.Stop(); err != nil {
			t.Errorf("node %d: %v", i, err)
		}
		if log := n.Log(); strings.Contains(log, "level=ERROR") || strings.Contains(log, "secret") {
			t.Errorf("node %d logged: %s", i, log)
		}
	}
}

// watcher is a client that keeps what it is told of sessions.
type watcher struct {
	*protocoltest.Client
	seen map[wire.SessionID]wire.SessionState
}

// sees reads presence until devices are as wanted. One that is somewhere is not away.
func (w *watcher) sees(t *testing.T, want map[wire.DeviceID]string) {
	t.Helper()
	for {
		states := make(map[wire.DeviceID]string)
		for _, s := range w.seen {
			if states[s.Device] != wire.StateOnline {
				states[s.Device] = s.State
			}
		}
		if maps.Equal(states, want) {
			return
		}
		var p wire.Presence
		w.ReadJSON(wire.FramePresence, &p)
		if p.Full {
			w.seen = make(map[wire.SessionID]wire.SessionState)
		}
		for _, s := range p.Sessions {
			w.seen[s.Session] = s
		}
	}
}

// TestPresenceOnNodes: everyone sees who is at another node, that they are away when it is killed, and that they come back
// elsewhere. A session that comes back elsewhere while its old connection still stands ends that.
func TestPresenceOnNodes(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	c := startCluster(t, address, address, address)
	m := protocoltest.Found(t, c.of(0))
	founder := c.at(0, m).Connect(t, m.Owner)
	bob, eve := c.at(1, m).Add(t, founder), c.at(2, m).Add(t, founder)
	join := func(node int, d *protocoltest.Device, session wire.SessionID) *watcher {
		return &watcher{Client: c.at(node, m).ConnectAs(t, d, session, false)}
	}
	owner := join(0, m.Owner, wire.SessionID{1}) // which passes over no presence, unlike the first one
	atOne, atTwo := join(1, bob, wire.SessionID{2}), join(2, eve, wire.SessionID{3})
	all := map[wire.DeviceID]string{m.Owner.ID: wire.StateOnline, bob.ID: wire.StateOnline, eve.ID: wire.StateOnline}
	for _, w := range []*watcher{owner, atOne, atTwo} {
		w.sees(t, all)
	}
	moved := join(1, eve, wire.SessionID{3})
	atTwo.Closes(wire.CodeSuperseded)
	moved.sees(t, all)
	c.nodes[1].Kill()
	owner.sees(t, map[wire.DeviceID]string{m.Owner.ID: wire.StateOnline, bob.ID: wire.StateAway, eve.ID: wire.StateAway})
	again, back := join(2, bob, wire.SessionID{2}), join(0, eve, wire.SessionID{3})
	for _, w := range []*watcher{owner, again, back} {
		w.sees(t, all)
	}
}
