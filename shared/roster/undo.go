package roster

// Mark is a point to which Rollback returns.
type Mark int

// Mark remembers the present point. From the first Mark until Forget, each Apply keeps what undoes it: a few hundred bytes,
// and nothing that grows with the mesh. So a relay judges a batch, commits it, and then forgets or rolls back.
func (s *State) Mark() Mark {
	s.undoing = true
	return Mark(len(s.undo))
}

// Rollback undoes every Apply since the mark. Marks made later are void; the mark itself stays good.
func (s *State) Rollback(mark Mark) {
	for n := len(s.undo) - 1; n >= int(mark); n-- {
		s.undo[n]()
		s.undo[n] = nil
	}
	s.undo = s.undo[:mark]
}

// Forget drops what undoes; marks made before are void.
func (s *State) Forget() {
	s.undoing, s.undo = false, nil
}

// did keeps what undoes the change just made.
func (s *State) did(undo func()) {
	if s.undoing {
		s.undo = append(s.undo, undo)
	}
}

// save keeps the present value of *place, to be put back by Rollback.
func save[T any](s *State, place *T) {
	if s.undoing {
		old := *place
		s.undo = append(s.undo, func() { *place = old })
	}
}

// put adds to a map what was not in it.
func put[K comparable, V any](s *State, m map[K]V, key K, value V) {
	m[key] = value
	s.did(func() { delete(m, key) })
}

// push appends to a list that only grows.
func push[T any](s *State, list *[]T, value T) {
	save(s, list)
	*list = append(*list, value)
}
