package daemon

import (
	"context"
	"errors"
	"sync"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

const (
	// beatPause is how often processes, statuses and held folders are looked at.
	beatPause = time.Second
	// scanEvery is after how many beats folders are looked for that nobody told of, or that another process held.
	scanEvery = 3
	// releaseTime is for how long a folder is left alone that was let go of, where no rescan ends it.
	releaseTime = time.Minute
)

// beat looks after everything until ctx ends.
func (s *Server) beat(ctx context.Context) {
	ticker := time.NewTicker(beatPause)
	defer ticker.Stop()
	for beats := 1; ; beats++ {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		s.poll()
		s.lookAfter()
		if beats%scanEvery == 0 {
			s.scan(ctx)
		}
		if s.unused() {
			s.config.Log("unused, so it leaves")
			s.stop(errUnused)
		}
	}
}

// unused reports whether nobody has needed the daemon for as long as it waits.
func (s *Server) unused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.registry.Sessions()) > 0 || s.busy > 0 {
		s.used = time.Now()
	}
	return !s.config.Lasting && s.config.Idle > 0 && time.Since(s.used) >= s.config.Idle
}

// scan takes hold of the folders that are not held, as far as no other process has them.
func (s *Server) scan(ctx context.Context) {
	s.scanning.Lock()
	defer s.scanning.Unlock()
	folders, err := s.config.Home.Folders()
	if err != nil {
		s.config.Log(err.Error())
		return
	}
	problems := map[string]*MeshReport{}
	for _, folder := range folders {
		s.mu.Lock()
		held := s.meshes[folder.Name()] != nil
		before := s.problems[folder.Name()]
		s.mu.Unlock()
		if held || time.Now().Before(s.released[folder.Name()]) || ctx.Err() != nil {
			continue
		}
		err := s.hold(ctx, folder)
		switch {
		case err == nil:
		case wire.CodeOf(err) == wire.CodeNotFound: // made or joined only halfway: not a mesh yet
		default:
			if errors.Is(err, home.ErrHeld) {
				err = wire.Errorf(wire.CodeInUse, "Another claudemesh uses this device just now; the daemon takes over when it ends.")
			}
			problem := wire.AsError(err)
			if before == nil || before.Problem.Message != problem.Message {
				s.config.Log(folder.Name() + ": " + problem.Message)
			}
			problems[folder.Name()] = &MeshReport{Name: folder.Name(), Connection: peer.Unconnected, Problem: problem}
		}
	}
	s.mu.Lock()
	s.problems = problems
	s.mu.Unlock()
}

// join makes a mesh part of the daemon, with all sessions that show themselves in it.
func (s *Server) join(m *mesh) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.meshes[m.folder.Name()] = m
	s.spreadAll()    // a name that meant one mesh may mean two by it
	m.queue.Settle() // what was due to sessions that are gone by now
	m.post(m.queue.Pushes(time.Now()))
}

// spreadAll brings all sessions to all meshes. It is called with the mutex held.
func (s *Server) spreadAll() {
	for _, m := range s.meshes {
		s.spreadTo(m, s.registry.Sessions(), nil)
	}
}

// rescan is scan that waits for nothing else: folders that were released count again.
func (s *Server) rescan(ctx context.Context) {
	s.scanning.Lock()
	clear(s.released)
	s.scanning.Unlock()
	s.scan(ctx)
}

// release lets go of a folder, for another process to use it.
func (s *Server) release(name string) {
	s.scanning.Lock()
	defer s.scanning.Unlock()
	s.released[name] = time.Now().Add(releaseTime)
	s.drop(name)
}

// lookAfter lets meshes do what they could not do before, and lets go of those whose folder is gone or whose store failed; the next scan finds the latter again.
func (s *Server) lookAfter() {
	s.mu.Lock()
	all := s.held()
	s.mu.Unlock()
	for _, m := range all {
		m.again()
		lost := !m.folder.Exists()
		select {
		case <-m.device.Ended():
			lost = lost || wire.CodeOf(m.device.Failure()) == wire.CodeStorage
		default:
		}
		if lost {
			s.config.Log(m.folder.Name() + " is let go of")
			s.scanning.Lock()
			s.drop(m.folder.Name())
			s.scanning.Unlock()
		}
	}
}

// drop lets go of a mesh. It is called with scanning held.
func (s *Server) drop(name string) {
	s.mu.Lock()
	m := s.meshes[name]
	delete(s.meshes, name)
	s.spreadAll()
	s.mu.Unlock()
	if m != nil {
		m.release()
	}
}

// dropAll lets go of all meshes at once: each says goodbye to its relay.
func (s *Server) dropAll() {
	s.scanning.Lock()
	defer s.scanning.Unlock()
	s.mu.Lock()
	all := s.held()
	clear(s.meshes)
	s.mu.Unlock()
	var leaving sync.WaitGroup
	for _, m := range all {
		leaving.Go(m.release)
	}
	leaving.Wait()
}
