// Package daemon is the one process of a user that holds the devices' connections and speaks for the agent sessions of the
// machine, and the client with which the command line, the MCP server and the hooks reach it over a local socket.
//
// It decides who is shown which message when (package agent), and what each session's card says. It draws nothing and knows
// no agent's configuration.
package daemon
