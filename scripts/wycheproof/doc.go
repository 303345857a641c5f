// Package wycheproof runs published vectors of the cryptography that claudemesh rests on through the functions that claudemesh
// calls: X25519 and Ed25519 as shared/identity takes them, HMAC and HKDF as shared/wire derives with them, and the Poly1305 of
// NaCl's secretbox as shared/seal opens it. Everything is in its tests; `make test-go` runs them.
//
// The vectors are Project Wycheproof's (github.com/google/wycheproof) and the 768 of filippo.io/mostly-harmless/ed25519vectors,
// which combine points of small order, mixed order and second encodings. They come through the Go module proxy, pinned in
// go.mod and go.sum, and are read from the module cache; the module is one of its own so that the product depends on none of it.
// Where a vector says `acceptable`, docs/PROTOCOL.md decides.
//
// What it does not do: run other implementations. web/interop runs the same vectors over libsodium and OpenSSL; wasm/webcrypto compares
// the browser with the software that is held to them here.
package wycheproof
