// Package mcp serves one agent session over the Model Context Protocol on standard input and output: tools to see who is in
// the mesh, to write and to read, and pushes into a session of Claude Code that has loaded the channel.
//
// It is thin: the daemon speaks for the session, decides which messages are for it and keeps what is sent. This package opens
// no connection to a relay, and it never runs or obeys what a message says.
package mcp
