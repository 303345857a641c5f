package postgres

import (
	"net/netip"
	"path/filepath"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Unguarded reports whether an address leaves it to whoever is on the way to another machine whether the connection is encrypted:
// sslmode is prefer, which it is where nobody says it, or allow. Who says disable has said what they want.
func Unguarded(address string) bool {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return false // opening it tells
	}
	ways := []*pgconn.FallbackConfig{{Host: config.Host, TLSConfig: config.TLSConfig}}
	ways = append(ways, config.Fallbacks...)
	plain, encrypted := false, false
	for _, way := range ways {
		if isHere(way.Host) {
			continue
		}
		plain = plain || way.TLSConfig == nil
		encrypted = encrypted || way.TLSConfig != nil
	}
	return plain && encrypted
}

// isHere reports whether a host is this machine: the folder of a socket, or loopback.
func isHere(host string) bool {
	address, err := netip.ParseAddr(host)
	return filepath.IsAbs(host) || host == "localhost" || err == nil && address.IsLoopback()
}
