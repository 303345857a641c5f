package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	checker "claudemesh.com/mesh/relay/store/check"
	"claudemesh.com/mesh/relay/store/postgres"
	"claudemesh.com/mesh/relay/store/sqlite"
)

// errDamaged is in what ends a command that found problems, which it has told.
var errDamaged = errors.New("damaged")

type check struct {
	Dir      string `arg:"" optional:"" type:"path" help:"The relay's data folder, on which a relay may run meanwhile, or a backup of one."`
	Database string `name:"database-url" placeholder:"URL" help:"PostgreSQL database to check in place of a folder; relays may use it meanwhile. Default: what DATABASE_URL holds, where no folder is given."`
	JSON     bool   `name:"json" help:"Tell what was found as JSON."`
}

// look reads the database that the flags mean.
func (c *check) look(o *outside) (report checker.Report, err error) {
	address := c.Database
	if address == "" && c.Dir == "" {
		address = o.env("DATABASE_URL")
	}
	switch {
	case address != "" && c.Dir != "":
		return report, usageError("a folder or --database-url, not both")
	case address != "":
		if report, err = postgres.Check(context.Background(), address); err != nil {
			err = fmt.Errorf("checking the PostgreSQL database: %w", err)
		}
	case c.Dir == "":
		return report, usageError("name the relay's data folder, or its PostgreSQL database with --database-url")
	default:
		if report, err = checkFile(c.Dir); err != nil {
			err = fmt.Errorf("checking %s: %w", c.Dir, err)
		}
	}
	return report, err
}

// checkFile checks the database of a data folder, or a backup.
func checkFile(path string) (report checker.Report, err error) {
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return sqlite.Check(path)
	}
	if err := hasDatabase(path); err != nil {
		return report, err
	}
	return sqlite.Check(sqlite.Path(path))
}

// hasDatabase says so where a folder is not the data folder of a relay.
func hasDatabase(dir string) error {
	_, err := os.Stat(sqlite.Path(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no %s, so no relay kept its data here", sqlite.Path(dir))
	}
	return err
}

// Run reads the whole database and tells what does not fit.
func (c *check) Run(o *outside) error {
	report, err := c.look(o)
	if err != nil {
		return err
	}
	if c.JSON {
		encoder := json.NewEncoder(o.stdout)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(report); err != nil {
			return err
		}
	} else if err := tell(o.stdout, report); err != nil {
		return err
	}
	if len(report.Problems) > 0 {
		return fmt.Errorf("the database is %w. Keep it as it is, and put a backup back", errDamaged)
	}
	return nil
}

func tell(w io.Writer, r checker.Report) error {
	for _, p := range r.Problems {
		where := ""
		if p.Mesh != "" {
			where = "mesh " + p.Mesh + ": "
		}
		if p.Stream != "" {
			where += p.Stream + ": "
		}
		if _, err := fmt.Fprintf(w, "%s%s\n", where, p.Text); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%s, %s, %s with %s and %s, generation %d: %s\n",
		count(r.Meshes, "mesh", "meshes"), count(r.Streams, "stream", "streams"), count(r.Chunks, "chunk", "chunks"),
		count(r.Entries, "entry", "entries"), count(r.Bytes, "byte", "bytes"), r.Generation, count(len(r.Problems), "problem", "problems"))
	return err
}

func count[N int | uint64](n N, one, more string) string {
	if n == 1 {
		more = one
	}
	return fmt.Sprint(n, " ", more)
}

type backup struct {
	Dir  string `arg:"" type:"path" help:"The relay's data folder. A relay may run on it meanwhile."`
	File string `arg:"" type:"path" help:"The file to make. It must not be there yet."`
}

// Run copies the database to a new file.
func (b *backup) Run(o *outside) error {
	if isAddress(b.Dir) {
		return usageError("PostgreSQL has its own backups: pg_dump --format=custom --file=FILE, or physical ones with a log archive. See \"Backups\" in docs/operating.md")
	}
	err := hasDatabase(b.Dir)
	if err == nil {
		err = sqlite.Backup(b.Dir, b.File)
	}
	if err != nil {
		return fmt.Errorf("backing up: %w", err)
	}
	_, err = fmt.Fprintln(o.stdout, "backed up to", b.File)
	return err
}

type restore struct {
	File     string `arg:"" optional:"" type:"path" help:"A file that the backup command made."`
	Dir      string `arg:"" optional:"" type:"path" help:"The data folder. It may be there, but hold no database of a relay."`
	Database string `name:"database-url" placeholder:"URL" help:"In place of both, a PostgreSQL database that was put back with pg_restore: it is made fit for relays to start on."`
	Verify   bool   `help:"Check the backup first, and restore nothing where it is damaged."`
}

// Run makes a data folder of a backup, or a PostgreSQL database fit.
func (r *restore) Run(o *outside) error {
	if r.Database != "" && r.File == "" {
		return r.database(o)
	}
	if r.Database != "" || r.Dir == "" || isAddress(r.File) || isAddress(r.Dir) {
		return usageError("name a backup and the folder to make of it; or, with --database-url alone, a PostgreSQL database that pg_restore has put back")
	}
	report, err := sqlite.Restore(r.File, r.Dir, time.Now(), r.Verify)
	if err != nil {
		return fmt.Errorf("restoring: %w", err)
	}
	if r.Verify {
		if err := tell(o.stdout, report); err != nil {
			return err
		}
	}
	if len(report.Problems) > 0 {
		return fmt.Errorf("the backup is %w, so nothing was restored. Take another", errDamaged)
	}
	_, err = fmt.Fprintln(o.stdout, "restored to", r.Dir)
	return err
}

// database does what is left to do when PostgreSQL's own tools have put a database back.
func (r *restore) database(o *outside) error {
	ctx := context.Background()
	if r.Verify {
		report, err := postgres.Check(ctx, r.Database)
		if err != nil {
			return fmt.Errorf("checking the PostgreSQL database: %w", err)
		}
		if err := tell(o.stdout, report); err != nil {
			return err
		}
		if len(report.Problems) > 0 {
			return fmt.Errorf("the database is %w. Put another backup back, and let no relay start on this", errDamaged)
		}
	}
	if err := postgres.Restored(ctx, r.Database, time.Now()); err != nil {
		return fmt.Errorf("restoring: %w", err)
	}
	_, err := fmt.Fprintln(o.stdout, "relays may start on the PostgreSQL database")
	return err
}

// isAddress reports whether somebody gave the address of a PostgreSQL database where a path is due.
func isAddress(path string) bool {
	return strings.Contains(path, "postgres:/") || strings.Contains(path, "postgresql:/")
}
