package main

import (
	"strings"

	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

func messageVectors(g *group) {
	const rule, do = "6", "message"
	head, id, short := strings.Repeat("ab", 32), strings.Repeat("cd", 32), strings.Repeat("ef", 16)
	text := func(json string) string {
		return strings.NewReplacer("BASE", `"v":1,"sent_at":1767225600123,"head":"`+head+`"`, "ID", id, "SHORT", short).Replace(json)
	}
	ok := func(name, comment, json string, fields ...vectors.Field) {
		g.add(name, rule, do, comment, append([]vectors.Field{inText("json", text(json)), outNumber("sent_at", 1767225600123), out("head", []byte(strings.Repeat("\xab", 32)))}, fields...)...)
	}
	hex16, hex32 := []byte(strings.Repeat("\xef", 16)), []byte(strings.Repeat("\xcd", 32))
	ok("text", "a plain text", `{BASE,"type":"text","text":"hello"}`, outText("type", "text"), outText("text", "hello"))
	ok("text_all", "every field of a text", `{BASE,"type":"text","text":"hello @bob","mentions":["ID"],"reply_to":"SHORT","session":"SHORT","from_session":"SHORT"}`,
		outText("type", "text"), outText("text", "hello @bob"), out("mentions", hex32), out("reply_to", hex16), out("session", hex16), out("from_session", hex16))
	ok("ask", "a question", `{BASE,"type":"ask","text":"which?"}`, outText("type", "ask"), outText("text", "which?"))
	ok("answer", "its answer", `{BASE,"type":"answer","text":"this","reply_to":"SHORT"}`, outText("type", "answer"), outText("text", "this"), out("reply_to", hex16))
	ok("ask_all", "a question to a session, by a session", `{BASE,"type":"ask","text":"@bob which?","mentions":["ID"],"session":"SHORT","from_session":"SHORT"}`,
		outText("type", "ask"), outText("text", "@bob which?"), out("mentions", hex32), out("session", hex16), out("from_session", hex16))
	ok("receipt", "two messages were read", `{BASE,"type":"receipt","read":["SHORT","SHORT"]}`, outText("type", "receipt"), out("read", []byte(strings.Repeat("\xef", 32))))
	many := func(n int) vectors.Field {
		return inRepeated("json", text(`{BASE,"type":"receipt","read":[`), text(`"SHORT",`), n-1, text(`"SHORT"]}`))
	}
	g.add("receipt_256", rule, do, "the most messages of a receipt", many(256), outNumber("sent_at", 1767225600123), out("head", []byte(strings.Repeat("\xab", 32))),
		outText("type", "receipt"), out("read", []byte(strings.Repeat("\xef", 16*256))))
	ok("unknown_field", "an unknown field is ignored", `{BASE,"type":"text","text":"hello","mood":{"level":[1,true,"x"]}}`, outText("type", "text"), outText("text", "hello"))
	ok("other_types_field", "a field of another type is ignored too", `{BASE,"type":"text","text":"hello","read":5}`, outText("type", "text"), outText("text", "hello"))
	ok("unknown_type", "an unknown type is kept", `{BASE,"type":"poll","text":7}`, outText("type", "poll"))

	nested := func(n int) string {
		return `{BASE,"type":"text","text":"a","deep":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}`
	}
	ok("depth_16", "nested 16 deep", nested(16), outText("type", "text"), outText("text", "a"))

	bad := func(code wire.Code, name, comment, json string) {
		g.refuse(code, name, rule, do, comment, inText("json", text(json)))
	}
	bad(wire.CodeUnsupported, "version_2", "version 2", `{"v":2,"type":"text","sent_at":1,"head":"`+head+`","text":"a"}`)
	bad(wire.CodeUnsupported, "version_absent", "no version", `{"type":"text","sent_at":1,"head":"`+head+`","text":"a"}`)
	bad(wire.CodeMalformed, "no_head", "no head", `{"v":1,"type":"text","sent_at":1,"text":"a"}`)
	bad(wire.CodeMalformed, "no_type", "no type", `{BASE,"text":"a"}`)
	bad(wire.CodeMalformed, "long_type", "a type of 33 characters", `{BASE,"type":"`+strings.Repeat("a", 33)+`"}`)
	bad(wire.CodeMalformed, "type_characters", "a type that is not a word", `{BASE,"type":"te xt"}`)
	bad(wire.CodeMalformed, "no_text", "a text without text", `{BASE,"type":"text"}`)
	bad(wire.CodeMalformed, "blank_text", "white space alone", `{BASE,"type":"text","text":" \n"}`)
	bad(wire.CodeMalformed, "text_not_text", "a text that is a number", `{BASE,"type":"text","text":5}`)
	bad(wire.CodeMalformed, "65_mentions", "65 mentions", `{BASE,"type":"text","text":"a","mentions":["ID"`+strings.Repeat(`,"ID"`, 64)+`]}`)
	bad(wire.CodeMalformed, "mention_short", "a mention that is no member id", `{BASE,"type":"text","text":"a","mentions":["SHORT"]}`)
	bad(wire.CodeMalformed, "reply_long", "a reply to what is no message id", `{BASE,"type":"text","text":"a","reply_to":"ID"}`)
	bad(wire.CodeMalformed, "session_long", "a session that is no session id", `{BASE,"type":"ask","text":"a","session":"ID"}`)
	bad(wire.CodeMalformed, "from_session_short", "one of 15 bytes", `{BASE,"type":"ask","text":"a","from_session":"`+short[2:]+`"}`)
	bad(wire.CodeMalformed, "answer_to_nothing", "an answer without reply_to", `{BASE,"type":"answer","text":"a"}`)
	bad(wire.CodeMalformed, "receipt_none", "a receipt without messages", `{BASE,"type":"receipt","read":[]}`)
	g.refuse(wire.CodeMalformed, "receipt_257", rule, do, "257 messages in a receipt", many(257))
	bad(wire.CodeMalformed, "not_json", "no JSON", `hello`)
	bad(wire.CodeMalformed, "array", "an array", `[]`)
	bad(wire.CodeMalformed, "field_twice", "a field named twice", `{BASE,"type":"text","text":"a","text":"b"}`)
	bad(wire.CodeMalformed, "field_case", "names are lower-case, of unknown fields too", `{BASE,"type":"text","text":"a","Text":"b"}`)
	bad(wire.CodeMalformed, "depth_17", "nested 17 deep", nested(17))
	bad(wire.CodeMalformed, "null", "null", `{BASE,"type":"text","text":"a","reply_to":null}`)
	g.refuse(wire.CodeTooLarge, "too_large", rule, do, "one byte over 512 KiB", inRepeated("json", "{", " ", wire.MaxMessage-1, "}"))
}
