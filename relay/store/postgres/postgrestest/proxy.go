//go:build unix

package postgrestest

import (
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
)

// Proxy stands between a server and those who reach it by the proxy's address, until it is cut. Its methods may be called by everyone.
type Proxy struct {
	listener net.Listener
	socket   string
	database string
	work     sync.WaitGroup

	mu    sync.Mutex
	moved sync.Cond // cut or closed changed
	cut   bool
	shut  bool
	conns []net.Conn
}

// Proxy starts a proxy to a database, given by its address. It ends with the test.
func (s *Server) Proxy(t testing.TB, address string) *Proxy {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{socket: filepath.Join(s.folder, ".s.PGSQL."+port), database: u.Path}
	p.moved.L = &p.mu
	if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	p.work.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// Address is that of the database through the proxy.
func (p *Proxy) Address() string {
	return "postgres://relay:a%20secret@" + p.listener.Addr().String() + p.database + "?sslmode=disable"
}

// Cut lets nothing through any more, in either direction. Connections stay open, and new ones can be made, as when packets are
// lost on their way.
func (p *Proxy) Cut() { p.set(true) }

// Mend lets everything through again, with what was held back.
func (p *Proxy) Mend() { p.set(false) }

func (p *Proxy) set(cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = cut
	p.moved.Broadcast()
}

func (p *Proxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	p.shut = true
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.moved.Broadcast()
	p.mu.Unlock()
	p.work.Wait()
}

// open waits while the proxy is cut and reports whether it goes on.
func (p *Proxy) open() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.cut && !p.shut {
		p.moved.Wait()
	}
	return !p.shut
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() { p.connect(client) })
	}
}

func (p *Proxy) connect(client net.Conn) {
	if !p.keep(client) || !p.open() {
		return
	}
	server, err := net.Dial("unix", p.socket)
	if err != nil || !p.keep(server) {
		_ = client.Close()
		return
	}
	p.work.Go(func() { p.pass(client, server) })
	p.pass(server, client)
}

// keep notes a connection for the end, and closes it where that has come.
func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, c)
	if p.shut {
		_ = c.Close()
	}
	return !p.shut
}

// pass copies until an end is closed, which a cut hides too.
func (p *Proxy) pass(from, to net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if !p.open() {
			return
		}
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	_, _ = from.Close(), to.Close()
}
