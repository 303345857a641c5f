package websocket

import "crypto/subtle"

// unmask writes what src is without its mask to dst, which is as long and either src itself or apart from it. from is how many
// bytes of the frame came before.
func unmask(dst, src []byte, key [4]byte, from int) {
	const small = 64
	if len(src) <= small {
		for i := range src {
			dst[i] = src[i] ^ key[(from+i)&3]
		}
		return
	}
	// The mask, written out: subtle.XORBytes then takes as many bytes at once as the machine can.
	var pattern [1024]byte
	for i := range 4 {
		pattern[i] = key[(from+i)&3]
	}
	for n := 4; n < min(len(src), len(pattern)); n *= 2 {
		copy(pattern[n:], pattern[:n])
	}
	for len(src) > 0 {
		n := subtle.XORBytes(dst, src[:min(len(src), len(pattern))], pattern[:])
		dst, src = dst[n:], src[n:]
	}
}
