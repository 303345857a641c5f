package main

import (
	"fmt"
	"net/netip"

	"claudemesh.com/mesh/relay/api"
	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/server"
	"claudemesh.com/mesh/shared/wire"
)

// limiting are the flags that say how much strangers, members and meshes may do. docs/operating.md lists every limit.
type limiting struct {
	ClaimsPerMinute    int `default:"120" placeholder:"N" help:"Claims of invites that one address may make in a minute, and at once; 0: no limit. Default 120."`
	LookupsPerMinute   int `default:"240" placeholder:"N" help:"Look-ups of invites, likewise. Default 240."`
	MeshesPerMinute    int `default:"120" placeholder:"N" help:"Meshes made, likewise. Default 120."`
	ConnectsPerMinute  int `default:"1200" placeholder:"N" help:"WebSockets opened, likewise. Default 1200."`
	DownloadsPerMinute int `default:"60" placeholder:"N" help:"Programs and install scripts downloaded, likewise. Default 60."`

	Connections        int `default:"50000" placeholder:"N" help:"WebSockets open at once; 0: no limit. Default 50000."`
	AddressConnections int `default:"2000" placeholder:"N" help:"WebSockets open at once of one address, likewise. Default 2000."`

	MemberSendsPerSecond int  `default:"500" placeholder:"N" help:"Messages a second of one member, in the long run, and ten times as many at once; 0: no limit. Default 500."`
	MemberBytesPerSecond size `default:"2MiB" placeholder:"SIZE" help:"Bytes a second of one member's messages, once for each recipient, and 32 times as many at once. Default 2MiB."`
	MeshSendsPerSecond   int  `default:"10000" placeholder:"N" help:"Messages a second of one mesh, and twenty times as many at once. Default 10000."`
	MeshBytesPerSecond   size `default:"64MiB" placeholder:"SIZE" help:"Bytes a second of one mesh's messages, once for each recipient, and 16 times as many at once. Default 64MiB."`
}

// apply puts the flags into the configurations, or says which is nonsense.
func (l *limiting) apply(c *mesh.Config, rates *api.Rates, held *server.Limits, proxies []netip.Prefix) error {
	for _, flag := range []struct {
		name string
		n    int
	}{
		{"claims-per-minute", l.ClaimsPerMinute}, {"lookups-per-minute", l.LookupsPerMinute}, {"meshes-per-minute", l.MeshesPerMinute},
		{"connects-per-minute", l.ConnectsPerMinute}, {"downloads-per-minute", l.DownloadsPerMinute}, {"connections", l.Connections},
		{"address-connections", l.AddressConnections}, {"member-sends-per-second", l.MemberSendsPerSecond}, {"mesh-sends-per-second", l.MeshSendsPerSecond},
	} {
		if flag.n < 0 {
			return usageError(fmt.Sprintf("--%s %d: it is 1 or more, or 0 for no limit", flag.name, flag.n))
		}
	}
	for _, p := range proxies {
		if p.Bits() == 0 {
			return usageError(fmt.Sprintf("--trust-proxy %s: everybody would be believed to be whoever they say. Name the proxy's own address", p))
		}
	}
	*rates = api.Rates{
		Lookups: l.LookupsPerMinute, Claims: l.ClaimsPerMinute, Meshes: l.MeshesPerMinute, Upgrades: l.ConnectsPerMinute,
		Downloads: l.DownloadsPerMinute,
	}
	*held = server.DefaultLimits
	held.Connections, held.AddressConnections, held.Proxies = l.Connections, l.AddressConnections, proxies
	c.Sends, c.AllSends = rate(l.MemberSendsPerSecond, 10, 1), rate(l.MeshSendsPerSecond, 20, 1)
	c.Bytes, c.AllBytes = rate(l.MemberBytesPerSecond, 32, largest), rate(l.MeshBytesPerSecond, 16, largest)
	return nil
}

// largest is what one message can count for, in bytes: or it could never be sent.
const largest = wire.MaxEnvelope * wire.MaxRecipients

// rate is so many a second, and so many times as many at once, but no fewer than the least.
func rate[N int | size](perSecond N, times, least float64) mesh.Rate {
	return mesh.Rate{PerSecond: float64(perSecond), Burst: max(float64(perSecond)*times, least)}
}
