package postgres_test

import (
	"testing"

	"claudemesh.com/mesh/relay/store/postgres"
)

func TestUnguarded(t *testing.T) {
	for address, want := range map[string]bool{
		"postgres://relay@db.example/mesh":                     true,
		"postgres://relay@db.example/mesh?sslmode=prefer":      true,
		"host=10.0.0.7 user=relay dbname=mesh sslmode=allow":   true,
		"postgres://relay@a.example,b.example/mesh":            true,
		"postgres://relay@db.example/mesh?sslmode=disable":     false,
		"postgres://relay@db.example/mesh?sslmode=require":     false,
		"postgres://relay@db.example/mesh?sslmode=verify-full": false,
		"postgres://relay@localhost/mesh":                      false,
		"postgres://relay@127.0.0.1/mesh":                      false,
		"postgres://relay@[::1]/mesh":                          false,
		"postgres:///mesh?host=/run/postgresql":                false,
		"postgres://relay:hunter2@db.example:port/mesh?a=b":    false,
	} {
		if got := postgres.Unguarded(address); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
