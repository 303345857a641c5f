// Package web embeds the built dashboard, so that the relay is one file.
//
// It holds bytes only: routing, headers and content negotiation belong to the
// program that serves them. On a clone where `make build` has not run it holds
// nothing but placeholder.html.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Placeholder is the page to serve at / when Dist has no index.html.
const Placeholder = "placeholder.html"

// Dist returns what `make build` left in web/dist: index.html at the root, files
// named by their content under assets/, and beside each compressible file F its
// precompressed forms F.br and F.gz. Of the browser peer only those are there. The
// files are read-only and the returned file system may be used by several goroutines.
func Dist() fs.FS {
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the embed directive above guarantees the folder
	}
	return root
}
