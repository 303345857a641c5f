package daemon

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"claudemesh.com/mesh/cli/claudemesh/agent"
	"claudemesh.com/mesh/cli/claudemesh/device"
	"claudemesh.com/mesh/cli/claudemesh/home"
	"claudemesh.com/mesh/cli/claudemesh/kv"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// mesh is one device that the daemon holds, and the messages in it for agents.
type mesh struct {
	server *Server
	folder home.Folder
	lock   *home.Lock
	device *device.Device
	view   atomic.Pointer[peer.MeshView] // as of the last event: reading it waits for nothing
	rows   *writer
	stop   context.CancelFunc
	unhear func()
	serves func() // ends Config.Serve; nil where nothing is served
	parts  sync.WaitGroup

	arrived chan struct{} // something is new in the log, or there is room
	told    chan struct{} // receipts are owed
	showing chan struct{} // what is to be shown changed
	pushing chan struct{} // pushes wait
	begun   chan struct{} // closed when the queue has what there was; see take

	// Under the server's mutex:
	queue  *agent.Queue
	shown  map[wire.SessionID]*peer.Card // what is to be shown; nil: that the session ended
	pushes []pushes
}

// pushes go out once the rows with this number are written.
type pushes struct {
	list   []agent.Push
	number uint64
}

// hold takes a folder's lock, runs its device, and makes it part of the daemon. It is called with scanning held. home.ErrHeld: another process speaks for it. CodeNotFound: it was made or
// joined only halfway.
func (s *Server) hold(ctx context.Context, folder home.Folder) (err error) {
	m := &mesh{
		server: s, folder: folder, shown: map[wire.SessionID]*peer.Card{},
		arrived: make(chan struct{}, 1), told: make(chan struct{}, 1), showing: make(chan struct{}, 1), pushing: make(chan struct{}, 1),
		begun: make(chan struct{}),
	}
	if m.lock, err = folder.Lock(); err != nil {
		return err
	}
	if m.device, err = device.Open(ctx, folder, device.Options{Log: s.config.Log}); err != nil {
		m.lock.Unlock()
		return err
	}
	rows, err := kv.OpenRows(folder.Agent())
	if err == nil {
		if err = m.load(rows); err != nil {
			err = errors.Join(err, rows.Close())
		}
	}
	if err != nil {
		err = errors.Join(err, m.device.Close())
		m.lock.Unlock()
		return err
	}
	m.rows = newWriter(rows, s.config.Log)
	m.rows.failed = m.reload
	m.look()
	ctx, m.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.join(m) // before anything arrives: who lives now is to get it
	m.unhear = m.device.Subscribe(m.hear)
	m.device.Connect(ctx)
	for _, part := range []func(context.Context){m.take, m.tell, m.show, m.push} {
		m.parts.Go(func() { part(ctx) })
	}
	if s.config.Serve != nil {
		if m.serves, err = s.config.Serve(folder, m.device, s.begin); err != nil {
			s.config.Log("commands are not served: " + err.Error())
		}
	}
	return nil
}

// load reads the queue, which begins where the inbox of the command line stands.
func (m *mesh) load(rows *kv.Rows) error {
	queue, fresh, err := agent.Load(rows)
	if err != nil {
		return err
	}
	if fresh {
		queue.SetMark(m.device.Shown())
		if err := rows.Commit(queue.Changed()); err != nil {
			return err
		}
	}
	m.queue = queue
	return nil
}

// reload puts the queue back to what is stored, after a commit failed. Sessions find there what they had not taken.
func (m *mesh) reload() {
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	queue, _, err := agent.Load(m.rows.rows)
	if err != nil {
		m.server.config.Log(err.Error())
		return
	}
	for _, session := range m.server.registry.Sessions() {
		if m.in(session) {
			queue.Begin(session.ID, session.Traits())
		}
	}
	m.queue = queue
	poke(m.arrived)
}

// release ends what hold began. It says goodbye to the relay.
func (m *mesh) release() {
	if m.serves != nil {
		m.serves()
	}
	m.unhear()
	m.stop()
	m.parts.Wait()
	if err := m.device.Close(); err != nil {
		m.server.config.Log(err.Error())
	}
	m.rows.close()
	m.lock.Unlock()
}

// hear takes the device's events.
func (m *mesh) hear(e peer.Event) {
	switch e.Kind {
	case peer.EventMessage:
		if e.IsNew && e.Message != nil {
			poke(m.arrived)
		}
	case peer.EventConnection, peer.EventMesh, peer.EventStorage:
		m.look()
		poke(m.arrived) // names may have come for what waited
	}
}

func (m *mesh) look() {
	view := m.device.Mesh()
	m.view.Store(&view)
}

// in reports whether a session shows itself in this mesh. It is called with the server's mutex held.
func (m *mesh) in(s *agent.Session) bool {
	return s.In(m.view.Load().Mesh, m.server.known())
}

// post queues what changed in the queue, and pushes what is to be pushed. It is called with the server's mutex held, after
// every change of the queue; the number is for rows.wait.
func (m *mesh) post(list []agent.Push) (number uint64) {
	number = m.rows.add(m.queue.Changed())
	if len(list) > 0 {
		m.pushes = append(m.pushes, pushes{list, number})
		poke(m.pushing)
	}
	return number
}

// show tells the device, one after another, which sessions there are and what they say of themselves. What it tells, the
// device keeps for later connections; what it does not take is told again with the next beat.
func (m *mesh) show(ctx context.Context) {
	known := map[wire.SessionID]peer.Card{}
	complaint := ""
	for {
		select {
		case <-m.showing:
		case <-ctx.Done():
			return
		}
		m.server.mu.Lock()
		shown := m.shown
		m.shown = map[wire.SessionID]*peer.Card{}
		m.server.mu.Unlock()
		for session, card := range shown {
			before, has := known[session]
			var err error
			switch {
			case card == nil:
				delete(known, session)
				err = m.device.EndSession(ctx, session)
			case !has || !same(before, *card):
				known[session] = *card
				err = m.device.SetSession(ctx, session, *card)
			}
			if err == nil || ctx.Err() != nil {
				continue
			}
			delete(known, session)
			if complaint != err.Error() {
				complaint = err.Error()
				m.server.config.Log("a session is not shown as it is: " + complaint)
			}
			m.server.mu.Lock()
			if _, newer := m.shown[session]; !newer {
				m.shown[session] = card
			}
			m.server.mu.Unlock()
		}
	}
}

func same(a, b peer.Card) bool {
	return slices.Equal(a.Tags, b.Tags) && a.Kind == b.Kind && a.Status == b.Status && a.StatusSince == b.StatusSince && a.Summary == b.Summary &&
		a.Host == b.Host && a.Directory == b.Directory && a.Model == b.Model && a.Client == b.Client
}

// again wakes what could not be done before. It is called with each beat.
func (m *mesh) again() {
	m.server.mu.Lock()
	showing, owing := len(m.shown) > 0, len(m.queue.Receipts()) > 0
	m.server.mu.Unlock()
	if showing {
		poke(m.showing)
	}
	if owing {
		poke(m.told)
	}
}

// tell gives the device the receipts for what was taken.
func (m *mesh) tell(ctx context.Context) {
	for poke(m.told); ; {
		select {
		case <-m.told:
		case <-ctx.Done():
			return
		}
		m.server.mu.Lock()
		ids := m.queue.Receipts()
		m.server.mu.Unlock()
		if len(ids) == 0 {
			continue
		}
		if err := m.device.MarkMessagesRead(ctx, m.present(ctx, ids)); err != nil {
			if ctx.Err() == nil {
				m.server.config.Log("receipts are kept for later: " + err.Error())
			}
			continue // the next beat tries again
		}
		m.server.mu.Lock()
		m.queue.Told(ids)
		m.post(nil)
		m.server.mu.Unlock()
	}
}

// present are the ids that messages have now: one that was taken before the relay accepted it may have been sealed again since.
func (m *mesh) present(ctx context.Context, ids []wire.MessageID) []wire.MessageID {
	now := slices.Clone(ids)
	for i, id := range ids {
		if message, err := m.device.Message(ctx, id); err == nil {
			now[i] = message.ID
		}
	}
	return now
}
