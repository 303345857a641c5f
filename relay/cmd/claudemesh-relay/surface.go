package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"

	"claudemesh.com/mesh/relay/metrics"
	"claudemesh.com/mesh/relay/operator"
)

// surface are the flags of what the operator sees.
type surface struct {
	Operator     string   `default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Address of metrics (/metrics) and profiles (/debug/pprof/), without a host on loopback; off: none. Default 127.0.0.1:0, a free port, which the log tells."`
	OperatorHost []string `placeholder:"NAME" help:"Name by which that address may be asked, besides localhost and addresses. May be given several times."`
}

// serve shows the metrics where the flags say; close ends it.
func (s *surface) serve(r *metrics.Registry, log *slog.Logger) (close func() error, err error) {
	if s.Operator == "off" {
		return func() error { return nil }, nil
	}
	host, port, err := net.SplitHostPort(s.Operator)
	if err != nil || !isPort(port) {
		return nil, usageError(fmt.Sprintf("--operator %q: it is HOST:PORT, for example 127.0.0.1:9464, or off", s.Operator))
	}
	if host == "" {
		host = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("cannot listen on --operator %s: %w", s.Operator, err)
	}
	if !isLoopback(host) {
		log.Warn("metrics and profiles are open to everyone who reaches their address: they have no password", "operator", listener.Addr())
	}
	log.Info("metrics and profiles", "operator", "http://"+listener.Addr().String())
	shown := operator.Serve(listener, operator.Config{Metrics: r, Hosts: append([]string{host}, s.OperatorHost...), Log: log})
	return shown.Close, nil
}

// closing joins the failure of a close to another.
func closing(err *error, close func() error) { *err = errors.Join(*err, close()) }
