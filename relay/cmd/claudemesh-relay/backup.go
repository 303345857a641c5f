package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"claudemesh.com/mesh/relay/store/sqlite"
)

// errDamaged ends a command that found problems, which it has told.
var errDamaged = errors.New("the database is damaged. Restore a backup, and keep this one")

type check struct {
	Dir  string `arg:"" type:"path" help:"The relay's data folder. A relay may run on it meanwhile."`
	JSON bool   `name:"json" help:"Tell what was found as JSON."`
}

// Run reads the whole database and tells what does not fit.
func (c *check) Run(o *outside) error {
	report, err := sqlite.Check(sqlite.Path(c.Dir))
	if err != nil {
		return fmt.Errorf("checking %s: %w", c.Dir, err)
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
		return errDamaged
	}
	return nil
}

func tell(w io.Writer, r sqlite.Report) error {
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
	_, err := fmt.Fprintf(w, "%d meshes, %d streams, %d chunks with %d entries and %d bytes, generation %d: %d problems\n",
		r.Meshes, r.Streams, r.Chunks, r.Entries, r.Bytes, r.Generation, len(r.Problems))
	return err
}

type backup struct {
	Dir  string `arg:"" type:"path" help:"The relay's data folder. A relay may run on it meanwhile."`
	File string `arg:"" type:"path" help:"The file to make. It must not be there yet."`
}

// Run copies the database to a new file.
func (b *backup) Run(o *outside) error {
	if err := sqlite.Backup(b.Dir, b.File); err != nil {
		return fmt.Errorf("backing up: %w", err)
	}
	_, err := fmt.Fprintln(o.stdout, "backed up to", b.File)
	return err
}

type restore struct {
	File   string `arg:"" type:"path" help:"A file that the backup command made."`
	Dir    string `arg:"" type:"path" help:"The data folder to make. It must be empty or not there yet."`
	Verify bool   `help:"Check the backup first, and restore nothing where it is damaged."`
}

// Run makes a data folder of a backup.
func (r *restore) Run(o *outside) error {
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
		return errDamaged
	}
	_, err = fmt.Fprintln(o.stdout, "restored to", r.Dir)
	return err
}
