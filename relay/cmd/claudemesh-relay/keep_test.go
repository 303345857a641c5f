package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"claudemesh.com/mesh/relay/mesh"
)

func TestKeep(t *testing.T) {
	for _, c := range []struct {
		args string
		want mesh.Retention
		mesh uint64
		each uint64
		days time.Duration // of the audit
	}{
		{"", mesh.Retention{Age: 90 * 24 * time.Hour}, 4 << 30, 1 << 30, 90},
		{"--audit-days 7", mesh.Retention{Age: 90 * 24 * time.Hour}, 4 << 30, 1 << 30, 7},
		{"--audit-days 0", mesh.Retention{Age: 90 * 24 * time.Hour}, 4 << 30, 1 << 30, 0},
		{"--keep-days 0 --mesh-bytes 0 --member-bytes 0", mesh.Retention{}, 0, 0, 0},
		{"--keep-days 7 --keep-messages 1000 --keep-bytes 100MiB --mesh-bytes 1TiB --member-bytes 4194304",
			mesh.Retention{Age: 7 * 24 * time.Hour, Count: 1000, Bytes: 100 << 20}, 1 << 40, 4 << 20, 7},
	} {
		var k keeping
		if _, err := kong.Must(&k).Parse(strings.Fields(c.args)); err != nil {
			t.Errorf("%q: %v", c.args, err)
			continue
		}
		var got mesh.Config
		if err := k.apply(&got); err != nil || got.Keep != c.want || got.MeshBytes != c.mesh || got.MemberBytes != c.each || k.audit() != c.days*24*time.Hour {
			t.Errorf("%q: %+v, %d, %d, %v, %v", c.args, got.Keep, got.MeshBytes, got.MemberBytes, k.audit(), err)
		}
	}
	// The defaults of the flags and of the library are the same.
	var k keeping
	if _, err := kong.Must(&k).Parse(nil); err != nil {
		t.Fatal(err)
	}
	var got mesh.Config
	standard := mesh.DefaultConfig("http://localhost")
	if err := k.apply(&got); err != nil || got.Keep != standard.Keep || got.MeshBytes != standard.MeshBytes || got.MemberBytes != standard.MemberBytes {
		t.Errorf("the flags' defaults are not those of mesh.DefaultConfig")
	}
}

// TestKeepNonsense: what makes no sense is refused before anything is opened, with the flag's name and what would do.
func TestKeepNonsense(t *testing.T) {
	for args, want := range map[string]string{
		"--keep-days=-1":                        "--keep-days -1",
		"--keep-days=40000":                     "--keep-days 40000",
		"--audit-days=-1":                       "--audit-days -1",
		"--audit-days=40000":                    "--audit-days 40000",
		"--keep-messages=-5":                    "--keep-messages -5",
		"--keep-bytes=10":                       "--keep-bytes 10 bytes",
		"--mesh-bytes=1MiB":                     "--mesh-bytes 1MiB",
		"--member-bytes=1KiB":                   "--member-bytes 1KiB",
		"--mesh-bytes=1GiB --member-bytes=2GiB": "one member could fill the mesh",
		"--mesh-bytes=many":                     "is no size",
		"--mesh-bytes=99999999TiB":              "is no size",
		"--keep-bytes=-1":                       "is no size",
	} {
		var out, errs bytes.Buffer
		dir := t.TempDir()
		args := append([]string{"serve", "--listen=127.0.0.1:0", "--data=" + dir}, strings.Fields(args)...)
		code := run(args, &outside{&out, &errs, func(string) string { return "" }})
		if code != exitUsage || !strings.Contains(errs.String(), want) {
			t.Errorf("%q: exit code %d and %q, want %d and %q", args, code, errs.String(), exitUsage, want)
		}
	}
	var usage usageError
	if !errors.As((&keeping{KeepDays: -1}).apply(new(mesh.Config)), &usage) {
		t.Error("nonsense is not a usage error")
	}
}
