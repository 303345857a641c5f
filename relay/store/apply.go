package store

import (
	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// Applier carries out batches on the rows of a transaction: the one place where verdicts are decided and chunks made, for
// every store. A row is read once and written once in a commit, however many operations touch it; only chunks are more. It
// is used by one goroutine at a time.
type Applier struct {
	rows       Rows
	shared     SharedRows // the same, or nil
	generation uint32
	meshes     map[wire.MeshID]*meshTx
	order      []*meshTx
	spare      []*meshTx // of commits before
	buffers    [][]byte
	kept       int // bytes in buffers
}

// NewApplier works on rows; new positions are of the generation (wire.NextGeneration at the opening of the store).
func NewApplier(rows Rows, generation uint32) *Applier {
	shared, _ := rows.(SharedRows)
	return &Applier{rows: rows, shared: shared, generation: generation, meshes: make(map[wire.MeshID]*meshTx)}
}

// Apply carries out batches in order, within the transaction that the rows are in. After an error the transaction is to be
// rolled back.
func (a *Applier) Apply(batches []mesh.Batch) ([][]mesh.Verdict, error) {
	defer a.reset()
	verdicts := make([][]mesh.Verdict, len(batches))
	for i, batch := range batches {
		m, err := a.mesh(batch.Mesh)
		if err != nil {
			return nil, err
		}
		verdicts[i] = make([]mesh.Verdict, len(batch.Ops))
		m.places = make([]mesh.Place, 0, entriesOf(batch))
		for j, op := range batch.Ops {
			if verdicts[i][j], err = m.apply(op); err != nil {
				return nil, err
			}
		}
	}
	for _, m := range a.order {
		if err := m.flush(); err != nil {
			return nil, err
		}
	}
	return verdicts, nil
}

func (a *Applier) mesh(id wire.MeshID) (*meshTx, error) {
	if m := a.meshes[id]; m != nil {
		return m, nil
	}
	row, err := a.rows.Mesh(id)
	if err != nil {
		return nil, err
	}
	var m *meshTx
	if n := len(a.spare); n > 0 {
		m, a.spare = a.spare[n-1], a.spare[:n-1]
	} else {
		m = &meshTx{applier: a, rows: a.rows, streams: make(map[wire.Stream]*streamTx), counters: make(map[wire.DeviceID]*counterTx)}
	}
	m.id, m.row, m.saved = id, row, row
	a.meshes[id] = m
	a.order = append(a.order, m)
	return m, nil
}

func (a *Applier) reset() {
	for _, m := range a.order {
		for _, s := range m.touched {
			if size := cap(s.data); size > 0 && size <= 2*MaxChunk && a.kept+size <= maxKept {
				a.buffers = append(a.buffers, s.data[:0])
				a.kept += size
			}
			s.data = nil
		}
		if len(a.spare) < maxSpare && m.reset() {
			a.spare = append(a.spare, m)
		}
	}
	clear(a.meshes)
	clear(a.order)
	a.order = a.order[:0]
}

// maxKept is how many bytes of buffers for chunks are kept for the next commit: small ones for many streams, or the largest for
// some.
const maxKept = 16 << 20

// What is kept of meshes for the next commit: so many, with at most so many streams and as many counters each. It saves small
// commits that follow each other from making the same anew.
const (
	maxSpare        = 16
	maxSpareStreams = 128
)

// entriesOf is how many places the envelopes of a batch get at most.
func entriesOf(batch mesh.Batch) (n int) {
	for _, op := range batch.Ops {
		if op, ok := op.(*mesh.AppendEnvelope); ok {
			n += len(op.Entries)
		}
	}
	return n
}

func (a *Applier) buffer() []byte {
	if n := len(a.buffers); n > 0 {
		b := a.buffers[n-1]
		a.buffers = a.buffers[:n-1]
		a.kept -= cap(b)
		return b
	}
	return nil
}

// meshTx is one mesh in one transaction.
type meshTx struct {
	applier  *Applier
	rows     Rows
	id       wire.MeshID
	row      MeshRow
	saved    MeshRow
	streams  map[wire.Stream]*streamTx
	touched  []*streamTx
	counters map[wire.DeviceID]*counterTx
	counted  []*counterTx
	places   []mesh.Place // room for those of the batch

	// Of the operation before: those that follow each other are often of one device, to one member.
	lastStream  *streamTx
	lastCounter *counterTx

	spareStreams  []*streamTx
	spareCounters []*counterTx
	// overtaken are sessions of which this commit did not do something.
	overtaken map[SessionKey]bool
}

// reset makes it ready for another mesh, or reports that it grew too large to keep.
func (m *meshTx) reset() bool {
	if len(m.touched) > maxSpareStreams || len(m.counted) > maxSpareStreams {
		return false
	}
	for _, s := range m.touched {
		*s = streamTx{shares: s.shares[:0]}
	}
	m.spareStreams = append(m.spareStreams, m.touched...)
	m.spareCounters = append(m.spareCounters, m.counted...)
	m.spareStreams = m.spareStreams[:min(len(m.spareStreams), maxSpareStreams)]
	m.spareCounters = m.spareCounters[:min(len(m.spareCounters), maxSpareStreams)]
	m.touched, m.counted = m.touched[:0], m.counted[:0]
	clear(m.streams)
	clear(m.counters)
	m.lastStream, m.lastCounter, m.places, m.overtaken = nil, nil, nil, nil
	return true
}

type counterTx struct {
	device     wire.DeviceID
	row, saved CounterRow
}

func (m *meshTx) counter(device wire.DeviceID) (*counterTx, error) {
	if m.lastCounter != nil && m.lastCounter.device == device {
		return m.lastCounter, nil
	}
	if counter := m.counters[device]; counter != nil {
		m.lastCounter = counter
		return counter, nil
	}
	row, err := m.rows.Counter(m.row.Number, device)
	if err != nil {
		return nil, err
	}
	var counter *counterTx
	if n := len(m.spareCounters); n > 0 {
		counter, m.spareCounters = m.spareCounters[n-1], m.spareCounters[:n-1]
	} else {
		counter = new(counterTx)
	}
	*counter = counterTx{device, row, row}
	m.lastCounter, m.counters[device] = counter, counter
	m.counted = append(m.counted, counter)
	return counter, nil
}

func (m *meshTx) apply(op mesh.Op) (mesh.Verdict, error) {
	if op, ok := op.(*mesh.CreateMesh); ok {
		return m.create(op)
	}
	if m.row.Number == 0 {
		return mesh.Verdict{Outcome: mesh.Stale}, nil
	}
	done := mesh.Verdict{Outcome: mesh.Done}
	switch op := op.(type) {
	case *mesh.AppendStatement:
		return m.statement(op)
	case *mesh.AppendEnvelope:
		return m.envelope(op)
	case *mesh.MoveCursor:
		s, err := m.stream(op.Stream)
		if err != nil {
			return done, err
		}
		return done, m.rows.RaiseCursor(m.row.Number, op.Device, s.row.Number, op.Position)
	case *mesh.FindEnvelope:
		return m.find(op)
	case *mesh.PutSession:
		return m.session(&op.Session)
	case *mesh.DropSession:
		if m.applier.shared == nil {
			return done, m.rows.DropSession(m.row.Number, op.Device, op.Session)
		}
		return m.session(&mesh.SessionRow{Device: op.Device, Session: op.Session, Version: op.Version})
	case *mesh.ForgetDevice:
		return done, m.rows.ForgetDevice(m.row.Number, op.Device)
	case *mesh.Trim:
		return m.trim(op)
	}
	return done, wire.Errorf(wire.CodeInternal, "a store knows no operation %T", op)
}

func (m *meshTx) create(op *mesh.CreateMesh) (mesh.Verdict, error) {
	if m.row.Number != 0 {
		return mesh.Verdict{Outcome: mesh.Exists}, nil
	}
	number, err := m.rows.AddMesh(m.id, MeshRow{Head: op.Head})
	if err != nil {
		return mesh.Verdict{}, err
	}
	m.row = MeshRow{Number: number, Head: op.Head}
	m.saved = m.row
	verdict := mesh.Verdict{Outcome: mesh.Done}
	for _, statement := range op.Statements {
		place, err := m.append(wire.RosterStream(m.id), op.Time, op.Author, statement)
		if err != nil {
			return verdict, err
		}
		verdict.Places = append(verdict.Places, place)
		if err := m.record(ActionCreate, op.Time, wire.RosterStream(m.id), place.Position, Share{op.Author, 1, uint64(len(statement))}); err != nil {
			return verdict, err
		}
	}
	return verdict, nil
}

func (m *meshTx) statement(op *mesh.AppendStatement) (mesh.Verdict, error) {
	if m.row.Head != op.After {
		return mesh.Verdict{Outcome: mesh.Stale}, nil
	}
	verdict := mesh.Verdict{Outcome: mesh.Done}
	action := ActionStatement
	if !op.Use.IsZero() {
		action = ActionClaim
		left, err := m.rows.InviteUses(m.row.Number, op.Use)
		if err != nil {
			return verdict, err
		}
		if left <= 0 {
			return mesh.Verdict{Outcome: mesh.Exhausted}, nil
		}
		if err := m.rows.SaveInviteUses(m.row.Number, op.Use, left-1); err != nil {
			return verdict, err
		}
	}
	if op.Invite != nil {
		action = ActionInvite
		code, err := m.freeCode(op.Invite.Codes)
		if err != nil {
			return verdict, err
		}
		if code == "" {
			return mesh.Verdict{Outcome: mesh.CodeTaken}, nil
		}
		if err := m.rows.AddInvite(m.row.Number, code, op.Invite); err != nil {
			return verdict, err
		}
		verdict.Code = code
	}
	place, err := m.append(wire.RosterStream(m.id), op.Time, op.Author, op.Statement)
	if err != nil {
		return verdict, err
	}
	m.row.Head = op.Head
	verdict.Places = []mesh.Place{place}
	for _, device := range op.Forget {
		if err := m.rows.ForgetDevice(m.row.Number, device); err != nil {
			return verdict, err
		}
	}
	return verdict, m.record(action, op.Time, wire.RosterStream(m.id), place.Position, Share{op.Author, 1, uint64(len(op.Statement))})
}

// session puts the row of a session, where no other node did meanwhile.
func (m *meshTx) session(row *mesh.SessionRow) (mesh.Verdict, error) {
	if m.applier.shared != nil {
		stored, err := m.applier.shared.Session(m.row.Number, row.Device, row.Session)
		if err != nil {
			return mesh.Verdict{}, err
		}
		key := SessionKey{DeviceKey{m.id, row.Device}, row.Session}
		if m.overtaken[key] || stored.Version != 0 && stored.Version+1 != row.Version {
			if m.overtaken == nil {
				m.overtaken = make(map[SessionKey]bool)
			}
			m.overtaken[key] = true
			return mesh.Verdict{Outcome: mesh.Overtaken, Session: &stored}, nil
		}
	}
	return mesh.Verdict{Outcome: mesh.Done}, m.rows.SaveSession(m.row.Number, row)
}

func (m *meshTx) freeCode(codes []string) (string, error) {
	for _, code := range codes {
		taken, err := m.rows.CodeTaken(code)
		if err != nil {
			return "", err
		}
		if !taken {
			return code, nil
		}
	}
	return "", nil
}

func (m *meshTx) envelope(op *mesh.AppendEnvelope) (mesh.Verdict, error) {
	if m.row.Head != op.Head {
		return mesh.Verdict{Outcome: mesh.Stale}, nil
	}
	counter, err := m.counter(op.Device)
	if err != nil {
		return mesh.Verdict{}, err
	}
	if counter.row.Last != op.After || op.Counter <= counter.row.Last {
		return mesh.Verdict{Outcome: mesh.Resume, Last: counter.row.Last}, nil
	}
	from, to := len(m.places), len(m.places)+len(op.Entries)
	m.places = m.places[:to]
	verdict := mesh.Verdict{Outcome: mesh.Done, Places: m.places[from:to:to]}
	for i := range op.Entries {
		place, err := m.append(op.Entries[i].Stream, op.Time, op.Device, op.Entries[i].Envelope)
		if err != nil {
			return verdict, err
		}
		verdict.Places[i] = place
		size := len(op.Entries[i].Envelope)
		m.lastStream.wrote(op.Device, op.Time, size)
		counter.row.Bytes += uint64(mesh.EntryOverhead + size)
	}
	counter.row.Last = op.Counter
	return verdict, nil
}
