package roster

// Mark is a point to which Rollback returns.
type Mark int

// Mark remembers the present point. From the first Mark until Forget, each Apply keeps what undoes it: a few hundred bytes,
// and nothing that grows with the mesh. So a relay judges a batch, commits it, and then forgets or rolls back.
func (s *State) Mark() Mark { panic("unwritten") }

// Rollback undoes every Apply since the mark. Marks made later are void; the mark itself stays good.
func (s *State) Rollback(mark Mark) { panic("unwritten") }

// Forget drops what undoes; marks made before are void.
func (s *State) Forget() { panic("unwritten") }
