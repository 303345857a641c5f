package server_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"claudemesh.com/mesh/relay/api"
	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/server"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

// An address that holds as many connections as it may gets no more until it lets one go; so does everybody, of the relay as a whole.
func TestConnectionsAtOnce(t *testing.T) {
	for _, limits := range []server.Limits{{AddressConnections: 2}, {Connections: 2}} {
		synctest.Test(t, func(t *testing.T) {
			p := newPipes()
			r := startOn(t, p, inMemory(), func(c *server.Config) { c.Limits = limits })
			r.HTTP.Transport.(*http.Transport).DialContext = p.dial
			m := protocoltest.Found(t, r.Target)
			first, second := m.Connect(t, m.Owner), m.Dial(t)
			m.RefusesUpgrade(t, wire.CodeRateLimited)
			r.counts(t, `http_requests_total{route="/ws",code="rate_limited"} 1`)
			first.Write(wire.AppendFrame(nil, wire.FramePing, make([]byte, wire.PingSize)))
			if _, ok := first.Until(wire.FramePong); !ok {
				t.Error("an open connection was closed")
			}
			for _, c := range []*protocoltest.Client{first, second} { // the one is gone without a word, the other is closed
				c.HangUp()
				synctest.Wait()
				m.Connect(t, m.Owner)
				m.RefusesUpgrade(t, wire.CodeRateLimited)
			}
		})
	}
}

// Whom a proxy speaks for is counted, not the proxy.
func TestConnectionsBehindAProxy(t *testing.T) {
	r := start(t, memory.New(time.Now()), func(c *server.Config) {
		c.API.Address = api.ClientAddress([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")})
		c.Limits = server.Limits{AddressConnections: 1}
	})
	m := protocoltest.Found(t, r.Target)
	upgrade := func(from string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.URL+"/ws?mesh="+m.ID.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
			"Sec-WebSocket-Protocol": wire.Subprotocol, "X-Forwarded-For": from,
		} {
			request.Header.Set(name, value)
		}
		answer, err := r.HTTP.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { answer.Body.Close() })
		return answer
	}
	for _, c := range []struct {
		from string
		want int
	}{
		{"192.0.2.1", http.StatusSwitchingProtocols}, {"192.0.2.2", http.StatusSwitchingProtocols}, {"192.0.2.1", http.StatusTooManyRequests},
		{"2001:db8::1", http.StatusSwitchingProtocols}, {"2001:db8::2", http.StatusTooManyRequests},
	} {
		answer := upgrade(c.from)
		if answer.StatusCode != c.want {
			t.Errorf("for %s: %s, want %d", c.from, answer.Status, c.want)
		}
		if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); c.want == http.StatusTooManyRequests && (err != nil || seconds < 1) {
			t.Errorf("for %s: told to wait %q seconds", c.from, answer.Header.Get("Retry-After"))
		}
	}
}

// Connections that ask for nothing are bounded too; WebSockets and those of a proxy do not count among them.
func TestVisitsAtOnce(t *testing.T) {
	const most = 3
	for _, c := range []struct {
		name    string
		limits  server.Limits
		bounded bool
	}{
		{"of an address", server.Limits{Visits: most}, true},
		{"in all", server.Limits{VisitsInAll: most}, true},
		{"of a proxy", server.Limits{Visits: most, VisitsInAll: most, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, memory.New(time.Now()), func(config *server.Config) { config.Limits = c.limits })
			m := protocoltest.Found(t, r.Target)
			for range most + 1 {
				m.Connect(t, m.Owner)
			}
			r.HTTP.CloseIdleConnections()
			// Which of them is one too many depends on when the relay saw the others go; of twice as many, some are.
			var refused int
			var open []net.Conn
			for range 2 * most {
				conn, err := net.Dial("tcp", r.URL[len("http://"):])
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				open = append(open, conn)
			}
			for _, conn := range open {
				if _, err := io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
					refused++
					continue
				}
				if n, err := conn.Read(make([]byte, 1)); n == 0 {
					var timeout net.Error
					if errors.As(err, &timeout) && timeout.Timeout() {
						t.Fatal(err)
					}
					refused++
				}
			}
			if bounded := refused > 0; bounded != c.bounded || c.bounded && (refused < most || refused > most+1) {
				t.Errorf("%d of %d connections were refused", refused, 2*most)
			}
			r.counts(t, "http_connections_refused_total "+strconv.Itoa(refused))
		})
	}
}
