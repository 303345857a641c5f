package roster_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// command is a line: a verb, what follows, and options as name=value.
type command struct {
	verb    string
	args    []string
	options map[string]string
}

func newCommand(t failer, line string) *command {
	c := &command{options: map[string]string{}}
	for _, word := range strings.Fields(line) {
		name, value, ok := strings.Cut(word, "=")
		switch {
		case ok:
			c.options[name] = value
		case c.verb == "":
			c.verb = word
		default:
			c.args = append(c.args, word)
		}
	}
	if len(c.args) == 0 && c.verb != "state" {
		t.Fatalf("%q lacks a word", line)
	}
	return c
}

func (c *command) option(name, otherwise string) string {
	if value, ok := c.options[name]; ok {
		return value
	}
	return otherwise
}

func (s *scenario) number(c *command, name string, otherwise uint64) uint64 {
	n, err := strconv.ParseUint(c.option(name, strconv.FormatUint(otherwise, 10)), 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func duration(t failer, text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// statement makes what a line describes.
func (s *scenario) statement(c *command) *roster.Statement {
	by := c.args[0]
	body, invite := s.body(c)
	draft := s.state.Draft(s.id(by), s.now+uint64(duration(s.t, c.option("time", "0s")).Milliseconds()), body)
	if c.verb == "found" {
		draft.Mesh, draft.Prev, draft.Epoch = wire.MeshID{}, wire.Head{}, 1
	}
	draft.Epoch = uint32(s.number(c, "epoch", uint64(draft.Epoch)))
	if prev := c.option("prev", ""); prev == "elsewhere" {
		draft.Prev = wire.Head{1}
	} else if prev != "" {
		draft.Prev = s.heads[prev]
	}
	if c.option("mesh", "") == "other" {
		draft.Mesh = wire.MeshID{1}
	}
	return s.parse(s.signed(draft, c.option("signer", by), c.option("inviter", invite)))
}

func (s *scenario) body(c *command) (body roster.Body, invite string) {
	switch c.verb {
	case "found":
		return s.genesis(c.args[0]), ""
	case "invite":
		return s.inviteBody(c), ""
	case "retire":
		retired := &roster.InviteRetired{}
		for _, name := range c.args[1:] {
			retired.Invites = append(retired.Invites, s.invite(name))
		}
		return retired, ""
	case "join":
		return s.newJoin(c.args[0], c.args[1], s.memberOption(c, "member")), c.args[1]
	case "profile":
		return &roster.Profile{Sealed: sealed(strings.Join(c.args[1:], " "))}, ""
	case "role":
		role, err := wire.ParseRole(c.args[2])
		if err != nil {
			s.t.Fatal(err)
		}
		return &roster.Role{Member: s.member(c.args[1]), Role: role}, ""
	case "topic":
		return &roster.Topic{Sealed: sealed(strings.Join(c.args[1:], " "))}, ""
	case "retopic":
		changed := &roster.TopicChanged{Topic: wire.GeneralTopic(s.state.Mesh()), Archived: c.option("archived", "") == "yes", Sealed: sealed(strings.Join(c.args[2:], " "))}
		if made, ok := s.labels[c.args[1]]; ok {
			changed.Topic = made.TopicID()
		} else if c.args[1] != "general" {
			changed.Topic = wire.TopicID{1}
		}
		return changed, ""
	}
	return s.endingBody(c), ""
}

func (s *scenario) inviteBody(c *command) roster.Body {
	role, err := wire.ParseRole(c.option("role", "member"))
	if err != nil {
		s.t.Fatal(err)
	}
	expires := s.now/1000 + uint64(duration(s.t, c.option("expires", "1h")).Seconds())
	body := s.newInvite(c.option("canonical", c.args[0]), c.args[1], role, uint16(s.number(c, "uses", 1)), expires, s.memberOption(c, "for"))
	return body
}

func (s *scenario) memberOption(c *command, name string) wire.MemberID {
	if name := c.option(name, ""); name != "" {
		return s.member(name)
	}
	return wire.MemberID{}
}

// endingBody makes what takes devices away, or rotates.
func (s *scenario) endingBody(c *command) roster.Body {
	counter := s.number(c, "last", 5)
	devices := func(names []string) (ids []wire.DeviceID) {
		for _, name := range names {
			ids = append(ids, s.id(name))
		}
		return ids
	}
	gone := func() []wire.DeviceID {
		if named := c.option("devices", ""); named != "" {
			return devices(strings.Split(named, ","))
		}
		member := s.member(c.args[len(c.args)-1])
		if d, ok := s.state.Device(s.id(c.args[0])); ok && c.verb == "leave" {
			member = d.Member
		}
		return s.state.DevicesOf(member)
	}
	label := fmt.Sprintf("epoch %d by %s", s.state.Epoch()+1, c.args[0])
	rotation := func(gone ...wire.DeviceID) roster.Rotation {
		r := s.rotation(label, gone...)
		switch wraps := c.option("wraps", ""); wraps {
		case "":
		case "short":
			r.Wraps = r.Wraps[1:]
		case "gone":
			r.Wraps[0].Device = gone[0]
		case "swapped":
			r.Wraps[0].Device = s.id(c.option("with", ""))
		default:
			r.Wraps = append(r.Wraps, roster.Wrap{Device: s.id(wraps)})
		}
		return r
	}
	switch c.verb {
	case "revoke":
		ids := devices(c.args[1:])
		return &roster.DeviceRevoked{Last: last(counter, ids...), Rotation: rotation(ids...)}
	case "remove":
		ids := gone()
		if len(ids) == 0 {
			ids = []wire.DeviceID{s.id(c.args[1])}
		}
		return &roster.MemberRemoved{Member: s.member(c.args[1]), Last: last(counter, ids...), Rotation: rotation(ids...)}
	case "rotate":
		r := rotation()
		return &r
	case "leave":
		return &roster.Leave{Last: last(counter, gone()...)}
	}
	s.t.Fatalf("there is no %q", c.verb)
	return nil
}
