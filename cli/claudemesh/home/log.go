package home

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"
)

// MaxLog bounds the daemon's log, in bytes; what is older goes.
const MaxLog = 1 << 20

// LogPath is the path of the daemon's log.
func (h *Home) LogPath() string { return filepath.Join(h.dir, "daemon.log") }

// OpenLog opens a log for adding to it, with mode 0600, emptied first where it has grown beyond MaxLog.
func OpenLog(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the daemon's log: %w", err)
	}
	if info, err := file.Stat(); err == nil && info.Size() > MaxLog {
		file.Truncate(0)
	}
	return file, nil
}

// Log adds sentences to a log, each with the time, and empties it before it grows beyond MaxLog. Its methods may be called from
// any goroutine.
type Log struct {
	mu      sync.Mutex
	file    *os.File
	written int64
}

// NewLog writes to a file that OpenLog opened.
func NewLog(file *os.File) *Log {
	l := &Log{file: file}
	if info, err := file.Stat(); err == nil {
		l.written = info.Size()
	}
	return l
}

// maxSentence bounds one sentence, in bytes.
const maxSentence = 2000

// Add adds a sentence in one line; what it quotes of a relay makes no line of its own and is nothing that a terminal obeys. One that
// cannot be written is lost.
func (l *Log) Add(sentence string) {
	sentence = strings.ToValidUTF8(sentence[:min(len(sentence), maxSentence)], "")
	sentence = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return ' '
		}
		return r
	}, sentence)
	l.mu.Lock()
	defer l.mu.Unlock()
	line := time.Now().Format(time.RFC3339) + " " + sentence + "\n"
	if l.written+int64(len(line)) > MaxLog {
		l.file.Truncate(0)
		l.written = 0
	}
	n, _ := l.file.WriteString(line)
	l.written += int64(n)
}
