package websocket

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestOnlyCodesThatBrowsersSend(t *testing.T) {
	for code, want := range map[int]int{
		1000: 1000, 3000: 3000, 4999: 4999,
		0: 4000, 1001: 4000, 1002: 4000, 1006: 4000, 1011: 4000, 2999: 4000, 5000: 4000, -1: 4000,
	} {
		if got := sendable(code); got != want {
			t.Errorf("%d is sent as %d, want %d", code, got, want)
		}
	}
}

func TestReasonsFitACloseFrame(t *testing.T) {
	for _, reason := range []string{"", "bye", strings.Repeat("x", 500), strings.Repeat("é", 100), strings.Repeat("𝕏", 40)} {
		got := shorten(reason)
		if len(got) > 123 || !utf8.ValidString(got) || !strings.HasPrefix(reason, got) {
			t.Errorf("%d bytes became %q", len(reason), got)
		}
		if len(reason) <= 123 && got != reason || len(reason) > 123 && len(got) < 120 {
			t.Errorf("%d bytes were cut to %d", len(reason), len(got))
		}
	}
}
