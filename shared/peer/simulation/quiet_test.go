package simulation

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// quiet checks what must hold when everything was given the time to arrive.
func (o *oracle) quiet() {
	var present []*peerNode
	relay := o.relayRoster()
	for _, p := range o.w.peers {
		switch {
		case o.cutOff(p, relay):
			if !p.out {
				o.w.came["cut off "+string(p.core.View().Problem.Code)]++
			}
			p.out = true
		case p.ended && !p.leaving:
			o.w.fail("%s gave up: %v", p.name, p.core.View().Problem)
		case p.ended:
		case !p.core.Live() || p.core.Waiting() != 0:
			o.w.fail("%s does not come to rest: live %v, %d waiting, %+v", p.name, p.core.Live(), p.core.Waiting(), p.core.View().Problem)
			return
		default:
			present = append(present, p)
		}
	}
	for _, p := range present {
		if o.headOf(p) != relay.Head() {
			o.w.fail("%s has another roster than the relay", p.name)
		}
	}
	for _, p := range o.w.peers {
		o.logs[p] = p.messages()
	}
	o.stand()
	for _, text := range slices.SortedFunc(mapValues(o.said), func(a, b *said) int { return cmp.Compare(a.number, b.number) }) {
		o.arrived(text, present)
	}
	for _, p := range present {
		o.topicOrder(p)
		o.sessions(p, present)
	}
	o.invites(relay, present)
	o.kept()
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

// headOf is the head of the roster that a peer has stored, which folds.
func (o *oracle) headOf(p *peerNode) (head wire.Head) {
	rows, _ := p.store.Scan(context.Background(), peer.BucketRoster, allRows)
	for _, row := range rows {
		head = roster.HeadAfter(head, row.Value[8:])
	}
	if o.folded[head] {
		return head
	}
	state := roster.New()
	for _, row := range rows {
		if _, err := state.Follow(row.Value[8:]); err != nil {
			o.w.fail("%s has stored a roster that does not fold: %v", p.name, err)
		}
	}
	o.folded[head] = true
	return head
}

// relayRoster is the roster that the relay has, which folds.
func (o *oracle) relayRoster() *roster.State {
	state := roster.New()
	for _, e := range o.w.relay.entries(wire.RosterStream(o.w.relay.mesh)) {
		if _, err := state.Follow(e.Bytes); err != nil {
			o.w.fail("the relay's roster does not fold: %v", err)
		}
	}
	return state
}

func (o *oracle) relayHead() wire.Head { return o.relayRoster().Head() }

// arrived: what its sender was told is accepted, everyone has for whom it was.
func (o *oracle) arrived(s *said, present []*peerNode) {
	if s.sender.ended || s.sender.out {
		return
	}
	own := o.find(s.sender, s.text)
	if own == nil {
		return // the sender crashed before it was stored; nobody was told anything
	}
	if own.State == peer.Sending {
		o.w.fail("%q of %s is still %s", s.text, s.sender.name, own.State)
		return
	}
	if own.State == peer.Failed {
		if !o.allowed[own.Error.Code] {
			o.w.fail("%q of %s failed: %v", s.text, s.sender.name, own.Error)
		}
		return
	}
	has := map[wire.MemberID]bool{}
	for _, p := range o.w.peers {
		if p.out && o.find(p, s.text) != nil {
			has[p.member] = true
		}
	}
	for _, p := range present {
		late := p.name == "Pad" && !s.topic // what was sealed before it came was not for it
		if p == s.sender || !s.may(p.member) {
			continue
		}
		if o.find(p, s.text) != nil {
			has[p.member] = true
		} else if !late && !o.excused(p, s, own) {
			o.w.fail("%q of %s is %s, but %s does not have it", s.text, s.sender.name, own.State, p.name)
		}
	}
	o.delivered(s, own, present, has)
	if own.State == peer.Accepted && own.Topic.IsZero() && !o.durable[own.ID].rolled && o.standsFor(own) && o.placed(s.sender, own.ID) {
		o.w.fail("%q of %s has arrived, but is only %s", s.text, s.sender.name, own.State)
	}
}

// delivered: nobody is told that somebody has what nobody of that member has.
func (o *oracle) delivered(s *said, own *peer.MessageView, present []*peerNode, has map[wire.MemberID]bool) {
	if own.State != peer.Delivered && own.State != peer.Read || !own.Topic.IsZero() {
		return
	}
	for _, to := range own.To {
		here := slices.ContainsFunc(present, func(p *peerNode) bool { return p.member == to && p != s.sender })
		if here && !has[to] {
			o.w.fail("%q of %s is %s, but nobody of a recipient has it", s.text, s.sender.name, own.State)
		}
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
		if d := o.durable[m.ID]; d.rolled || !ok && o.w.life.keep > 0 {
			continue // it does not stand where it stood
		}
		if !ok || place <= last {
			o.w.fail("%s was shown %q out of the topic's order", p.name, m.Text)
		}
		last = place
	}
}
