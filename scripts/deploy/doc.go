// Package deploy holds the files with which relays are run for others to its tests: compose.yaml and compose.sqlite.yaml, the
// Caddyfile, the systemd unit. docs/deploy.md tells a person how to use them.
//
// What the tests do not: run containers. They read the compose files as Docker Compose does, and run the relays with the flags
// and the proxy with the configuration that stand there.
package deploy
