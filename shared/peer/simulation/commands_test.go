package simulation

import (
	"strings"
	"time"

	"claudemesh.com/mesh/shared/peer"
)

// command does one line of a script, and lets everything happen that follows from it:
//
//	found NAME                     the mesh and its owner
//	join NAME by NAME              a member more, by an invite
//	device NAME of NAME            a device more of a member
//	NAME says TARGET: TEXT
//	NAME reads TARGET
//	NAME offline | online          its connection
//	NAME stalls                    its connection goes dead without a word
//	NAME wakes                     the network may have changed
//	NAME restarts                  it is loaded from its store
//	NAME topic LABEL, NAME named TEXT, NAME leaves, NAME removes NAME
//	NAME lies TARGET: TEXT         the device seals a message on a head that nobody else knows
//	relay restarts | trims NAME    its inbox; a start loses nothing
//	relay saves | returns          its store is backed up, and put back
//	relay WHAT NAME                the relay lies to a peer (lies_test.go)
//	wait DURATION
//	mesh NAME
func (s *script) command(line string) {
	words := strings.Fields(line)
	switch words[0] {
	case "found":
		s.w.found(words[1])
	case "join":
		s.w.join(s.peer(words[3]), words[1])
	case "device":
		s.w.addDevice(s.peer(words[3]), words[1])
	case "wait":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			s.t.Fatal(err)
		}
		s.w.run(s.w.now.Add(d))
	case "mesh":
		s.mesh(s.peer(words[1]))
	case "relay":
		s.relay(words[1:])
	default:
		s.act(s.peer(words[0]), words[1], line)
	}
	s.rest()
}

func (s *script) act(p *peerNode, verb, line string) {
	_, rest, _ := strings.Cut(line, " "+verb+" ")
	switch verb {
	case "says":
		target, text, _ := strings.Cut(rest, ": ")
		p.do(func(ref uint64) peer.Input {
			return peer.Send{Ref: ref, Draft: peer.Draft{Target: target, Text: text}}
		}, s.result(p))
	case "reads":
		conversation := p.core.Resolve(rest).Conversation
		p.do(func(ref uint64) peer.Input { return peer.MarkRead{Ref: ref, Conversation: conversation} }, s.result(p))
	case "offline":
		p.away = true
		if p.link != nil {
			p.link.broken()
		}
	case "online":
		p.away = false
		p.redial(0)
	case "stalls":
		p.link.cut = true
	case "wakes":
		p.input(peer.Probe{})
	case "restarts":
		p.crash("at a script's word")
	case "topic":
		p.do(func(ref uint64) peer.Input { return peer.MakeTopic{Ref: ref, Name: rest} }, s.result(p))
	case "named":
		p.do(func(ref uint64) peer.Input { return peer.Rename{Ref: ref, Name: rest} }, s.result(p))
	case "leaves":
		p.do(func(ref uint64) peer.Input { return peer.Depart{Ref: ref} }, s.result(p))
	case "removes":
		s.w.remove(p, s.peer(rest))
	case "lies":
		target, text, _ := strings.Cut(rest, ": ")
		s.w.sealOnOtherHead(p, s.peer(target), text)
	default:
		s.t.Fatalf("%q is no command", line)
	}
}

func (s *script) relay(words []string) {
	switch words[0] {
	case "restarts":
		s.w.relay.crash("at a script's word")
	case "saves":
		s.saved = s.w.relay.backUp()
	case "returns":
		s.w.relay.putBack(s.saved)
	case "trims":
		s.w.trim(inbox(s.peer(words[1])))
	default:
		s.w.lie(words[0], s.peer(words[1]))
	}
}
