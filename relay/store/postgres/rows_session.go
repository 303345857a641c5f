package postgres

import (
	"maps"
	"slices"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// Session implements store.SharedRows.
func (r *rows) Session(number int64, device wire.DeviceID, session wire.SessionID) (mesh.SessionRow, error) {
	return r.sessions[sessionKey{number, device, session}], nil
}

func (r *rows) SaveSession(number int64, s *mesh.SessionRow) error {
	key := sessionKey{number, s.Device, s.Session}
	row := *s
	row.Card = slices.Clone(some(s.Card))
	if r.changes.sessions[key] == nil {
		of := r.of(number)
		of.sessions = append(append(of.sessions, s.Device[:]...), s.Session[:]...)
	}
	r.sessions[key] = row
	r.changes.sessions[key] = &row
	return nil
}

// DropSession is not needed: sessions that are dropped are saved (store.SharedRows).
func (r *rows) DropSession(int64, wire.DeviceID, wire.SessionID) error {
	return notFetched("no version")
}

func (r *rows) ForgetDevice(number int64, device wire.DeviceID) error {
	maps.DeleteFunc(r.sessions, func(key sessionKey, _ mesh.SessionRow) bool { return key.mesh == number && key.device == device })
	r.changes.forgetDevice(number, device)
	return nil
}
