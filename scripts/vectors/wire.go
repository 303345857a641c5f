package main

import (
	"fmt"

	"claudemesh.com/mesh/shared/wire"
)

var (
	someMesh   = wire.MeshID(some("mesh"))
	someDevice = wire.DeviceID(some("device"))
)

func wireVectors(g *group) {
	hashVectors(g)
	originVectors(g)
	positionVectors(g)
	frameVectors(g)
	hotVectors(g)
	envelopeVectors(g)
	jsonVectors(g)
}

func hashVectors(g *group) {
	data := []byte("data")
	hash := wire.HashOf("example", data)
	g.add("hash", "1", "hash", "H(D(purpose) ‖ data)", inText("purpose", "example"), in("data", data), out("hash", hash[:]))
	hash = wire.HashOf("example")
	g.add("hash_no_data", "1", "hash", "the domain alone", inText("purpose", "example"), in("data", nil), out("hash", hash[:]))

	secret := some("secret")
	key := wire.Derive(secret[:], "example", data)
	g.add("derive", "1", "derive", "HKDF(secret, D(purpose) ‖ data)",
		in("secret", secret[:]), inText("purpose", "example"), in("data", data), out("key", key[:]))
	key = wire.Derive(secret[:16], "example")
	g.add("derive_short_secret", "1", "derive", "a secret of 16 bytes, as an invite has",
		in("secret", secret[:16]), inText("purpose", "example"), in("data", nil), out("key", key[:]))

	topic := wire.GeneralTopic(someMesh)
	g.add("general_topic", "2", "general-topic", "#general follows from the mesh", in("mesh", someMesh[:]), out("topic", topic[:]))
	id := wire.MessageIDOf(someMesh, someDevice, 258)
	g.add("message_id", "2", "message-id", "the first 16 bytes of a hash", in("mesh", someMesh[:]), in("device", someDevice[:]),
		inNumber("counter", 258), out("id", id[:]))

	for _, oneShot := range []bool{false, true} {
		nonce := some("challenge")
		session := some("session")
		hello := wire.Hello{Device: someDevice, Session: wire.SessionID(session[:16]), OneShot: oneShot, Origin: "https://relay.example"}
		name, flag := "hello", uint64(0)
		if oneShot {
			name, flag = "hello_one_shot", 1
		}
		g.add(name, "9", "hello-bytes", "what a hello's signature covers", in("nonce", nonce[:]), in("mesh", someMesh[:]), in("device", someDevice[:]),
			in("session", session[:16]), inNumber("one_shot", flag), inText("origin", hello.Origin), out("bytes", wire.HelloBytes(nonce[:], someMesh, hello)))
	}
}

func originVectors(g *group) {
	for _, c := range []struct{ name, comment, address, origin string }{
		{"plain", "already canonical", "https://relay.example", "https://relay.example"},
		{"upper_case", "lower case", "HTTPS://Relay.Example", "https://relay.example"},
		{"space", "white space around it is no part of it", " https://relay.example\n", "https://relay.example"},
		{"wss", "wss is https", "wss://relay.example/ws", "https://relay.example"},
		{"ws", "ws is http", "ws://relay.example:7900", "http://relay.example:7900"},
		{"default_port", "no default port", "https://relay.example:443", "https://relay.example"},
		{"default_port_http", "no default port", "http://relay.example:80/", "http://relay.example"},
		{"other_default_port", "the default port of the other scheme stays", "https://relay.example:80", "https://relay.example:80"},
		{"port_zeros", "a port is written without zeros in front", "https://relay.example:08443", "https://relay.example:8443"},
		{"empty_port", "an empty port is none", "https://relay.example:", "https://relay.example"},
		{"path", "a path is left out", "https://relay.example/a/b", "https://relay.example"},
		{"localhost", "this machine's name", "http://localhost:7900", "http://localhost:7900"},
		{"loopback_v4", "127.0.0.1 is localhost", "http://127.0.0.1:7900", "http://localhost:7900"},
		{"loopback_v6", "[::1] is localhost", "http://[::1]:7900", "http://localhost:7900"},
		{"loopback_v6_long", "so is its long form", "http://[0:0:0:0:0:0:0:1]:7900", "http://localhost:7900"},
		{"other_loopback", "127.0.0.2 is not", "http://127.0.0.2", "http://127.0.0.2"},
		{"ipv6", "an IPv6 address is written as RFC 5952 says", "https://[2001:DB8:0:0:0:0:0:1]:8443", "https://[2001:db8::1]:8443"},
	} {
		g.add("origin_"+c.name, "9", "origin", c.comment, inText("address", c.address), outText("origin", c.origin))
	}
	for _, c := range []struct{ name, comment, address string }{
		{"no_scheme", "a scheme is needed", "relay.example"},
		{"other_scheme", "only http, https, ws and wss", "ftp://relay.example"},
		{"user", "user info", "https://user@relay.example"},
		{"query", "a query", "https://relay.example/?a=b"},
		{"fragment", "a fragment", "https://relay.example/#a"},
		{"no_host", "no host", "https://:443"},
		{"port_zero", "port 0", "https://relay.example:0"},
		{"port_large", "a port over 65535", "https://relay.example:65536"},
		{"not_ascii", "a host is written in ASCII, as a browser sends it", "https://relé.example"},
		{"escaped", "a percent sign in a host", "https://relay%2eexample"},
		{"zone", "an IPv6 address with a zone", "https://[fe80::1%25eth0]"},
	} {
		g.refuse(wire.CodeMalformed, "origin_"+c.name, "9", "origin", c.comment, inText("address", c.address))
	}
}

func positionVectors(g *group) {
	for _, c := range []struct {
		name, comment string
		old, unix     uint64
		generation    uint32
	}{
		{"clock", "minutes since 2026-01-01", 0, 1767225600 + 90, 1},
		{"clock_later", "a year later", 5, 1767225600 + 365*86400, 525600},
		{"clock_back", "a clock that went back still raises it", 600000, 1767225600, 600001},
		{"clock_before_2026", "a clock before 2026", 0, 1700000000, 1},
	} {
		g.add("generation_"+c.name, "8", "next-generation", c.comment, inNumber("old", c.old), inNumber("unix", c.unix), outNumber("generation", uint64(c.generation)))
	}
	for _, c := range []struct {
		name, comment    string
		last, generation uint64
		next             uint64
	}{
		{"same", "the next number of the generation", 7<<28 + 4, 7, 7<<28 + 5},
		{"new", "the first number of a new generation is 1", 7<<28 + 4, 9, 9<<28 + 1},
		{"empty", "the first position of a stream", 0, 7, 7<<28 + 1},
		{"older", "a generation that is behind the stream changes nothing", 7<<28 + 4, 3, 7<<28 + 5},
	} {
		g.add("position_"+c.name, "8", "next-position", c.comment, inNumber("last", c.last), inNumber("generation", c.generation), outNumber("next", c.next))
	}
}

func frameVectors(g *group) {
	two := wire.AppendFrame(wire.AppendFrame(nil, wire.FramePing, []byte("12345678")), wire.FrameBye, nil)
	const do = "frame"
	g.add("frame", "9", do, "the first of two frames", in("message", two), outNumber("type", 0x08), outText("payload", "12345678"), out("rest", []byte{0x09, 0, 0, 0, 0}))
	g.add("frame_empty", "9", do, "a frame without payload", in("message", []byte{0x09, 0, 0, 0, 0}), outNumber("type", 0x09), out("payload", nil), out("rest", nil))
	g.add("frame_unknown", "9", do, "a type that nobody knows is still a frame", in("message", []byte{0x7f, 0, 0, 0, 1, 5}), outNumber("type", 0x7f), out("payload", []byte{5}), out("rest", nil))
	largest := fmt.Sprintf("0200110000 00*%d", wire.MaxFrame)
	g.add("frame_largest", "9", do, "the largest payload", inValue("message", largest), outNumber("type", 2),
		outOf(inValue("payload", fmt.Sprintf("00*%d", wire.MaxFrame))), out("rest", nil))
	g.refuse(wire.CodeMalformed, "frame_none", "9", do, "no bytes", in("message", nil))
	g.refuse(wire.CodeMalformed, "frame_cut_header", "9", do, "cut inside the length", in("message", two[:4]))
	g.refuse(wire.CodeMalformed, "frame_cut_payload", "9", do, "cut inside the payload", in("message", two[:12]))
	g.refuse(wire.CodeTooLarge, "frame_too_large", "9", do, "a length over the bound is refused before the payload is looked at", in("message", []byte{2, 0, 0x11, 0, 1}))
	g.refuse(wire.CodeTooLarge, "frame_huge", "9", do, "the largest length that can be written", in("message", []byte{2, 0xff, 0xff, 0xff, 0xff}))
}
