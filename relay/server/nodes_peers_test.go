package server_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// twoNodes are two relays on one store, and a mesh on them.
func twoNodes(t *testing.T) (stores [2]*memory.Node, n *nodes, m *protocoltest.Mesh) {
	t.Helper()
	stores[0] = memory.NewNode(time.Now())
	stores[1] = stores[0].Beside(time.Now())
	n = startNodes(t, stores[0], stores[1])
	return stores, n, protocoltest.Found(t, n.of(0))
}

// on has what follows done on a node.
func (n *nodes) on(m *protocoltest.Mesh, i int) *protocoltest.Mesh {
	m.Target = n.of(i)
	return m
}

// TestSupersededOnNodes: the newer connection of a session closes the older one on whichever node that is, and nobody sees the
// session away.
func TestSupersededOnNodes(t *testing.T) {
	_, n, m := twoNodes(t)
	watcher := n.on(m, 0).Connect(t, m.Owner)
	bob := m.Add(t, watcher)
	session := wire.SessionID{1}
	last := n.on(m, 0).ConnectAs(t, bob, session, false)
	watcher.Sees(bob, wire.StateOnline, session)
	for i := range 6 {
		next := n.on(m, 1-i%2).ConnectAs(t, bob, session, false)
		last.Closes(wire.CodeSuperseded)
		last = next
	}
	last.Card(wire.SessionID{}, 1)
	watcher.Sees(bob, wire.StateOnline, session)
	last.Bye(wire.SessionID{})
	watcher.Sees(bob, wire.StateOffline, session)
}

// TestNodeGone: what was on a node that is gone is away to the others, and comes back on them with nothing lost.
func TestNodeGone(t *testing.T) {
	stores, n, m := twoNodes(t)
	watcher := n.on(m, 0).Connect(t, m.Owner)
	bob := m.Add(t, watcher)
	session := wire.SessionID{1}
	his := n.on(m, 1).ConnectAs(t, bob, session, false)
	watcher.Sees(bob, wire.StateOnline, session)
	his.Send(0, m.Direct(bob, 10, m.Owner.Member))
	his.Accepted(1)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		n.each[1].stop(t)
	}()
	his.Closes(wire.CodeDraining)
	<-stopped
	if err := stores[1].Close(); err != nil {
		t.Error(err)
	}
	watcher.Sees(bob, wire.StateAway, session)
	back := n.on(m, 0).ConnectAs(t, bob, session, false)
	watcher.Sees(bob, wire.StateOnline, session)
	if back.Welcome.LastCounter != 1 {
		t.Errorf("welcomed with the last counter %d, want 1", back.Welcome.LastCounter)
	}
	inbox := wire.InboxStream(m.Owner.Member)
	watcher.Tail(0, inbox)
	if d, _ := watcher.Delivery(); d.Sender != bob.ID {
		t.Errorf("delivered %+v", d)
	}
	watcher.Live(inbox)
}

// TestNodeLost: a node that was cut off from the others sends its peers away for a while, joins again, and takes them.
func TestNodeLost(t *testing.T) {
	stores, n, m := twoNodes(t)
	watcher := n.on(m, 0).Connect(t, m.Owner)
	bob := m.Add(t, watcher)
	session := wire.SessionID{1}
	his := n.on(m, 1).ConnectAs(t, bob, session, false)
	watcher.Sees(bob, wire.StateOnline, session)
	before := stores[1].Node()
	stores[1].Lose()
	if bye := his.Closes(wire.CodeUnavailable); bye.RetryAfter <= 0 {
		t.Errorf("the farewell does not say when to come back: %+v", bye)
	}
	watcher.Sees(bob, wire.StateAway, session)
	for status := 0; status != http.StatusOK; {
		response, err := n.HTTP.Get(n.each[1].URL + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		status = response.StatusCode
		_ = response.Body.Close()
	}
	if after := stores[1].Node(); after == before {
		t.Errorf("the node is %d as before", after)
	}
	n.on(m, 1).ConnectAs(t, bob, session, false)
	watcher.Sees(bob, wire.StateOnline, session)
}

// TestJoinsOnNodes: who claims at the same moment on different nodes joins, and statements of others do not hinder them.
func TestJoinsOnNodes(t *testing.T) {
	const claimants = 40
	_, n, m := twoNodes(t)
	owner := n.on(m, 0).Connect(t, m.Owner)
	i := m.NewInvite(t, claimants, protocoltest.NextHour()).Issue(t, owner)
	codes := make([]int, claimants)
	m.Target = n.Target // one after another to each node in turn
	var all sync.WaitGroup
	for k := range codes {
		device := protocoltest.NewDevice(t)
		join := i.Join(device)
		all.Go(func() { codes[k] = i.Claim(t, device, join).Status })
	}
	all.Wait()
	for k, status := range codes {
		if status != http.StatusOK {
			t.Errorf("claim %d was answered %d", k, status)
		}
	}
	for k := range 2 {
		c := n.on(m, k).Connect(t, m.Owner)
		c.Tail(0, wire.RosterStream(m.ID))
		state := roster.New()
		for {
			frame, ok := c.Next()
			if !ok {
				t.Fatal("the connection ended")
			}
			if frame.Type == wire.FrameLive {
				break
			}
			if frame.Type != wire.FrameStatement {
				continue
			}
			s, err := wire.ParseStatement(frame.Payload)
			if err == nil {
				_, err = state.Follow(s.Bytes)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := state.PresentDevices(); got != claimants+1 {
			t.Errorf("node %d shows %d devices, want %d", k, got, claimants+1)
		}
	}
}

// TestStreamsOnNodes: who is live on a stream is shown every entry once and in order, wherever it was sent.
func TestStreamsOnNodes(t *testing.T) {
	const sends = 150
	_, n, m := twoNodes(t)
	owner := n.on(m, 0).Connect(t, m.Owner)
	general := wire.TopicStream(wire.GeneralTopic(m.ID))
	var readers, senders []*protocoltest.Client
	for k := range 4 {
		device := n.on(m, 0).Add(t, owner)
		reader := n.on(m, k%2).Connect(t, device)
		reader.Tail(0, general)
		reader.Live(general)
		readers = append(readers, reader)
		senders = append(senders, n.on(m, k%2).Connect(t, n.on(m, 0).Add(t, owner)))
	}
	var all sync.WaitGroup
	for _, c := range senders {
		all.Go(func() {
			for k := range uint64(sends) {
				c.Send(k, m.Topic(c.Device, 100, wire.GeneralTopic(m.ID)))
				c.Accepted(k + 1)
			}
		})
	}
	for _, c := range readers {
		all.Go(func() {
			var last wire.Position
			counters := make(map[wire.DeviceID]uint64)
			for range sends * len(senders) {
				d, e := c.Delivery()
				if d.Previous != last || e.Counter != counters[d.Sender]+1 {
					t.Errorf("%d behind %d, counter %d; the last was %d with %d", d.Position, d.Previous, e.Counter, last, counters[d.Sender])
					return
				}
				last, counters[d.Sender] = d.Position, e.Counter
			}
		})
	}
	all.Wait()
}

// TestDeliveredOnNodes: a sender hears on its node of who stored its message on another.
func TestDeliveredOnNodes(t *testing.T) {
	_, n, m := twoNodes(t)
	owner := n.on(m, 0).Connect(t, m.Owner)
	bob := m.Add(t, owner)
	his := n.on(m, 1).Connect(t, bob)
	inbox := wire.InboxStream(bob.Member)
	his.Tail(0, inbox)
	his.Live(inbox)
	owner.Send(0, m.Direct(m.Owner, 10, bob.Member))
	owner.Accepted(1)
	d, _ := his.Delivery()
	his.Write(wire.AppendCursor(nil, wire.Cursor{Stream: inbox, Position: d.Position}))
	got, err := wire.ParseDelivered(owner.Read(wire.FrameDelivered))
	if err != nil || got.Counter != 1 || got.Device != bob.ID {
		t.Errorf("delivered %+v (%v)", got, err)
	}
}

// TestRemovedOnNodes: a device that is removed over one node loses its connection to the other.
func TestRemovedOnNodes(t *testing.T) {
	_, n, m := twoNodes(t)
	owner := n.on(m, 0).Connect(t, m.Owner)
	bob := m.Add(t, owner)
	his := n.on(m, 1).Connect(t, bob)
	if reply := owner.Append(wire.Append{Statement: m.Draft(m.Owner, m.Removal(bob))}); reply.Error != nil {
		t.Fatalf("the removal is refused: %v", reply.Error)
	}
	his.Closes(wire.CodeRemoved)
	gone := n.on(m, 1).Dial(t)
	gone.Device = bob
	gone.Write(gone.Hello(wire.Hello{Device: bob.ID, Session: wire.SessionID{1}, Origin: n.Origin}, bob))
	gone.Closes(wire.CodeRemoved)
}
