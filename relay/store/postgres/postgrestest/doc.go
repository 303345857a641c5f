// Package postgrestest runs PostgreSQL servers for tests: each in a temporary directory, on a Unix socket alone, and killed at
// the end of the test (Start), or of what measures (New).
//
// What it does not do: install PostgreSQL (scripts/install-test-tools does), or use a server that is there already.
package postgrestest
