package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"claudemesh.com/mesh/shared/wire"
)

// anything has a field of every kind that the protocol's JSON has.
type anything struct {
	Text     string         `json:"text"`
	Number   uint64         `json:"number"`
	Small    uint8          `json:"small,omitempty"`
	Signed   int64          `json:"signed,omitzero"`
	Flag     bool           `json:"flag,omitempty"`
	Bytes    wire.Bytes     `json:"bytes,omitempty"`
	ID       wire.MessageID `json:"id,omitzero"`
	Role     wire.Role      `json:"role"`
	Words    []string       `json:"words,omitempty"`
	Inner    inner          `json:"inner"`
	Inners   []inner        `json:"inners,omitempty"`
	Pointer  *inner         `json:"pointer,omitempty"`
	Lists    [][]uint16     `json:"lists,omitempty"`
	hidden   int            // not exported, so not in the JSON
	Unspoken int            `json:"-"`
	embedded
}

type inner struct {
	A string `json:"a"`
	B int    `json:"b"`
}

type embedded struct {
	Deep string `json:"deep,omitzero"`
}

// oracle is what section 1 says, by means of encoding/json.
func oracle(data []byte, v any) error {
	if err := oracleCheck(data); err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(v)
}

func oracleCheck(data []byte) error {
	bad := errors.New("not as section 1 says")
	if !utf8.Valid(data) {
		return bad
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var open []map[string]bool
	wantsName := false
	for {
		token, err := decoder.Token()
		if err != nil {
			return bad
		}
		switch token := token.(type) {
		case nil:
			return bad
		case json.Delim:
			switch token {
			case '{':
				open = append(open, map[string]bool{})
			case '[':
				open = append(open, nil)
			default:
				open = open[:len(open)-1]
			}
			if len(open) > wire.MaxDepth {
				return bad
			}
		case json.Number:
			if n, err := strconv.ParseUint(token.String(), 10, 64); err != nil || n > wire.MaxJSONNumber {
				return bad
			}
		case string:
			if wantsName {
				names := open[len(open)-1]
				if names[token] || token == "" || len(token) > wire.MaxFieldName ||
					strings.Trim(token, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
					return bad
				}
				names[token] = true
				wantsName = false
				continue
			}
		}
		if len(open) == 0 {
			break
		}
		wantsName = open[len(open)-1] != nil
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return bad
	}
	return nil
}

var texts = []string{
	`{"text":"a","number":9007199254740991,"small":255,"signed":7,"flag":true,"bytes":"AQID","id":"000102030405060708090a0b0c0d0e0f","role":"owner","words":["x",""],"inner":{"a":"b","b":1},"inners":[{},{"a":"c"}],"pointer":{"b":2},"lists":[[],[1,2]],"deep":"d"}`,
	` { "text" : "\u00e9\ud83d\ude00\ud83d\uDE00x\n\"\\\/\b\f\r\t\u0000" } `,
	`{"text":"\ud83d"}`, `{"text":"\ud83d\u0041"}`, `{"text":"\ude00\ud83d\ude00"}`, `{"text":"\ud83dA"}`, `{"text":"\u12"}`, `{"text":"\x"}`, `{"text":"` + "\n" + `"}`,
	`{"text":"\`, `{"text":"a`, `{"te\u0078t":"a"}`, `{"te\u0058t":"a"}`, `{"text":"a","te\u0078t":"b"}`, `{"Text":"a"}`, `{"text":null}`, `null`, `{}`, `[]`, `""`, `1`,
	`{"number":01}`, `{"number":-1}`, `{"number":1.0}`, `{"number":1e3}`, `{"number":9007199254740992}`, `{"number":99999999999999999999}`, `{"number":"1"}`, `{"number":1x}`,
	`{"small":256}`, `{"flag":false}`, `{"flag":truex}`, `{"flag":1}`, `{"bytes":"AQI"}`, `{"bytes":"AQJ="}`, `{"bytes":"AQ\nID"}`, `{"bytes":[1]}`, `{"id":"00"}`, `{"id":7}`, `{"role":"king"}`,
	`{"words":"x"}`, `{"words":[1]}`, `{"words":["x",]}`, `{"words":[,]}`, `{"words":[}`, `{"inner":[]}`, `{"inner":{"c":1}}`, `{"inners":[{"a":1}]}`, `{"unspoken":1}`, `{"hidden":1}`, `{"zzz":{"a":[1,{"b":"c"}]}}`,
	`{"text":"a",}`, `{,}`, `{"text"}`, `{"text":}`, `{"text" "a"}`, `{"a":1,"a":2}`, `{"":1}`, `{"text":"a"}{`, `{"text":"a"} x`, "{}\x00", `{"text":"a"` + "\x00" + `}`, "\xff", `{"text":"` + "\xc3" + `"}`,
	strings.Repeat("[", 16) + strings.Repeat("]", 16), strings.Repeat("[", 17) + strings.Repeat("]", 17), strings.Repeat("[", 1000), `{"zzz":` + strings.Repeat(`{"a":`, 15) + `1` + strings.Repeat(`}`, 16),
	`{"zzz":` + strings.Repeat(`{"a":`, 16) + `1` + strings.Repeat(`}`, 17), `{"` + strings.Repeat("a", 64) + `":1}`, `{"` + strings.Repeat("a", 65) + `":1}`, `tru`, `truefalse`, ` `, ``, "\t\r\n{}\t\r\n", "\u00a0{}",
}

// FuzzJSON holds the reader and the writer against encoding/json under the rules of section 1.
func FuzzJSON(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, want := wire.CheckJSON(data), oracleCheck(data); (got == nil) != (want == nil) {
			t.Fatalf("CheckJSON(%q) = %v, want %v", data, got, want)
		}
		var got, want anything
		err, wanted := wire.DecodeJSON(data, len(data), &got), oracle(data, &want)
		if (err == nil) != (wanted == nil) {
			t.Fatalf("DecodeJSON(%q) = %v, want %v", data, err, wanted)
		}
		if err != nil {
			refusal(t, err)
			return
		}
		if got.hidden != 0 {
			t.Fatalf("%q wrote to a field that is not exported", data)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q reads as %+v, want %+v", data, got, want)
		}
		var written bytes.Buffer
		encoder := json.NewEncoder(&written)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(want); err != nil {
			t.Fatal(err)
		}
		back, err := wire.EncodeJSON(got)
		if err != nil || string(back)+"\n" != written.String() {
			t.Fatalf("%q is written as\n%s, want\n%s (%v)", data, back, written.String(), err)
		}
	})
}

func TestLaxerReaders(t *testing.T) {
	var got anything
	if err := wire.DecodeKnownJSON([]byte(`{"zzz":[{"a":1}],"text":"a"}`), &got); err != nil || got.Text != "a" {
		t.Errorf("a field that is not known: %q, %v", got.Text, err)
	}
	for _, text := range []string{`{"zzz":null}`, `{"zzz":{"a":1,"a":2}}`, `{"text":1}`, `{"Text":"a"}`} {
		if err := wire.DecodeKnownJSON([]byte(text), &got); wire.CodeOf(err) != wire.CodeMalformed {
			t.Errorf("%s: %v, want malformed", text, err)
		}
	}
	var script struct {
		MeshID string `json:"meshId"`
	}
	if err := wire.DecodeScriptJSON([]byte(`{"meshId":"a"}`), &script); err != nil || script.MeshID != "a" {
		t.Errorf("a name in any letters: %q, %v", script.MeshID, err)
	}
	for text, code := range map[string]wire.Code{`{"meshid":"a"}`: wire.CodeUnknownField, `{"meshId":null}`: wire.CodeMalformed} {
		if err := wire.DecodeScriptJSON([]byte(text), &script); wire.CodeOf(err) != code {
			t.Errorf("%s: %v, want %s", text, err, code)
		}
	}
}

func TestWhatIsEmptyInJSON(t *testing.T) {
	got, err := wire.EncodeJSON(struct {
		List    []string `json:"list"`
		Pointer *inner   `json:"pointer"`
		Text    string   `json:"text"`
	}{Text: "a\xffb"})
	if want := `{"list":[],"pointer":null,"text":"a\ufffdb"}`; err != nil || string(got) != strings.ReplaceAll(want, `\ufffd`, "\ufffd") {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := wire.EncodeJSON(1.5); err == nil {
		t.Error("a fraction was written")
	}
}
