package setup

import (
	"fmt"
	"os"
)

// step plans the change of a file, and what is to be remembered of it (nil: nothing any more).
type step func(t target, f *file, r *receipt) (Change, *receipt, error)

func (m Machine) run(agent Agent, dry bool, plan step) ([]Change, error) {
	targets, err := m.targets(agent)
	if err != nil {
		return nil, err
	}
	held, err := m.receipts()
	if err != nil {
		return nil, err
	}
	changes := make([]Change, len(targets))
	for i, t := range targets {
		f, err := open(t.file())
		if err != nil {
			return nil, err
		}
		if changes[i], _, err = plan(t, f, held[t.file()]); err != nil {
			return nil, err
		}
	}
	if dry {
		for i := range changes {
			if changes[i].Backup == fresh {
				changes[i].Backup = ""
			}
		}
		return changes, nil
	}
	unlock, err := lock(m.receiptsFile())
	if err != nil {
		return nil, err
	}
	defer unlock()
	for i, t := range targets {
		if changes[i], err = m.write(t, plan); err != nil {
			return changes[:i], err
		}
	}
	return changes, nil
}

// write carries out the plan for one file, made anew with the file's lock held.
func (m Machine) write(t target, plan step) (Change, error) {
	for range 5 {
		change, again, err := m.writeOnce(t, plan)
		if err != nil || !again {
			return change, err
		}
	}
	return Change{}, fmt.Errorf("another program keeps changing %s; close it and try again", t.file())
}

func (m Machine) writeOnce(t target, plan step) (_ Change, again bool, err error) {
	f, err := open(t.file())
	if err != nil {
		return Change{}, false, err
	}
	var made []string
	if !f.exists {
		if made, err = f.makeFolder(); err != nil {
			return Change{}, false, err
		}
	}
	held, err := m.receipts()
	if err != nil {
		return Change{}, false, err
	}
	before := held[t.file()]
	change, after, again, err := m.writeLocked(t, plan, before)
	if after != nil && change.Action == Created {
		after.Folders = made
	}
	if change.Action == Deleted {
		made = before.Folders
	}
	if change.Action != Created {
		for _, folder := range made {
			os.Remove(folder) // it stays where something else is in it by now
		}
	}
	if again || err != nil || after == before {
		return change, again, err
	}
	return change, false, m.remember(t.file(), after)
}

func (m Machine) writeLocked(t target, plan step, before *receipt) (_ Change, _ *receipt, again bool, err error) {
	f, err := open(t.file())
	if err != nil {
		return Change{}, nil, false, err
	}
	unlock, err := lock(f.real)
	if err != nil {
		return Change{}, nil, false, err
	}
	defer unlock()
	if f, err = open(t.file()); err != nil {
		return Change{}, nil, false, err
	}
	change, after, err := plan(t, f, before)
	if err != nil {
		return Change{}, nil, false, err
	}
	if change.Backup == fresh {
		if change.Backup, err = f.backup(); err != nil {
			return Change{}, nil, false, err
		}
		if after.Original == fresh {
			after.Original = change.Backup
		}
	}
	switch change.Action {
	case Created, Changed:
		again, err = f.replace(change.After)
	case Restored:
		if again, err = f.replace(change.After); err == nil && !again {
			err = os.Remove(before.Original)
		}
	case Deleted:
		err = os.Remove(f.real)
	}
	return change, after, again, err
}

// fresh stands for the path of a backup that is yet to be made.
const fresh = "\x00"
