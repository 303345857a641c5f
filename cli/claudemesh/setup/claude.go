package setup

import (
	"encoding/json"
	"slices"

	"claudemesh.com/mesh/cli/claudemesh/setup/edit"
)

// hookPart is our handler for one event. Handlers stand in groups, each with a matcher.
type hookPart struct {
	event string
	want  handler
	mine  string // the program that it starts
}

// group is what a person has for the event without ours: every tool and every kind.
func (p hookPart) group() any {
	handlers := field{"hooks", []handler{p.want}}
	if p.event == "PostToolUse" || p.event == "PermissionRequest" {
		return fields{{"matcher", "*"}, handlers}
	}
	return fields{handlers}
}

func (p hookPart) path(more ...any) []any { return append([]any{"hooks", p.event}, more...) }

// place is where one of our handlers stands.
type place struct {
	group, index int
	program      string
	handler      handler
}

// places are our handlers for the event, in their order.
func (p hookPart) places(d *edit.JSON) ([]place, error) {
	groups, err := d.Len(p.path()...)
	var out []place
	for g := range groups {
		var handlers int
		if handlers, err = d.Len(p.path(g, "hooks")...); err != nil {
			return nil, err
		}
		for i := range handlers {
			raw, err := d.Get(p.path(g, "hooks", i)...)
			if err != nil {
				return nil, err
			}
			var h handler
			if json.Unmarshal(raw, &h) != nil {
				continue
			}
			if program := h.program(p.mine); program != "" {
				out = append(out, place{g, i, program, h})
			}
		}
	}
	return out, err
}

// same reports whether two handlers start the same thing.
func (h handler) same(other handler) bool {
	return h.Type == other.Type && h.Command == other.Command && slices.Equal(h.Args, other.Args)
}

func (p hookPart) example(d *edit.JSON) error { return p.put(d) }

func (p hookPart) put(d *edit.JSON) error {
	places, err := p.places(d)
	if err != nil {
		return err
	}
	if len(places) == 0 {
		return d.Append(p.group(), p.path()...)
	}
	for _, extra := range slices.Backward(places[1:]) {
		if err := p.remove(d, extra); err != nil {
			return err
		}
	}
	first := places[0]
	if first.handler.same(p.want) {
		return nil // a time limit that somebody set stays
	}
	return d.Set(p.want, p.path(first.group, "hooks", first.index)...)
}

// remove takes a handler out, with its group where nothing else is in that.
func (p hookPart) remove(d *edit.JSON, at place) error {
	if err := d.Remove(p.path(at.group, "hooks", at.index)...); err != nil {
		return err
	}
	left, err := d.Len(p.path(at.group, "hooks")...)
	if err != nil || left > 0 {
		return err
	}
	return d.Remove(p.path(at.group)...)
}

func (p hookPart) take(d, original *edit.JSON) error {
	places, err := p.places(d)
	if err != nil {
		return err
	}
	for _, at := range slices.Backward(places) {
		if err := p.remove(d, at); err != nil {
			return err
		}
	}
	if len(places) == 0 {
		return nil
	}
	return prune(d, original, p.path()...)
}

func (p hookPart) look(d *edit.JSON) ([]Entry, error) {
	places, err := p.places(d)
	if err != nil {
		return nil, err
	}
	name := "hook " + p.event
	if len(places) == 0 {
		return []Entry{{Name: name, State: Missing}}, nil
	}
	var out []Entry
	for i, at := range places {
		e := Entry{Name: name, State: Present, Program: at.program}
		switch {
		case i > 0:
			e.State = Duplicate
		case !at.handler.same(p.want):
			e.State = Stale
		}
		out = append(out, e)
	}
	return out, nil
}

// allowPart is the rule that lets the agent use our tools without asking each time.
type allowPart struct{}

// allowRule names every tool of our server, for every version of Claude Code.
const allowRule = "mcp__" + serverName

func (allowPart) path(more ...any) []any { return append([]any{"permissions", "allow"}, more...) }

// places are the indices of the rule, or of its newer spelling.
func (p allowPart) places(d *edit.JSON, rules ...string) ([]int, error) {
	count, err := d.Len(p.path()...)
	var out []int
	for i := range count {
		raw, err := d.Get(p.path(i)...)
		if err != nil {
			return nil, err
		}
		var rule string
		if json.Unmarshal(raw, &rule) == nil && slices.Contains(rules, rule) {
			out = append(out, i)
		}
	}
	return out, err
}

func (p allowPart) example(d *edit.JSON) error { return p.put(d) }

func (p allowPart) put(d *edit.JSON) error {
	places, err := p.places(d, allowRule, allowRule+"__*")
	if err != nil || len(places) > 0 {
		return err
	}
	return d.Append(allowRule, p.path()...)
}

func (p allowPart) take(d, original *edit.JSON) error {
	if original != nil {
		if had, err := p.places(original, allowRule); err != nil || len(had) > 0 {
			return err
		}
	}
	places, err := p.places(d, allowRule)
	if err != nil || len(places) == 0 {
		return err
	}
	for _, i := range slices.Backward(places) {
		if err := d.Remove(p.path(i)...); err != nil {
			return err
		}
	}
	return prune(d, original, p.path()...)
}

func (p allowPart) look(d *edit.JSON) ([]Entry, error) {
	places, err := p.places(d, allowRule, allowRule+"__*")
	e := Entry{Name: "permission " + allowRule, State: Present}
	if len(places) == 0 {
		e.State = Missing
	}
	return []Entry{e}, err
}
