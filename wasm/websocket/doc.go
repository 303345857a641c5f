// Package websocket is driver.Dialer over the browser's WebSocket.
//
// Invariants:
//   - A Conn never holds more than MaxQueuedBytes and MaxQueued messages that nobody has read: the next one closes the
//     connection with slow_reader. The browser's own socket has no bound and no way to pause the sender.
//   - It closes with 1000 or 3000–4999 only: the browser throws on any other code and leaves the socket open.
//   - Messages are binary; a text message or one over wire.MaxSocketMessage closes the connection.
//   - Read gives what arrived before the end, and then the end's error, for ever.
//
// What it does not do: reconnect, ping (browsers answer pings by themselves and send none; the protocol has its own), or
// look into messages.
package websocket
