package websocket

import "unicode/utf8"

// closeNormal is how a connection ends that is not wanted any more.
const closeNormal = 1000

// closeRefused is how a connection ends over which something came that is not taken.
const closeRefused = 4000

// sendable is code where a browser may send it, and else closeRefused: any other makes close throw and leaves the socket
// open.
func sendable(code int) int {
	if code == closeNormal || code >= 3000 && code <= 4999 {
		return code
	}
	return closeRefused
}

// maxReason is the size in bytes of the longest reason that a close frame carries (RFC 6455, section 5.5).
const maxReason = 123

// shorten cuts a reason between characters to what a close frame carries.
func shorten(reason string) string {
	for len(reason) > maxReason {
		_, size := utf8.DecodeLastRuneInString(reason)
		reason = reason[:len(reason)-size]
	}
	return reason
}
