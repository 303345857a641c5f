// Package webcrypto is identity.Keys over the browser's WebCrypto: an Ed25519 and an X25519 key pair that cannot be
// extracted, so that nothing in the page can read them, and that IndexedDB stores as they are (docs/PROTOCOL.md, section 2).
//
// HSalsa20 after the curve step is identity.AfterCurve; WebCrypto does the rest.
//
// What it does not do: store keys (Object gives what indexeddb stores), cache shared keys, or verify signatures.
package webcrypto
