package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"claudemesh.com/mesh/relay/api"
	"claudemesh.com/mesh/relay/downloads"
	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/metrics"
	"claudemesh.com/mesh/relay/server"
	"claudemesh.com/mesh/relay/store/sqlite"
	relayweb "claudemesh.com/mesh/relay/web"
	"claudemesh.com/mesh/web"
)

// drainLimit is how long peers get to go when the relay stops.
const drainLimit = 10 * time.Second

type serve struct {
	Listen    string `placeholder:"HOST:PORT" help:"Address to listen on; without a host, on loopback. Default 127.0.0.1:7900, or the port in BROKER_PORT."`
	Data      string `placeholder:"DIR" type:"path" help:"Folder for the database. Default: claudemesh-relay in your state folder."`
	Database  string `name:"database-url" placeholder:"URL" help:"PostgreSQL database to use in place of a file, as postgres://user@host/name. Default: what DATABASE_URL holds, which other users of the machine do not see."`
	PublicURL string `name:"public-url" placeholder:"URL" help:"The address by which peers and browsers reach this relay. Needed unless it listens on loopback."`
	Create    string `enum:"auto,open,token,closed" default:"auto" help:"Who may make meshes: anyone (open), who has the operator's token (token), nobody (closed). auto is open on loopback and token elsewhere."`

	Downloads string `placeholder:"DIR" type:"path" help:"Folder of claudemesh programs to hand out, as \"make dist\" leaves it. Default: none."`

	OperatorTokenFile string    `placeholder:"FILE" type:"path" help:"File with the operator's token, made if it is not there. Default: operator-token in the data folder."`
	AllowOrigin       []string  `placeholder:"ORIGIN" help:"Origin of a dashboard served elsewhere that may use this relay. May be given several times."`
	TrustProxy        []proxies `placeholder:"ADDRESS" help:"Reverse proxies whose X-Forwarded-For is believed: an address, or a network such as 10.1.0.0/16. May be given several times."`

	Limits  limiting `embed:""`
	Keeping keeping  `embed:""`
	Surface surface  `embed:""`

	Verbose bool `help:"Log refusals too."`
}

// proxies are one address or a network.
type proxies struct{ netip.Prefix }

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *proxies) UnmarshalText(text []byte) (err error) {
	if address, bad := netip.ParseAddr(string(text)); bad == nil {
		p.Prefix = netip.PrefixFrom(address, address.BitLen())
		return nil
	}
	if p.Prefix, err = netip.ParsePrefix(string(text)); err != nil {
		return fmt.Errorf("%q is no address and no network; it looks like 127.0.0.1 or 10.1.0.0/16", text)
	}
	return nil
}

// Run serves until a signal comes and then drains.
func (s *serve) Run(o *outside) (err error) {
	level := slog.LevelInfo
	if s.Verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(o.stderr, &slog.HandlerOptions{Level: level}))

	limits := mesh.DefaultConfig()
	if err := s.Keeping.apply(&limits); err != nil {
		return err
	}
	var trusted []netip.Prefix
	for _, p := range s.TrustProxy {
		trusted = append(trusted, p.Prefix)
	}
	var rates api.Rates
	var held server.Limits
	if err := s.Limits.apply(&limits, &rates, &held, trusted); err != nil {
		return err
	}
	asked, err := parseListen(s.Listen, o.env("BROKER_PORT"))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", asked)
	if err != nil {
		return explainListen(asked, err)
	}
	defer listener.Close()
	place, err := locate(listener.Addr(), asked, s.PublicURL, s.AllowOrigin)
	if err != nil {
		return err
	}

	if host, _, _ := net.SplitHostPort(asked); isLoopback(host) && !place.loopback && len(s.TrustProxy) == 0 {
		log.Warn("peers come through a proxy, so that all of them count as one address. Name it: --trust-proxy 127.0.0.1")
	}
	limits.Origins = []string{place.origin}
	data, err := dataFolder(s.Data, o.env)
	if err != nil {
		return err
	}
	creation, token, err := s.creation(place, data, log)
	if err != nil {
		return err
	}
	dashboard, err := relayweb.Handler(web.Dist(), relayweb.Options{
		Placeholder: web.Placeholder,
		Hosts:       place.hosts,
		NoRoute:     api.NoRoute(),
	})
	if err != nil {
		return err
	}

	programs, err := downloads.New(downloads.Options{Folder: s.Downloads, Origin: place.origin, Refuse: api.WriteError, Log: log})
	if err != nil {
		return fmt.Errorf("--downloads: %w. \"make dist\" makes such a folder in bin/dist", err)
	}

	registry := metrics.New()
	registry.Runtime()
	hide, err := s.Surface.serve(registry, log)
	if err != nil {
		return err
	}
	defer closing(&err, hide)
	_, missing := os.Stat(sqlite.Path(data))
	database, kind, err := openStore(s.Database, data, o.env, log)
	if err != nil {
		return err
	}
	if kind == "sqlite" {
		showRoom(registry, data)
	}
	relay := server.New(server.Config{
		Store: database,
		Mesh:  limits,
		Audit: s.Keeping.audit(),
		API: api.Config{
			Creation:  creation,
			Token:     token,
			Rates:     rates,
			Origins:   api.NewOrigins(place.origin, place.allowed...),
			Address:   api.ClientAddress(trusted),
			Log:       log,
			Downloads: programs,
		},
		Dashboard: dashboard,
		Output:    server.DefaultOutput,
		Limits:    held,
		Metrics:   registry,
		Log:       log,
	})
	log.Info("relay starts", "version", version, "listen", listener.Addr(), "data", data, "store", kind, "create", creation)
	if kind == "sqlite" && errors.Is(missing, fs.ErrNotExist) {
		log.Info("there was no database in the data folder, so a new one was made: no mesh is known here", "data", data)
	}
	watch, unwatch := context.WithCancel(context.Background())
	defer unwatch()
	if kind == "sqlite" {
		room := &roomWatch{free: func() (float64, bool) { return freeBytes(data) }, least: s.Keeping.WarnFree, log: log}
		room.look()
		go room.until(watch)
	}
	err = until(relay, listener, func() { fmt.Fprintf(o.stdout, "claudemesh is ready: %s\n", place.url) }, log)
	return errors.Join(err, database.Close())
}

// until serves until SIGTERM or SIGINT, and then drains; a second signal ends the program at once.
func until(relay *server.Server, l net.Listener, ready func(), log *slog.Logger) error {
	ctx, forget := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer forget()
	served := make(chan error, 1)
	go func() { served <- relay.Serve(l) }()
	ready()
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
		log.Info("relay drains")
	}
	forget()
	limited, cancel := context.WithTimeout(context.Background(), drainLimit)
	defer cancel()
	relay.Drain(limited)
	log.Info("relay stopped")
	return err
}

func explainListen(address string, err error) error {
	const windowsInUse = syscall.Errno(10048) // WSAEADDRINUSE
	switch {
	case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, windowsInUse):
		host, _, _ := net.SplitHostPort(address)
		return fmt.Errorf("another program already listens on %s. Stop it, or choose another port: --listen %s, or BROKER_PORT=7901",
			address, net.JoinHostPort(host, "7901"))
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("this user may not listen on %s. Choose a port of 1024 or above with --listen", address)
	}
	return fmt.Errorf("cannot listen on %s: %w", address, err)
}

func (s *serve) creation(p place, data string, log *slog.Logger) (api.Creation, string, error) {
	creation := api.Creation(s.Create)
	if s.Create == "auto" {
		creation = api.CreateByToken
		if p.loopback {
			creation = api.CreateOpen
		}
	}
	if creation != api.CreateByToken {
		return creation, "", nil
	}
	path := s.OperatorTokenFile
	if path == "" {
		path = filepath.Join(data, "operator-token")
	}
	token, err := operatorToken(path)
	if err != nil {
		return "", "", err
	}
	log.Info("making a mesh needs the operator's token", "file", path)
	return creation, token, nil
}
