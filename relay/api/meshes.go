package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"claudemesh.com/mesh/shared/wire"
)

// createMesh is POST /api/public/meshes (docs/PROTOCOL.md, section 11).
func (s *server) createMesh(r *http.Request, body []byte) (int, any, error) {
	if err := s.mayCreate(r.Header.Get("Authorization")); err != nil {
		return 0, nil, err
	}
	var request struct {
		Statements []wire.Bytes `json:"statements"`
	}
	if err := wire.DecodeJSON(body, maxBody, &request); err != nil {
		return 0, nil, err
	}
	statements := make([][]byte, len(request.Statements))
	for i, statement := range request.Statements {
		statements[i] = statement
	}
	created, err := s.backend.CreateMesh(r.Context(), statements)
	return http.StatusCreated, creation{created.Mesh, created.Head, created.Position}, err
}

// creation is the answer to a mesh made.
type creation struct {
	Mesh     wire.MeshID   `json:"mesh_id"`
	Head     wire.Head     `json:"head"`
	Position wire.Position `json:"position"`
}

func (s *server) mayCreate(authorization string) error {
	switch s.Creation {
	case CreateOpen:
		return nil
	case CreateByToken:
		token, ok := strings.CutPrefix(authorization, "Bearer ")
		if ok && s.Token != "" && sameSecret(token, s.Token) {
			return nil
		}
		return wire.Refuse(wire.CodeOperatorToken)
	}
	return wire.Refuse(wire.CodeCreationClosed)
}

// sameSecret takes a time that tells nothing, not even how long the secret is.
func sameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
