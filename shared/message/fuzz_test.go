//go:build !js

package message_test

import (
	"reflect"
	"testing"

	"claudemesh.com/mesh/shared/message"
	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

func FuzzDecode(f *testing.F) {
	list, err := vectors.Load("message")
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range list {
		if b, err := v.Fields[0].Bytes(); err == nil && len(b) < 1<<14 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := message.Decode(data)
		if err != nil {
			if code := wire.CodeOf(err); !code.Known() || code == wire.CodeInternal {
				t.Errorf("refused with %q: %v", code, err)
			}
			return
		}
		written, err := message.Encode(m)
		if !m.Type.Known() {
			return
		}
		if wire.CodeOf(err) == wire.CodeTooLarge {
			return // JSON can be written shorter than we do
		}
		if err != nil {
			t.Fatalf("%s was read, and cannot be written: %v", data, err)
		}
		back, err := message.Decode(written)
		if err != nil || len(m.Mentions)+len(back.Mentions) > 0 && !reflect.DeepEqual(back.Mentions, m.Mentions) || back.Text != m.Text || !reflect.DeepEqual(back.Read, m.Read) {
			t.Errorf("%s is written as %s, which reads as %+v (%v)", data, written, back, err)
		}
	})
}
