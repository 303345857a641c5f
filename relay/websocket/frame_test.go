package websocket

import (
	"encoding/hex"
	"strings"
	"testing"
)

func TestHeads(t *testing.T) {
	for n, want := range map[int]string{
		0: "8200", 125: "827d", 126: "827e007e", 1<<16 - 1: "827effff", 1 << 16: "827f0000000000010000",
	} {
		var b [MaxHead]byte
		if got := hex.EncodeToString(b[PutHead(b[:], OpBinary, n):]); got != want {
			t.Errorf("%d bytes: %s, want %s", n, got, want)
		}
	}
	if got := hex.EncodeToString(AppendClose(nil, 4503, "draining")); got != "880a1197"+hex.EncodeToString([]byte("draining")) {
		t.Errorf("close: %s", got)
	}
	if got := AppendClose(nil, StatusNormal, strings.Repeat("x", 200)); len(got) != 2+MaxControl || got[1] != MaxControl {
		t.Errorf("a long reason makes a frame of %d bytes", len(got))
	}
}

func TestCheckClose(t *testing.T) {
	for payload, good := range map[string]bool{
		"": true, "\x03\xe8": true, "\x03\xf3ok": true, "\x11\x94reason": true, "\x13\x87": true,
		"\x03": false, "\x03\xe7": false, "\x03\xec": false, "\x03\xed": false, "\x03\xee": false, "\x03\xf7": false,
		"\x0b\xb7": false, "\x13\x88": false, "\x03\xe8\xff": false,
	} {
		if err := CheckClose([]byte(payload)); (err == nil) != good {
			t.Errorf("%q: %v", payload, err)
		}
	}
}
