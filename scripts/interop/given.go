package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

// given are a request's fields. One that is missing or cannot be read is a fault of the test, and ends the program.
type given map[string]string

func (g given) bytes(name string) []byte {
	text, ok := g[name]
	b, err := hex.DecodeString(text)
	if !ok || err != nil {
		fail(fmt.Errorf("the field %s is missing or cannot be read", name))
	}
	return b
}

func (g given) key(name string) [32]byte {
	b := g.bytes(name)
	if len(b) != 32 {
		fail(fmt.Errorf("%s has %d bytes", name, len(b)))
	}
	return [32]byte(b)
}

func (g given) number(name string) uint64 {
	n, err := strconv.ParseUint(g[name], 10, 64)
	if err != nil {
		fail(err)
	}
	return n
}

func (g given) epoch() uint32 { return uint32(g.number("epoch")) }

func (g given) device() *identity.Software {
	d, err := identity.Restore(identity.Private(g.bytes("private")))
	if err != nil {
		fail(err)
	}
	return d
}

func (g given) record(name string) identity.Public { return parse(g.bytes(name)) }

func parse(record []byte) identity.Public {
	p, err := identity.ParsePublic(record)
	if err != nil {
		fail(err)
	}
	return p
}

func (g given) shared(with [32]byte) identity.SharedKey {
	key, err := g.device().SharedKey(context.Background(), with)
	if err != nil {
		fail(err)
	}
	return key
}

func (g given) sign(message []byte) []byte {
	signature, err := g.device().Sign(context.Background(), message)
	if err != nil {
		fail(err)
	}
	return signature
}

func (g given) header(recipients string) wire.Header {
	h := wire.Header{Priority: wire.Priority(g.number("priority")), Epoch: g.epoch(), Counter: g.number("counter"), Expires: g.number("expires")}
	for id := range slices.Chunk(g.bytes(recipients), wire.IDSize) {
		h.Recipients = append(h.Recipients, [wire.IDSize]byte(id))
	}
	return h
}

func (g given) card(device wire.DeviceID) seal.CardOf {
	return seal.CardOf{Mesh: g.key("mesh"), Device: device, Session: wire.SessionID(g.bytes("session")), Version: g.number("version")}
}
