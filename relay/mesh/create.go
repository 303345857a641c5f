package mesh

import (
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// MaxCreate is how many statements a mesh can begin with: the genesis and seven on it (docs/PROTOCOL.md, section 11).
const MaxCreate = 8

// Created tells what a mesh began with.
type Created struct {
	Mesh     wire.MeshID
	Head     wire.Head
	Position wire.Position
}

// Create judges the first statements of a mesh and gives the batch that makes it; CreatedBy reads the verdict.
func Create(now time.Time, statements [][]byte) (Batch, error) { return Batch{}, nil }

// CreatedBy is the answer where the verdict of Create's batch is Done.
func CreatedBy(batch Batch, verdict Verdict) Created { return Created{} }

// CreatedBefore is the answer where the verdict is Exists: the first answer again where the mesh began with the same
// statements (load is its snapshot), and else CodeStaleHead.
func CreatedBefore(batch Batch, load Snapshot) (Created, error) { return Created{}, nil }
