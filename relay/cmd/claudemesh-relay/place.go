package main

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"claudemesh.com/mesh/shared/wire"
)

// defaultPort is the relay's where nothing names another.
const defaultPort = "7900"

// parseListen is the address to listen on: the flag's, without a host on loopback, or else loopback and BROKER_PORT.
func parseListen(flag, brokerPort string) (string, error) {
	if flag == "" {
		port := brokerPort
		if port == "" {
			port = defaultPort
		}
		if !isPort(port) {
			return "", usageError(fmt.Sprintf("BROKER_PORT is %q; it must be a port from 1 to 65535", port))
		}
		return net.JoinHostPort("127.0.0.1", port), nil
	}
	host, port, err := net.SplitHostPort(flag)
	if err != nil || !isPort(port) {
		return "", usageError(fmt.Sprintf("--listen %q: it is HOST:PORT, for example 127.0.0.1:7900", flag))
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

// place is where a relay can be reached.
type place struct {
	url      string   // for people
	origin   string   // what hellos sign (wire.CanonicalOrigin)
	hosts    []string // host[:port] as a browser may write it
	allowed  []string // canonical origins of other dashboards
	loopback bool     // only this machine reaches it
}

// locate works out the place of a relay that listens on actual, having been asked to listen on asked.
func locate(actual net.Addr, asked, publicURL string, allow []string) (place, error) {
	var p place
	_, port, err := net.SplitHostPort(actual.String())
	if err != nil {
		return p, err
	}
	host, _, err := net.SplitHostPort(asked)
	if err != nil {
		return p, err
	}
	p.loopback = isLoopback(host)
	switch {
	case publicURL != "":
		if err := p.public(publicURL); err != nil {
			return p, err
		}
	case p.loopback:
		p.url = "http://" + net.JoinHostPort(host, port)
		if wire.IsLoopback(host) {
			p.url = "http://localhost:" + port
			p.hosts = []string{"localhost:" + port, "127.0.0.1:" + port}
		}
	default:
		return p, usageError(fmt.Sprintf("listening on %s lets others in, so the relay must know its own address. Add --public-url, for example --public-url https://relay.example.com, or listen on 127.0.0.1", asked))
	}
	if p.origin, err = wire.CanonicalOrigin(p.url); err != nil {
		return p, usageError(fmt.Sprintf("--public-url %q: %v", publicURL, err))
	}
	if p.hosts == nil {
		_, host, _ := strings.Cut(p.origin, "://")
		p.hosts = []string{host}
	}
	for _, text := range allow {
		origin, err := wire.CanonicalOrigin(text)
		if err != nil {
			return p, usageError(fmt.Sprintf("--allow-origin %q: it looks like https://dashboard.example", text))
		}
		p.allowed = append(p.allowed, origin)
	}
	return p, nil
}

func (p *place) public(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return usageError(fmt.Sprintf("--public-url %q: it looks like https://relay.example.com, with a port where it has one and nothing behind", text))
	}
	p.url = u.Scheme + "://" + u.Host
	p.loopback = p.loopback && isLoopback(u.Hostname())
	return nil
}

// isLoopback reports whether only this machine reaches the host.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}
