package main

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

// ids are n ascending ids.
func ids(n int) [][wire.IDSize]byte {
	list := make([][wire.IDSize]byte, n)
	for i := range list {
		list[i] = some("id")
		binary.BigEndian.PutUint16(list[i][:], uint16(i+1))
	}
	return list
}

// plainEnvelope is an envelope that parses, of bytes that open with no key.
func plainEnvelope(recipients, stanzas, ciphertext int) []byte {
	commitment, nonce := some("commitment"), [wire.NonceSize]byte(some24("nonce"))
	header := wire.AppendHeader(nil, wire.Header{Kind: wire.KindDirect, Priority: wire.PriorityNow, Epoch: 3, Counter: 258, Expires: 1767225600, Recipients: ids(recipients)})
	list := make([]wire.Stanza, stanzas)
	for i, id := range ids(stanzas) {
		list[i].Device, list[i].Nonce = id, nonce
	}
	return wire.AppendEnvelope(nil, header, &commitment, &nonce, list, bytes.Repeat([]byte{0xcc}, ciphertext))
}

func plainTopic(ciphertext int) []byte {
	nonce := [wire.NonceSize]byte(some24("nonce"))
	header := wire.AppendHeader(nil, wire.Header{Kind: wire.KindTopic, Epoch: 3, Counter: 1, Recipients: [][wire.IDSize]byte{some("topic")}})
	return wire.AppendEnvelope(nil, header, nil, &nonce, nil, bytes.Repeat([]byte{0xcc}, ciphertext))
}

func some24(label string) []byte {
	b := some(label)
	return b[:wire.NonceSize]
}

func parsed(b []byte) []vectors.Field {
	e := must(wire.ParseEnvelope(b))
	var recipients, devices []byte
	for i := range e.Recipients() {
		r := e.Recipient(i)
		recipients = append(recipients, r[:]...)
	}
	for i := range e.Stanzas() {
		d := e.StanzaDevice(i)
		devices = append(devices, d[:]...)
	}
	return []vectors.Field{in("envelope", b), outNumber("kind", uint64(e.Kind)), outNumber("priority", uint64(e.Priority)), outNumber("epoch", uint64(e.Epoch)),
		outNumber("counter", e.Counter), outNumber("expires", e.Expires), out("recipients", recipients), out("header", e.Header), out("commitment", e.Commitment),
		out("nonce", e.Nonce), out("devices", devices), out("ciphertext", e.Ciphertext)}
}

// Offsets in an envelope with one recipient.
const (
	atEpoch      = 4
	atCounter    = 8
	atCount      = 24
	atRecipients = 26
)

func envelopeVectors(g *group) {
	const do, rule = "envelope", "5"
	direct, topic := plainEnvelope(1, 2, 96), plainTopic(96)
	g.add("envelope_direct", rule, do, "one recipient, two devices", parsed(direct)...)
	g.add("envelope_topic", rule, do, "to a topic: no commitment, no stanzas", parsed(topic)...)
	g.add("envelope_no_stanza", rule, do, "as a device sees it that was added later", parsed(plainEnvelope(1, 0, 96))...)
	g.add("envelope_64_recipients", rule, do, "the most recipients", parsed(plainEnvelope(64, 1, 96))...)
	g.add("envelope_empty_ciphertext", rule, do, "an empty ciphertext is well-formed here, and does not open", parsed(plainEnvelope(1, 1, 0))...)
	last := with(direct, atCounter+1, 0x1f)
	copy(last[atCounter+2:], bytes.Repeat([]byte{0xff}, 6))
	g.add("envelope_counter_largest", rule, do, "the largest counter", parsed(last)...)
	overhead := len(plainTopic(0))
	g.add("envelope_largest", rule, do, "an envelope of 1 MiB", parsed(plainTopic(wire.MaxEnvelope-overhead))...)
	eight := wire.MaxFanOutBytes/16 - len(plainEnvelope(16, 0, 0))
	g.add("envelope_fan_out_largest", rule, do, "16 recipients, 512 KiB", parsed(plainEnvelope(16, 0, eight))...)

	bad := func(code wire.Code, name, comment string, b []byte) {
		g.refuse(code, "envelope_"+name, rule, do, comment, in("envelope", b))
	}
	bad(wire.CodeMalformed, "none", "no bytes", nil)
	bad(wire.CodeTooLarge, "over_1_mib", "one byte over 1 MiB", plainTopic(wire.MaxEnvelope-overhead+1))
	bad(wire.CodeTooLarge, "fan_out", "16 recipients, one byte over 512 KiB", plainEnvelope(16, 0, eight+1))
	bad(wire.CodeUnsupported, "suite_0", "suite 0", with(direct, 0, 0))
	bad(wire.CodeUnsupported, "suite_2", "suite 2", with(direct, 0, 2))
	bad(wire.CodeMalformed, "kind_0", "kind 0", with(direct, 1, 0))
	bad(wire.CodeMalformed, "kind_3", "kind 3", with(direct, 1, 3))
	bad(wire.CodeMalformed, "priority_3", "priority 3", with(direct, 2, 3))
	bad(wire.CodeMalformed, "flags", "flags are 0", with(direct, 3, 1))
	bad(wire.CodeMalformed, "epoch_0", "epochs begin with 1", with(direct, atEpoch+3, 0))
	bad(wire.CodeMalformed, "counter_0", "counters begin with 1", with(with(direct, atCounter+6, 0), atCounter+7, 0))
	bad(wire.CodeMalformed, "counter_2_53", "a counter of 2^53", with(direct, atCounter+1, 0x20))
	bad(wire.CodeMalformed, "no_recipient", "no recipient", join(direct[:atCount], []byte{0, 0}, direct[atRecipients+32:]))
	bad(wire.CodeMalformed, "65_recipients", "65 recipients", plainEnvelope(65, 1, 96))
	bad(wire.CodeMalformed, "topic_two_recipients", "a topic envelope with two recipients", join(topic[:atCount], []byte{0, 2}, topic[atRecipients:atRecipients+32], bytes.Repeat([]byte{0xff}, 32), topic[atRecipients+32:]))
	two := plainEnvelope(2, 1, 96)
	swapped := join(two[:atRecipients], two[atRecipients+32:atRecipients+64], two[atRecipients:atRecipients+32], two[atRecipients+64:])
	bad(wire.CodeMalformed, "recipients_order", "recipients that do not ascend", swapped)
	bad(wire.CodeMalformed, "recipient_twice", "a recipient named twice", join(two[:atRecipients+32], two[atRecipients:atRecipients+32], two[atRecipients+64:]))

	atStanzas := atRecipients + 32 + wire.CommitmentSize + wire.NonceSize
	first, second := direct[atStanzas+2:atStanzas+2+wire.StanzaSize], direct[atStanzas+2+wire.StanzaSize:atStanzas+2+2*wire.StanzaSize]
	rest := direct[atStanzas+2+2*wire.StanzaSize:]
	bad(wire.CodeMalformed, "stanzas_order", "stanzas that do not ascend", join(direct[:atStanzas+2], second, first, rest))
	bad(wire.CodeMalformed, "stanza_twice", "two stanzas for one device", join(direct[:atStanzas+2], first, first, rest))
	bad(wire.CodeMalformed, "stanza_count", "one stanza fewer than the count says", join(direct[:atStanzas+2], first, rest))
	topicStanzas := len(topic) - 96 - 4 - 2
	bad(wire.CodeMalformed, "topic_stanza", "a topic envelope with a stanza", join(topic[:topicStanzas], []byte{0, 1}, first, topic[topicStanzas+2:]))
	bad(wire.CodeMalformed, "cut_header", "cut inside the header", direct[:20])
	bad(wire.CodeMalformed, "cut_recipients", "cut inside the recipients", direct[:atRecipients+31])
	bad(wire.CodeMalformed, "cut_stanza", "cut inside a stanza", direct[:atStanzas+2+wire.StanzaSize+5])
	bad(wire.CodeMalformed, "cut_ciphertext", "cut inside the ciphertext", direct[:len(direct)-1])
	bad(wire.CodeMalformed, "trailing", "one byte too many", join(direct, []byte{0}))
	bad(wire.CodeMalformed, "ciphertext_length", "a ciphertext length over what there is", with(direct, len(direct)-96-4, 0xff))

	e := must(wire.ParseEnvelope(direct))
	for i, name := range []string{"first", "second"} {
		device := e.StanzaDevice(i)
		g.add("filter_"+name, rule, "filter", fmt.Sprintf("what the device of the %s stanza is handed", name), in("envelope", direct), in("device", device[:]), out("filtered", e.AppendForDevice(nil, device)))
	}
	other := some("other")
	g.add("filter_none", rule, "filter", "what a device without a stanza is handed", in("envelope", direct), in("device", other[:]), out("filtered", e.AppendForDevice(nil, other)))
	te := must(wire.ParseEnvelope(topic))
	g.add("filter_topic", rule, "filter", "a topic envelope stays as it is", in("envelope", topic), in("device", other[:]), out("filtered", te.AppendForDevice(nil, other)))
}
