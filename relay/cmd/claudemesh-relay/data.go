package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/relay/store/postgres"
	"claudemesh.com/mesh/relay/store/sqlite"
)

// dataFolder is where the relay keeps its database, made for this user alone where it is not there yet.
func dataFolder(flag string, env func(string) string) (string, error) {
	folder := flag
	if folder == "" {
		state, err := stateFolder(runtime.GOOS, env)
		if err != nil {
			return "", err
		}
		folder = filepath.Join(state, "claudemesh-relay")
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("making the data folder: %w", err)
	}
	return folder, nil
}

// openStore opens the PostgreSQL database of the flag or of DATABASE_URL, or where there is none the one in the data folder,
// and says which kind it is.
func openStore(flag, data string, env func(string) string) (store.Store, string, error) {
	address := flag
	if address == "" {
		address = env("DATABASE_URL")
	}
	if address == "" {
		s, err := sqlite.Open(data, time.Now())
		if errors.Is(err, store.ErrDamaged) {
			err = fmt.Errorf("%w. Nothing was changed. Keep the folder, see what \"claudemesh-relay check %s\" tells, and put a backup back into another folder with \"claudemesh-relay restore\"", err, data)
		}
		if err != nil {
			return nil, "", err
		}
		return s, "sqlite", nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), openLimit)
	defer cancel()
	s, err := postgres.Open(ctx, address, time.Now)
	if err != nil {
		return nil, "", fmt.Errorf("%w (--database-url or DATABASE_URL)", err)
	}
	return s, "postgres", nil
}

// openLimit is how long opening a PostgreSQL database may take; other nodes may be bringing its schema up to date.
const openLimit = 2 * time.Minute

// stateFolder is the folder of an operating system for what programs keep and nobody edits.
func stateFolder(system string, env func(string) string) (string, error) {
	home := env("HOME")
	switch system {
	case "windows":
		if local := env("LocalAppData"); local != "" {
			return local, nil
		}
	case "darwin", "ios":
		if home != "" {
			return filepath.Join(home, "Library", "Application Support"), nil
		}
	default:
		// The specification says that a relative path is not one.
		if state := env("XDG_STATE_HOME"); filepath.IsAbs(state) {
			return state, nil
		}
		if home != "" {
			return filepath.Join(home, ".local", "state"), nil
		}
	}
	return "", usageError("this user has no home folder; say with --data where the relay may keep its database")
}

// operatorToken reads the token that allows to make meshes, and makes one where the file is not there.
func operatorToken(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newOperatorToken(path)
	}
	if err != nil {
		return "", fmt.Errorf("reading the operator's token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if len(token) < 16 {
		return "", fmt.Errorf("the operator's token in %s has fewer than 16 characters. Write a longer one, or delete the file to have one made", path)
	}
	return token, nil
}

func newOperatorToken(path string) (string, error) {
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return "", err
	}
	token := base64.RawURLEncoding.EncodeToString(secret[:])
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = f.WriteString(token + "\n")
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return "", fmt.Errorf("keeping the operator's token: %w", err)
	}
	return token, nil
}
