// Command claudemesh is a peer in the terminal: it makes and joins meshes, sends, and shows what arrives.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"claudemesh.com/mesh/cli/claudemesh/verb"
)

// version is set by the build.
var version = "devel"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(verb.Main(ctx, os.Args[1:], verb.Process(version)))
}
