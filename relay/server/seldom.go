package server

import (
	"log/slog"
	"sync"
	"time"
)

// sayAgain is how long what repeats itself is left out of the log.
const sayAgain = time.Minute

// seldom logs what is tried, and fails, many times a second while the store is gone: the first at once, and then once in
// sayAgain with how many were left out meanwhile. Its methods may be called by several goroutines.
type seldom struct {
	log  *slog.Logger
	mu   sync.Mutex
	next time.Time // nothing is logged before
	left int
}

func (s *seldom) error(message string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.Before(s.next) {
		s.left++
		return
	}
	if s.left > 0 {
		args = append(args, "left_out", s.left)
	}
	s.next, s.left = now.Add(sayAgain), 0
	s.log.Error(message, args...)
}
