//go:build unix

package main

import (
	"flag"
	"math/rand/v2"
	"strings"
	"testing"

	"claudemesh.com/mesh/relay/store/postgres/postgrestest"
	"claudemesh.com/mesh/shared/wire"
)

var (
	faultRounds = flag.Int("fault-rounds", 8, "how many crashes each fault test has")
	faultSeed   = flag.Uint64("fault-seed", 0, "what chooses sends and crashes; 0: any")
)

func seed() uint64 {
	if *faultSeed != 0 {
		return *faultSeed
	}
	return rand.Uint64() | 1
}

// rise starts a relay again where it was.
func (p *process) rise(t *testing.T) {
	t.Helper()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
}

// TestKilledUnderLoad: a relay that is killed again and again while many write to it loses nothing of what it accepted, shows
// nothing twice, and keeps every cursor.
func TestKilledUnderLoad(t *testing.T) {
	data := t.TempDir()
	p := serving(t, "", data)
	c := newCrowd(t, p.target, seed(), 3, 4)
	for range *faultRounds {
		c.round(60+c.random.IntN(150), p.Kill)
		p.rise(t)
		does(t, 0, "check", data)
		c.cursors(cursorsOf(t, data))
	}
	c.finish()
	p.stops(t)
	does(t, 0, "check", data)
}

// So does one whose meshes are in PostgreSQL.
func TestKilledUnderLoadOnPostgres(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	p := serving(t, "", "", "--database-url", address)
	c := newCrowd(t, p.target, seed(), 2, 4)
	for range *faultRounds {
		c.round(60+c.random.IntN(150), p.Kill)
		p.rise(t)
		does(t, 0, "check", "--database-url", address)
		c.cursors(cursorsIn(t, address))
	}
	c.finish()
}

// TestDrainUnderLoad: a relay that is told to stop while many write to it carries out what it took, says goodbye to all, and
// leaves one file.
func TestDrainUnderLoad(t *testing.T) {
	data := t.TempDir()
	p := serving(t, "", data)
	c := newCrowd(t, p.target, seed(), 3, 4, wire.CodeDraining)
	for range *faultRounds {
		c.round(60+c.random.IntN(150), func() { p.stops(t) })
		does(t, 0, "check", data)
		p.rise(t)
		c.cursors(cursorsOf(t, data))
	}
	c.finish()
	if log := p.Log(); strings.Contains(log, "level=ERROR") {
		t.Errorf("the relay logged errors: %s", log)
	}
}
