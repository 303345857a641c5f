package main

import (
	"strings"

	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

// cardJSONVectors are about what is inside a card; how it is sealed is among the vectors of seal.
func cardJSONVectors(g *group) {
	const rule, do = "10", "card"
	const plain = `{"v":1,"kind":"agent","status":"working","summary":"","host":"","directory":"","model":"","tags":[],"client":""}`
	with := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(plain) }
	fields := func(since uint64, more ...string) []vectors.Field {
		value := map[string]string{"kind": "agent", "status": "working"}
		for i := 0; i < len(more); i += 2 {
			value[more[i]] = more[i+1]
		}
		list := []vectors.Field{outNumber("status_since", since)}
		for _, name := range []string{"kind", "status", "summary", "host", "directory", "model", "tags", "client"} {
			list = append(list, outText(name, value[name]))
		}
		return list
	}
	ok := func(name, comment, json string, out []vectors.Field) {
		g.add(name, rule, do, comment, append([]vectors.Field{inText("json", json)}, out...)...)
	}
	ok("agent", "an agent's", plain, fields(0))
	ok("all", "every field", `{"v":1,"kind":"agent","status":"needs-approval","summary":"tests are red","host":"box","directory":"/src/lab","model":"m-1","tags":["repo:lab","go"],"client":"claudemesh 1","status_since":1767225600123}`,
		fields(1767225600123, "status", "needs-approval", "summary", "tests are red", "host", "box", "directory", "/src/lab", "model", "m-1", "tags", "repo:lab\ngo", "client", "claudemesh 1"))
	ok("least", "what is left out is empty, and when the status began is not known", `{"v":1,"kind":"person","status":"idle"}`, fields(0, "kind", "person", "status", "idle"))
	ok("since_zero", "a time of 0 is none", with(`"client":""`, `"client":"","status_since":0`), fields(0))
	ok("since_largest", "the largest number", with(`"client":""`, `"client":"","status_since":9007199254740991`), fields(1<<53-1))
	ok("connector", "a connector that is not to be disturbed", with("agent", "connector", "working", "dnd"), fields(0, "kind", "connector", "status", "dnd"))
	long := strings.Repeat("ü", 512)
	ok("long", "a text of 512 code points", with(`"summary":""`, `"summary":"`+long+`"`), fields(0, "summary", long))
	tag := strings.Repeat("é", 64)
	ok("tags", "32 tags, one of 64 code points", with(`"tags":[]`, `"tags":["`+tag+`"`+strings.Repeat(`,"a"`, 31)+`]`), fields(0, "tags", tag+strings.Repeat("\na", 31)))

	bad := func(code wire.Code, name, comment, json string) {
		g.refuse(code, name, rule, do, comment, inText("json", json))
	}
	bad(wire.CodeUnsupported, "version_2", "version 2", with(`"v":1`, `"v":2`))
	bad(wire.CodeUnsupported, "version_absent", "no version", with(`"v":1,`, ``))
	bad(wire.CodeUnknownField, "unknown_field", "a field that the protocol does not name", with(`"v":1`, `"v":1,"mood":"good"`))
	bad(wire.CodeMalformed, "kind", "a kind that is none", with("agent", "robot"))
	bad(wire.CodeMalformed, "no_kind", "no kind", with(`"kind":"agent",`, ``))
	bad(wire.CodeMalformed, "status", "a status that is none", with("working", "away"))
	bad(wire.CodeMalformed, "no_status", "no status", with(`"status":"working",`, ``))
	bad(wire.CodeMalformed, "too_long", "a text of 513 code points", with(`"model":""`, `"model":"`+long+`x"`))
	bad(wire.CodeMalformed, "line", "a text of two lines", with(`"summary":""`, `"summary":"a\nb"`))
	bad(wire.CodeMalformed, "escape", "a text with an escape character", with(`"directory":""`, `"directory":"\u001b[2J"`))
	bad(wire.CodeMalformed, "c1", "a text with a control character of the second kind", with(`"host":""`, `"host":"\u009b"`))
	bad(wire.CodeMalformed, "tag_empty", "a tag of nothing", with(`"tags":[]`, `"tags":[""]`))
	bad(wire.CodeMalformed, "tag_space", "a tag with a space", with(`"tags":[]`, `"tags":["a b"]`))
	bad(wire.CodeMalformed, "tag_comma", "a tag with a comma", with(`"tags":[]`, `"tags":["a,b"]`))
	bad(wire.CodeMalformed, "tag_long", "a tag of 65 code points", with(`"tags":[]`, `"tags":["`+tag+`a"]`))
	bad(wire.CodeMalformed, "tags_33", "33 tags", with(`"tags":[]`, `"tags":["a"`+strings.Repeat(`,"a"`, 32)+`]`))
	bad(wire.CodeMalformed, "since_text", "a time in quotes", with(`"client":""`, `"client":"","status_since":"1767225600123"`))
	bad(wire.CodeMalformed, "since_2_53", "a time of 2^53", with(`"client":""`, `"client":"","status_since":9007199254740992`))
	bad(wire.CodeMalformed, "null", "null", with(`"client":""`, `"client":null`))
	g.refuse(wire.CodeTooLarge, "too_large", rule, do, "one byte over 8 KiB", inRepeated("json", "{", " ", wire.MaxCard-1, "}"))
}
