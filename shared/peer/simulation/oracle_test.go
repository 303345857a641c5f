package simulation

import (
	"slices"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// oracle knows what was said and what is durable, and holds every step to the promises.
type oracle struct {
	w       *world
	said    map[string]*said
	durable map[wire.MessageID]*durable
	nodes   map[*peerNode]*witness
	logs    map[*peerNode][]peer.MessageView // at the end
	counts  map[wire.Stream]uint64           // how many entries were ever appended
	// folded are heads whose roster was verified.
	folded   map[wire.Head]bool
	standing map[standingAt]bool
	rolled   bool // the relay's store was put back
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
	shown map[string]shown // by text
	last  map[string]int   // conversation and sender → number of the last text
	gaps  map[peer.ConversationID]bool
	told  map[wire.Stream]bool // of a gap, by the relay
}

// shown is a message in a peer's log.
type shown struct {
	key string // of its row
	id  wire.MessageID
}

func newOracle(w *world) *oracle {
	return &oracle{
		w: w, said: map[string]*said{}, durable: map[wire.MessageID]*durable{}, counts: map[wire.Stream]uint64{}, folded: map[wire.Head]bool{}, nodes: map[*peerNode]*witness{},
		logs: map[*peerNode][]peer.MessageView{}, allowed: map[wire.Code]bool{},
	}
}

func (o *oracle) witness(p *peerNode) *witness {
	if o.nodes[p] == nil {
		o.nodes[p] = &witness{shown: map[string]shown{}, last: map[string]int{}, gaps: map[peer.ConversationID]bool{}, told: map[wire.Stream]bool{}}
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
			o.appended(a)
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
		if m.Gap {
			o.witness(p).gaps[m.Conversation] = true
		} else if m.FromDevice == p.device.Public.DeviceID() {
			o.own(p, &m)
		} else {
			o.shown(p, &m, string(op.Key))
		}
	}
}

// own: nothing is called accepted that a power cut could still take.
func (o *oracle) own(p *peerNode, m *peer.MessageView) {
	if m.State != peer.Sending && m.State != peer.Failed && o.durable[m.ID] == nil {
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
		// Of what the relay took and lost before its sender knew, the sender may have to seal and number it anew.
		if before.key != key && !o.durable[before.id].lost {
			o.w.fail("%s was shown %q twice", p.name, m.Text)
		}
		return
	}
	witness.shown[m.Text] = shown{key, m.ID}
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
