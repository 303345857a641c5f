package mesh

import (
	"bytes"
	"time"

	"claudemesh.com/mesh/shared/roster"
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

// Create judges the first statements of a mesh and gives the batch that makes it; Created reads the verdict. An invite is
// not among them: its escrow, preview and code come with the frame append.
func Create(now time.Time, statements [][]byte) (Batch, error) {
	if len(statements) == 0 || len(statements) > MaxCreate {
		return Batch{}, wire.Errorf(wire.CodeMalformed, "a mesh begins with 1 to %d statements", MaxCreate)
	}
	state := roster.NewBlind()
	op := &CreateMesh{Time: milliseconds(now)}
	for i, raw := range statements {
		statement, err := roster.Parse(raw)
		if err != nil {
			return Batch{}, err
		}
		if i == 0 && statement.Kind != roster.KindGenesis {
			return Batch{}, wire.Errorf(wire.CodeForbidden, "a mesh begins with its genesis")
		}
		if statement.Kind == roster.KindInvite {
			return Batch{}, wire.Errorf(wire.CodeMalformed, "a mesh does not begin with an invite")
		}
		if err := state.Apply(statement, now); err != nil {
			return Batch{}, err
		}
		op.Author = statement.Author
		op.Statements = append(op.Statements, bytes.Clone(raw))
	}
	op.Head = state.Head()
	return Batch{Mesh: state.Mesh(), Ops: []Op{op}}, nil
}

// ReadCreated is the answer to a batch of Create that was committed. Where the mesh existed before, load gives its snapshot:
// the same statements get the first answer again, others CodeStaleHead.
func ReadCreated(batch Batch, verdict Verdict, load func() (Snapshot, error)) (Created, error) {
	op := batch.Ops[0].(*CreateMesh)
	n := len(op.Statements)
	created := Created{Mesh: batch.Mesh, Head: op.Head}
	if verdict.Outcome == Done {
		created.Position = verdict.Places[n-1].Position
		return created, nil
	}
	snapshot, err := load()
	if err != nil {
		return Created{}, err
	}
	for i, raw := range op.Statements {
		if i >= len(snapshot.Roster) || !bytes.Equal(raw, snapshot.Roster[i].Bytes) {
			return Created{}, wire.Errorf(wire.CodeStaleHead, "This mesh exists already, with other statements after its genesis.")
		}
	}
	created.Position = snapshot.Roster[n-1].Position
	return created, nil
}
