package main

import (
	"fmt"
	"strings"

	"claudemesh.com/mesh/shared/wire"
)

func jsonVectors(g *group) {
	const do = "json"
	id, short, b64 := strings.Repeat("ab", 32), strings.Repeat("cd", 16), "3q2+7w=="
	good := map[wire.FrameType]string{
		wire.FrameHello:     `{"device":"ID","session":"SHORT","one_shot":false,"origin":"https://relay.example","signature":"B64"}`,
		wire.FrameTail:      `{"streams":[{"kind":"roster","id":"ID","after":0},{"kind":"inbox","id":"ID","after":9007199254740991},{"kind":"topic","id":"ID","after":1}]}`,
		wire.FrameAppend:    `{"ref":1,"statement":"B64","escrow":"B64","preview":"B64"}`,
		wire.FrameCard:      `{"version":1,"card":"B64","session":"SHORT"}`,
		wire.FrameTrack:     `{"items":[{"member":"ID","position":1879048197,"counter":42}]}`,
		wire.FrameChallenge: `{"nonce":"B64","time":1767225600123}`,
		wire.FrameWelcome:   `{"mesh":"ID","member":"ID","device":"ID","session":"SHORT","head":"ID","position":1,"last_counter":42,"time":1767225600123,"lease_seconds":75,"grace_seconds":90,"limits":{"envelope":1048576,"recipients":64,"frame":1114112}}`,
		wire.FrameRefused:   `{"counter":42,"code":"stale_epoch","message":"The mesh has a newer key.","retry":true}`,
		wire.FrameGap:       `{"kind":"inbox","id":"ID","after":1,"to":9}`,
		wire.FrameReply:     `{"ref":1,"head":"ID","position":2,"code":"aZ09aZ09"}`,
		wire.FramePresence:  `{"full":true,"sessions":[{"member":"ID","device":"ID","session":"SHORT","state":"online","since":1767225600123,"card":"B64","card_version":1}]}`,
		wire.FrameError:     `{"code":"unknown_frame","message":"The relay does not know this type of frame.","retry":false}`,
		wire.FrameClose:     `{"code":"draining","message":"The relay is restarting.","retry":true,"retry_after_ms":500}`,
	}
	text := func(s string) string { return strings.NewReplacer("ID", id, "SHORT", short, "B64", b64).Replace(s) }
	names := map[wire.FrameType]string{wire.FrameHello: "hello", wire.FrameTail: "tail", wire.FrameAppend: "append", wire.FrameCard: "card", wire.FrameTrack: "track",
		wire.FrameChallenge: "challenge", wire.FrameWelcome: "welcome", wire.FrameRefused: "refused", wire.FrameGap: "gap", wire.FrameReply: "reply",
		wire.FramePresence: "presence", wire.FrameError: "error", wire.FrameClose: "close"}
	for t := range 256 {
		if json, ok := good[wire.FrameType(t)]; ok {
			g.add("json_"+names[wire.FrameType(t)], "9", do, "every field of the frame", inNumber("type", uint64(t)), inText("payload", text(json)))
		}
	}
	ok := func(name, comment string, t wire.FrameType, json string) {
		g.add("json_"+name, "9", do, comment, inNumber("type", uint64(t)), inText("payload", text(json)))
	}
	ok("append_plain", "without escrow and preview", wire.FrameAppend, `{"ref":1,"statement":"B64"}`)
	ok("card_own", "a card of the connection's own session", wire.FrameCard, `{"version":1,"card":"B64"}`)
	ok("reply_error", "a reply that refuses", wire.FrameReply, `{"ref":1,"error":{"code":"stale_head","message":"The roster has moved on meanwhile.","retry":true}}`)
	ok("presence_empty", "an empty list is []", wire.FramePresence, `{"full":true,"sessions":[]}`)
	ok("spaces", "white space between the parts", wire.FrameCard, " {\n\t\"version\" : 1 ,\r\n \"card\" : \"B64\" } ")

	refuse := func(code wire.Code, name, rule, comment string, t wire.FrameType, json string) {
		g.refuse(code, "json_"+name, rule, do, comment, inNumber("type", uint64(t)), inText("payload", text(json)))
	}
	card := wire.FrameCard
	refuse(wire.CodeUnknownField, "unknown_field", "1", "a field that the protocol does not name", card, `{"version":1,"card":"B64","more":1}`)
	refuse(wire.CodeUnknownField, "unknown_inner_field", "1", "the same further in", wire.FrameTrack, `{"items":[{"member":"ID","position":1,"counter":42,"more":1}]}`)
	refuse(wire.CodeMalformed, "field_case", "1", "names are lower-case", card, `{"Version":1,"card":"B64"}`)
	refuse(wire.CodeMalformed, "field_folded", "1", "a letter that some readers fold to s", card, `{"ver\u017fion":1,"card":"B64"}`)
	refuse(wire.CodeMalformed, "field_empty", "1", "an empty name", card, `{"version":1,"card":"B64","":1}`)
	refuse(wire.CodeMalformed, "field_long", "1", "a name of 65 bytes", card, `{"version":1,"card":"B64","`+strings.Repeat("a", 65)+`":1}`)
	refuse(wire.CodeMalformed, "field_twice", "1", "a field named twice", card, `{"version":1,"version":2,"card":"B64"}`)
	refuse(wire.CodeMalformed, "null", "1", "null instead of leaving the field out", card, `{"version":null,"card":"B64"}`)
	refuse(wire.CodeMalformed, "null_alone", "1", "null alone", card, `null`)
	refuse(wire.CodeMalformed, "array", "1", "an array instead of an object", card, `[]`)
	refuse(wire.CodeMalformed, "empty", "1", "no JSON", card, "")
	refuse(wire.CodeMalformed, "cut", "1", "cut short", card, `{"version":1,"card":"B64"`)
	refuse(wire.CodeMalformed, "trailing", "1", "a second value behind it", card, `{"version":1,"card":"B64"}{}`)
	refuse(wire.CodeMalformed, "fraction", "1", "a number with a fraction", card, `{"version":1.0,"card":"B64"}`)
	refuse(wire.CodeMalformed, "exponent", "1", "a number with an exponent", card, `{"version":1e0,"card":"B64"}`)
	refuse(wire.CodeMalformed, "negative", "1", "a negative number", card, `{"version":-1,"card":"B64"}`)
	refuse(wire.CodeMalformed, "minus_zero", "1", "a second way to write 0", card, `{"version":-0,"card":"B64"}`)
	refuse(wire.CodeMalformed, "number_2_53", "1", "a number of 2^53", card, `{"version":9007199254740992,"card":"B64"}`)
	refuse(wire.CodeMalformed, "number_as_text", "1", "a number in quotes", card, `{"version":"1","card":"B64"}`)
	refuse(wire.CodeMalformed, "depth", "1", "nested 17 deep", card, `{"version":`+strings.Repeat("[", 16)+strings.Repeat("]", 16)+`}`)
	refuse(wire.CodeMalformed, "base64_unpadded", "1", "base64 without its padding", card, `{"version":1,"card":"3q2+7w"}`)
	refuse(wire.CodeMalformed, "base64_url", "1", "base64 in the other alphabet", card, `{"version":1,"card":"3q2-7w=="}`)
	refuse(wire.CodeMalformed, "base64_bits", "1", "bits behind the last byte", card, `{"version":1,"card":"3q2+7x=="}`)
	refuse(wire.CodeMalformed, "base64_line", "1", "a line break in base64", card, `{"version":1,"card":"3q2+\n7w=="}`)
	refuse(wire.CodeMalformed, "hex_upper", "1", "upper-case hex", wire.FrameGap, `{"kind":"inbox","id":"`+strings.Repeat("AB", 32)+`","after":1,"to":9}`)
	refuse(wire.CodeMalformed, "hex_short", "1", "an id of 31 bytes", wire.FrameGap, `{"kind":"inbox","id":"`+strings.Repeat("ab", 31)+`","after":1,"to":9}`)
	refuse(wire.CodeMalformed, "hex_digit", "1", "a digit that is none", wire.FrameGap, `{"kind":"inbox","id":"`+strings.Repeat("ag", 32)+`","after":1,"to":9}`)
	refuse(wire.CodeMalformed, "card_session_long", "9", "a session id of 32 bytes", card, `{"version":1,"card":"B64","session":"ID"}`)
	refuse(wire.CodeMalformed, "card_sessions", "9", "a list of sessions", card, `{"version":1,"card":"B64","session":["SHORT"]}`)
	refuse(wire.CodeMalformed, "stream_kind", "9", "a stream of no kind", wire.FrameTail, `{"streams":[{"kind":"outbox","id":"ID","after":0}]}`)

	refuse(wire.CodeMalformed, "tail_no_kind", "9", "a stream without a kind", wire.FrameTail, `{"streams":[{"id":"ID","after":0}]}`)
	refuse(wire.CodeMalformed, "gap_no_kind", "9", "a gap in no stream", wire.FrameGap, `{"id":"ID","after":1,"to":9}`)
	refuse(wire.CodeMalformed, "tail_none", "9", "no stream", wire.FrameTail, `{"streams":[]}`)
	list := func(name, comment string, t wire.FrameType, open, item string) {
		g.refuse(wire.CodeMalformed, name, "9", do, comment, inNumber("type", uint64(t)), inRepeated("payload", text(open), text(item)+",", 256, text(item)+"]}"))
	}
	list("json_tail_257", "257 streams", wire.FrameTail, `{"streams":[`, `{"kind":"inbox","id":"ID","after":0}`)
	list("json_track_257", "257 items", wire.FrameTrack, `{"items":[`, `{"member":"ID","position":1,"counter":2}`)

	latin := strings.Replace(text(good[wire.FrameHello]), "https", "htt\xff", 1)
	g.refuse(wire.CodeMalformed, "json_not_utf8", "1", do, "a byte that is not UTF-8", inNumber("type", uint64(wire.FrameHello)), in("payload", []byte(latin)))
	large := func(name string, t wire.FrameType, limit int) {
		padding := limit + 1 - len(`{}`)
		g.refuse(wire.CodeTooLarge, name, "9", do, fmt.Sprintf("one byte over %d", limit), inNumber("type", uint64(t)), inRepeated("payload", "{", " ", padding, "}"))
	}
	large("json_too_large", card, wire.MaxJSON)
	large("json_append_too_large", wire.FrameAppend, wire.MaxAppendJSON)
}
