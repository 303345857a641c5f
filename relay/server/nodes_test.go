package server_test

import (
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/relay/server"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/memory"
)

// nodes are relays on one store behind one address.
type nodes struct {
	protocoltest.Target
	each []*relay
}

// startNodes runs a relay on each of the stores. Connections to the address of all go to them in turn.
func startNodes(t *testing.T, stores ...store.Store) *nodes {
	t.Helper()
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	origin := relaytest.Origin(front.Addr().String())
	n := new(nodes)
	for _, s := range stores {
		n.each = append(n.each, start(t, s, func(c *server.Config) {
			*c = relaytest.Config(origin, s, c.Log)
		}))
	}
	transport := &http.Transport{DisableKeepAlives: true}
	n.Target = protocoltest.Target{URL: "http://" + front.Addr().String(), Origin: origin, HTTP: &http.Client{Transport: transport}}
	var running sync.WaitGroup
	running.Go(func() { n.balance(front, &running) })
	t.Cleanup(func() {
		_ = front.Close()
		for _, r := range n.each {
			r.stop(t)
		}
		running.Wait()
	})
	return n
}

// of is the target that leads to one node alone.
func (n *nodes) of(i int) protocoltest.Target {
	target := n.Target
	target.URL = n.each[i].URL
	return target
}

func (n *nodes) balance(front net.Listener, running *sync.WaitGroup) {
	for i := 0; ; i++ {
		client, err := front.Accept()
		if err != nil {
			return
		}
		back, err := net.Dial("tcp", n.each[i%len(n.each)].URL[len("http://"):])
		if err != nil {
			_ = client.Close()
			continue
		}
		running.Go(func() {
			var directions sync.WaitGroup
			directions.Go(func() { pass(client, back) })
			directions.Go(func() { pass(back, client) })
			directions.Wait()
			_ = client.Close()
			_ = back.Close()
		})
	}
}

func pass(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.(*net.TCPConn).CloseWrite()
}

// TestProtocolOnNodes: whoever comes to the next node each time sees one relay.
func TestProtocolOnNodes(t *testing.T) {
	first := memory.NewNode(time.Now())
	t.Run("one", func(t *testing.T) { protocoltest.Run(t, startNodes(t, first).Target) })
	second, third := first.Beside(time.Now()), first.Beside(time.Now())
	t.Run("three", func(t *testing.T) { protocoltest.Run(t, startNodes(t, first, second, third).Target) })
}
