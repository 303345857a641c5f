// Package migrate brings the database of a store to the schema that the program has, for every store that keeps one in SQL.
//
// What it does not do: speak SQL, or lock. The store does both, and holds its lock from Applied to the last Apply.
package migrate

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// Database is where migrations are applied and recorded.
type Database interface {
	// Applied gives the checksum of each migration that was applied, by name, and makes the place where that is recorded
	// when it is not there.
	Applied() (map[string]string, error)
	// Apply carries out one migration and records it, both or neither.
	Apply(name, text, checksum string) error
}

// Run applies the files migrations/*.sql that were not applied yet, in the order of their names. It refuses a database that a
// newer program wrote, and one that was made by other files of the same names.
func Run(db Database, files fs.FS) error {
	paths, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return err
	}
	applied, err := db.Applied()
	if err != nil {
		return err
	}
	for name := range applied {
		if !slices.Contains(paths, "migrations/"+name) {
			return newer(name)
		}
	}
	for _, path := range paths {
		name := path[len("migrations/"):]
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		checksum := Checksum(text)
		if known, ok := applied[name]; ok {
			if known != checksum {
				return fmt.Errorf("the database was made by another migration %s than this program has", name)
			}
			continue
		}
		if err := db.Apply(name, string(text), checksum); err != nil {
			return fmt.Errorf("migration %s: %w", name, err)
		}
	}
	return nil
}

// IsNewest refuses a database that does not have exactly the migrations of these files, by the names of those that were applied to it.
func IsNewest(applied []string, files fs.FS) error {
	paths, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return err
	}
	for _, name := range applied {
		if !slices.Contains(paths, "migrations/"+name) {
			return newer(name)
		}
	}
	if len(applied) < len(paths) {
		return errors.New("the database was written by an older version; start this version of the relay on it once, and check it then")
	}
	return nil
}

func newer(name string) error {
	return fmt.Errorf("the database was written by a newer version (it has the migration %s); use that version, or a newer one", name)
}

// Checksum is what is recorded of a migration: SHA-256 in lower-case hex.
func Checksum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
