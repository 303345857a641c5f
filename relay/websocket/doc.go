// Package websocket is the relay's side of WebSockets (RFC 6455): the handshake, a reader of what clients send, and the heads of
// what goes to them, made so that a message costs no allocation, no lock and no copy but one.
//
// What it does not do: write to connections, keep time, compress, or speak as a client. Its caller orders what is written:
// every message of the relay is one frame, so that control frames stand between messages, and nothing follows a close frame.
package websocket
