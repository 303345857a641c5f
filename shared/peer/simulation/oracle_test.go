package simulation

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// oracle knows what was said and what is durable, and holds every step to the promises.
type oracle struct {
	w       *world
	said    map[string]*said
	durable map[wire.MessageID]bool
	nodes   map[*peerNode]*witness
	logs    map[*peerNode][]peer.MessageView // at the end
	// allowed are reasons for which something may be dropped in this world.
	allowed map[wire.Code]bool
}

// said is one text, which nobody says twice.
type said struct {
	text    string
	sender  *peerNode
	number  int // of the sender's texts
	in      peer.ConversationID
	topic   bool
	readers map[wire.MemberID]bool
	// hidden are those who have left, as its sender knew: nobody may read it who does not belong any more.
	hidden map[wire.MemberID]bool
}

// may reports whether a member may read it. A topic is read by those, too, who join later.
func (s *said) may(member wire.MemberID) bool {
	return s.topic && !s.hidden[member] || s.readers[member]
}

// witness is what one peer has shown.
type witness struct {
	shown map[string]string // text → key of its row
	last  map[string]int    // conversation and sender → number of the last text
}

func newOracle(w *world) *oracle {
	return &oracle{
		w: w, said: map[string]*said{}, durable: map[wire.MessageID]bool{}, nodes: map[*peerNode]*witness{},
		logs: map[*peerNode][]peer.MessageView{}, allowed: map[wire.Code]bool{},
	}
}

func (o *oracle) witness(p *peerNode) *witness {
	if o.nodes[p] == nil {
		o.nodes[p] = &witness{shown: map[string]string{}, last: map[string]int{}}
	}
	return o.nodes[p]
}

// say notes a text before it is given to its sender's core.
func (o *oracle) say(p *peerNode, text string, in peer.ConversationID) {
	s := &said{text: text, sender: p, number: len(o.said), in: in, readers: map[wire.MemberID]bool{p.member: true}}
	if topic, members, err := in.Parse(); err != nil {
		panic(err)
	} else if s.topic = !topic.IsZero(); s.topic {
		s.hidden = map[wire.MemberID]bool{}
		for _, other := range o.w.peers {
			s.hidden[other.member] = other.leaving && !slices.ContainsFunc(p.core.View().Members, func(m peer.MemberView) bool {
				return m.Member == other.member
			})
		}
	} else {
		for _, m := range members {
			s.readers[m] = true
		}
	}
	o.said[text] = s
}

// committed hears what the relay's store has carried out.
func (o *oracle) committed(batch mesh.Batch, verdicts []mesh.Verdict) {
	for i, op := range batch.Ops {
		if a, ok := op.(*mesh.AppendEnvelope); ok && verdicts[i].Outcome == mesh.Done {
			e, err := wire.ParseEnvelope(a.Entries[0].Envelope)
			if err != nil {
				o.w.fail("the relay stored an envelope that does not parse: %v", err)
				return
			}
			o.durable[wire.MessageIDOf(o.w.relay.mesh, a.Device, e.Counter)] = true
		}
	}
}

// stored hears what a peer's store has carried out.
func (o *oracle) stored(p *peerNode, ops []peer.Op) {
	if o.w.script != nil {
		return
	}
	for _, op := range ops {
		if op.Bucket != peer.BucketMessage || op.Value == nil {
			continue
		}
		m, err := peer.ParseMessage(op.Value, nil)
		if err != nil {
			o.w.fail("%s: %v", p.name, err)
			return
		}
		if m.FromDevice == p.device.Public.DeviceID() {
			o.own(p, &m)
		} else {
			o.shown(p, &m, string(op.Key))
		}
	}
}

// own: nothing is called accepted that a power cut could still take.
func (o *oracle) own(p *peerNode, m *peer.MessageView) {
	if m.State != peer.Sending && m.State != peer.Failed && !o.durable[m.ID] {
		o.w.fail("%s was told that %q is %s, but the relay does not have it", p.name, m.Text, m.State)
	}
}

// shown: it was said, by that member, there, to this one; once, and in order.
func (o *oracle) shown(p *peerNode, m *peer.MessageView, key string) {
	s := o.said[m.Text]
	switch {
	case s == nil:
		o.w.fail("%s was shown %q, which nobody said", p.name, m.Text)
		return
	case s.sender.member != m.From:
		o.w.fail("%s was shown %q as said by another", p.name, m.Text)
	case !s.may(p.member):
		o.w.fail("%s was shown %q, which was not for it", p.name, m.Text)
	}
	witness := o.witness(p)
	if before, ok := witness.shown[m.Text]; ok {
		if before != key {
			o.w.fail("%s was shown %q twice", p.name, m.Text)
		}
		return
	}
	witness.shown[m.Text] = key
	o.w.note("%s is shown %q", p.name, m.Text)
	order := string(m.Conversation) + " " + s.sender.name
	if s.number < witness.last[order] {
		o.w.fail("%s was shown %q out of order", p.name, m.Text)
	}
	witness.last[order] = s.number
}

// dropped: with an honest relay nothing is.
func (o *oracle) dropped(p *peerNode, d peer.Dropped) {
	if !o.allowed[d.Reason] {
		o.w.fail("%s dropped something that came on %v: %s", p.name, d.Stream.Kind, d.Reason)
	}
}

// complained: an honest peer gives a relay no reason to.
func (o *oracle) complained(p *peerNode, c peer.Complaint) {
	if !o.allowed[c.Problem.Code] {
		o.w.fail("the relay complained about %s: %v", p.name, &c.Problem)
	}
}

// quiet checks what must hold when everything was given the time to arrive.
func (o *oracle) quiet() {
	var present []*peerNode
	head := wire.Head{}
	for _, p := range o.w.peers {
		if p.ended {
			if !p.leaving {
				o.w.fail("%s gave up: %v", p.name, p.core.View().Problem)
			}
			continue
		}
		present = append(present, p)
		if !p.core.Live() || p.core.Waiting() != 0 {
			o.w.fail("%s does not come to rest: live %v, %d waiting, %+v", p.name, p.core.Live(), p.core.Waiting(), p.core.View().Problem)
			return
		}
	}
	for _, p := range present {
		if head.IsZero() {
			head = o.headOf(p)
		}
		if o.headOf(p) != head {
			o.w.fail("%s has another roster than %s", p.name, present[0].name)
		}
	}
	if want := o.relayHead(); head != want {
		o.w.fail("the peers' roster is not the relay's")
	}
	for _, p := range o.w.peers {
		o.logs[p] = p.messages()
	}
	for _, text := range slices.SortedFunc(mapValues(o.said), func(a, b *said) int { return cmp.Compare(a.number, b.number) }) {
		o.arrived(text, present)
	}
	for _, p := range present {
		o.topicOrder(p)
		o.sessions(p, present)
	}
}

func mapValues(m map[string]*said) func(func(*said) bool) {
	return func(yield func(*said) bool) {
		for _, s := range m {
			if !yield(s) {
				return
			}
		}
	}
}

func (o *oracle) headOf(p *peerNode) wire.Head {
	rows, _ := p.store.Scan(context.Background(), peer.BucketRoster, allRows)
	state := roster.New()
	for _, row := range rows {
		if _, err := state.Follow(row.Value[8:]); err != nil {
			o.w.fail("%s has stored a roster that does not fold: %v", p.name, err)
		}
	}
	return state.Head()
}

func (o *oracle) relayHead() wire.Head {
	state := roster.New()
	for _, e := range o.w.relay.entries(wire.RosterStream(o.w.relay.mesh)) {
		if _, err := state.Follow(e.Bytes); err != nil {
			o.w.fail("the relay's roster does not fold: %v", err)
		}
	}
	return state.Head()
}

// arrived: what its sender was told is accepted, everyone has for whom it was.
func (o *oracle) arrived(s *said, present []*peerNode) {
	if s.sender.ended {
		return
	}
	own := o.find(s.sender, s.text)
	if own == nil {
		return // the sender crashed before it was stored; nobody was told anything
	}
	if own.State == peer.Sending {
		o.w.fail("%q of %s is still %s", s.text, s.sender.name, own.State)
	}
	if own.State == peer.Failed {
		if !o.allowed[own.Error.Code] {
			o.w.fail("%q of %s failed: %v", s.text, s.sender.name, own.Error)
		}
		return
	}
	for _, p := range present {
		late := p.name == "Pad" && !s.topic // what was sealed before it came was not for it
		if p == s.sender || !s.may(p.member) || late {
			continue
		}
		if o.find(p, s.text) == nil {
			o.w.fail("%q of %s is %s, but %s does not have it", s.text, s.sender.name, own.State, p.name)
		}
	}
	if own.State == peer.Accepted && own.Topic.IsZero() && o.placed(s.sender, own.ID) {
		o.w.fail("%q of %s has arrived, but is only %s", s.text, s.sender.name, own.State)
	}
}

func (o *oracle) find(p *peerNode, text string) *peer.MessageView {
	for i := range o.logs[p] {
		if o.logs[p][i].Text == text {
			return &o.logs[p][i]
		}
	}
	return nil
}

// placed reports whether a sender knows where each present recipient's copy is, so that it can ask for the delivery.
func (o *oracle) placed(p *peerNode, id wire.MessageID) bool {
	row, _ := p.store.Get(context.Background(), peer.BucketSent, id[:])
	var sent struct {
		To []struct {
			Member   wire.MemberID `json:"member"`
			Position wire.Position `json:"position"`
		} `json:"to"`
	}
	if row == nil || json.Unmarshal(row, &sent) != nil {
		return false
	}
	for _, to := range sent.To {
		gone := slices.ContainsFunc(o.w.peers, func(other *peerNode) bool { return other.member == to.Member && other.ended })
		if to.Position == 0 || gone {
			return false
		}
	}
	return true
}

// topicOrder: what a peer was shown of #general stands in the relay's order.
func (o *oracle) topicOrder(p *peerNode) {
	places := map[wire.MessageID]int{}
	for i, e := range o.w.relay.entries(wire.TopicStream(wire.GeneralTopic(o.w.relay.mesh))) {
		envelope, err := wire.ParseEnvelope(e.Bytes)
		if err != nil {
			o.w.fail("the relay stored an envelope that does not parse: %v", err)
			return
		}
		places[wire.MessageIDOf(o.w.relay.mesh, e.Sender, envelope.Counter)] = i
	}
	last := -1
	for _, m := range o.logs[p] {
		if m.Conversation != o.w.general() || m.State != peer.Received {
			continue
		}
		place, ok := places[m.ID]
		if !ok || place <= last {
			o.w.fail("%s was shown %q out of the topic's order", p.name, m.Text)
		}
		last = place
	}
}
