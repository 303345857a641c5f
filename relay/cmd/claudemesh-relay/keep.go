package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// keeping are the flags that say how much the relay keeps, and for how long.
type keeping struct {
	KeepDays     int  `default:"90" placeholder:"N" help:"Days for which messages are kept, read or not; 0: for ever. Default 90."`
	KeepMessages int  `default:"0" placeholder:"N" help:"Newest messages kept of each inbox and topic; older ones go. 0: no limit. Default 0."`
	KeepBytes    size `default:"0" placeholder:"SIZE" help:"Newest bytes kept of each inbox and topic, likewise, for example 100MiB. 0: no limit. Default 0."`
	MeshBytes    size `default:"4GiB" placeholder:"SIZE" help:"Bytes kept of a mesh; above it, sends are refused and nothing is dropped. 0: no limit. Default 4GiB."`
	MemberBytes  size `default:"1GiB" placeholder:"SIZE" help:"Bytes kept of what one member sent, likewise. Default 1GiB."`
	WarnFree     size `default:"1GiB" placeholder:"SIZE" help:"Free bytes of the disk of the data folder below which the log warns; 0: never. Default 1GiB."`
}

// The largest and least that makes sense.
const (
	maxKeepDays  = 36_500
	minKeepBytes = 4 << 20 // some of the largest envelopes
	minMeshBytes = 16 << 20
)

// apply puts the flags into a configuration, or says which is nonsense and what would not be.
func (k *keeping) apply(c *mesh.Config) error {
	switch {
	case k.KeepDays < 0 || k.KeepDays > maxKeepDays:
		return usageError(fmt.Sprintf("--keep-days %d: it is from 1 to %d, or 0 to keep messages for ever", k.KeepDays, maxKeepDays))
	case k.KeepMessages < 0:
		return usageError(fmt.Sprintf("--keep-messages %d: it is 1 or more, or 0 for no limit", k.KeepMessages))
	case k.KeepBytes != 0 && k.KeepBytes < minKeepBytes:
		return usageError(fmt.Sprintf("--keep-bytes %s: a single message can have 1 MiB, so it is at least %s, or 0 for no limit", k.KeepBytes, size(minKeepBytes)))
	case k.MeshBytes != 0 && k.MeshBytes < minMeshBytes:
		return usageError(fmt.Sprintf("--mesh-bytes %s: it is at least %s, or 0 for no limit", k.MeshBytes, size(minMeshBytes)))
	case k.MemberBytes != 0 && k.MemberBytes < minKeepBytes:
		return usageError(fmt.Sprintf("--member-bytes %s: it is at least %s, or 0 for no limit", k.MemberBytes, size(minKeepBytes)))
	case k.MeshBytes != 0 && k.MemberBytes > k.MeshBytes:
		return usageError(fmt.Sprintf("--member-bytes %s is more than --mesh-bytes %s, so one member could fill the mesh. Lower the one or raise the other", k.MemberBytes, k.MeshBytes))
	}
	c.Keep = mesh.Retention{Age: time.Duration(k.KeepDays) * 24 * time.Hour, Count: uint64(k.KeepMessages), Bytes: uint64(k.KeepBytes)}
	c.MeshBytes, c.MemberBytes = uint64(k.MeshBytes), uint64(k.MemberBytes)
	return nil
}

// size is a number of bytes, written with a unit where it has one.
type size uint64

var units = []struct {
	name  string
	bytes uint64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

func (s size) String() string {
	for _, unit := range units {
		if s != 0 && uint64(s)%unit.bytes == 0 {
			return fmt.Sprintf("%d%s", uint64(s)/unit.bytes, unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", uint64(s))
}

// UnmarshalText reads a size; it stays below what the protocol can count.
func (s *size) UnmarshalText(text []byte) error {
	number, factor := string(text), uint64(1)
	for _, unit := range units {
		if rest, found := strings.CutSuffix(number, unit.name); found {
			number, factor = rest, unit.bytes
			break
		}
	}
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || n > wire.MaxCounter/factor {
		return fmt.Errorf("%q is no size: it looks like 500MiB, 4GiB, or a number of bytes", text)
	}
	*s = size(n * factor)
	return nil
}
