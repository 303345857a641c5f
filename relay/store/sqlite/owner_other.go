//go:build !unix

package sqlite

import "os"

func giveTo(*os.File, os.FileInfo) error { return nil }
