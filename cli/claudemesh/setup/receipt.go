package setup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// receipt is what setup remembers of a file that it wrote.
type receipt struct {
	// Original is where the bytes from before are; empty: there was no file.
	Original string `json:"original,omitempty"`
	// Sum is the SHA-256 of what setup wrote, in hexadecimal: while the file has it, nothing else changed. Empty: others had
	// changed the file between two setups, and Original is no state to go back to.
	Sum string `json:"sha256,omitempty"`
	// Folders were made for the file, the innermost first.
	Folders []string `json:"folders,omitempty"`
}

func (m Machine) receiptsFile() string { return filepath.Join(m.Config, "setup.json") }

// receipts reads what is remembered, by the file's path. What cannot be read is as if nothing were: undoing then takes our
// entries out one by one.
func (m Machine) receipts() (map[string]*receipt, error) {
	text, err := os.ReadFile(m.receiptsFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what setup remembers: %w", err)
	}
	var held map[string]*receipt
	if json.Unmarshal(text, &held) != nil {
		return nil, nil
	}
	return held, nil
}

// remember keeps or drops the receipt of a file. The lock of the receipts is held.
func (m Machine) remember(name string, r *receipt) error {
	all, err := m.receipts()
	if err != nil {
		return err
	}
	held := map[string]*receipt{}
	for other, kept := range all {
		held[other] = kept
	}
	held[name] = r
	if r == nil {
		delete(held, name)
	}
	if len(held) == 0 {
		err := os.Remove(m.receiptsFile())
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	text, err := json.MarshalIndent(held, "", "  ")
	if err != nil {
		return err
	}
	f, err := open(m.receiptsFile())
	if err == nil {
		_, err = f.replace(append(text, '\n'))
	}
	return err
}
