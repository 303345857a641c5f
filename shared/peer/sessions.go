package peer

import (
	"cmp"
	"slices"

	"claudemesh.com/mesh/shared/order"
	"claudemesh.com/mesh/shared/roster"
)

func (c *Core) memberView(m roster.Member, sessions []*session) MemberView {
	profile := c.profile(m.ID)
	v := MemberView{
		Member: m.ID, Name: profile.Name, Groups: slices.Clone(profile.Groups), Role: m.Role, IsSelf: m.ID == c.member,
		Kind: KindPerson, Presence: Offline, Status: StatusIdle, Devices: slices.Clone(m.Devices), JoinedAt: int64(m.Joined),
	}
	if v.IsSelf {
		v.Name = c.displayName()
	}
	v.Sessions = c.sessionViews(sessions)
	if len(v.Sessions) == 0 {
		return v
	}
	best := v.Sessions[0]
	v.Presence, v.Since = best.State, best.Since
	for _, s := range v.Sessions[1:] {
		if s.State != v.Presence {
			break
		}
		if glance(&s) < glance(&best) {
			best = s
		}
		if v.Presence == Online {
			v.Since = s.Since // with the first of those that are here
		}
	}
	v.Kind, v.Status, v.Summary = best.Card.Kind, best.Card.Status, best.Card.Summary
	return v
}

// sessionViews are a member's sessions as MemberView has them: those that are here, or else the last one.
func (c *Core) sessionViews(sessions []*session) []SessionView {
	stale := c.stalePresence()
	var all []SessionView
	for _, s := range sessions {
		view := SessionView{Session: s.key.session, Device: s.key.device, State: s.state, Since: s.since, Card: s.card}
		if view.Card.Kind == "" {
			view.Card.Kind, view.Card.Status = KindPerson, StatusIdle
		}
		view.Card.Tags = slices.Clone(s.card.Tags)
		view.Card.StatusSince = min(s.card.StatusSince, c.milliseconds()) // a clock that is ahead means now
		if stale {
			view.State = Offline
		}
		all = append(all, view)
	}
	order.By(all, func(a, b SessionView) int {
		return cmp.Or(
			cmp.Compare(rank(a.State), rank(b.State)), cmp.Compare(b.Since, a.Since), slices.Compare(a.Session[:], b.Session[:]),
			slices.Compare(a.Device[:], b.Device[:]),
		)
	})
	for i, s := range all {
		if s.State == Offline {
			return all[:max(i, 1)]
		}
	}
	return all
}

func rank(p Presence) int {
	switch p {
	case Online:
		return 0
	case Away:
		return 1
	}
	return 2
}

// glance orders a member's sessions of one presence by what says the most about the member. That a person is not to be
// disturbed holds for the member, whatever its agents do. Then comes what waits for a person, then what is at work; a session
// that takes no messages counts last, because another one does. Of equals the person's own speaks, then the latest.
func glance(s *SessionView) int {
	person := s.Card.Kind == KindPerson
	status := map[Status]int{StatusNeedsApproval: 1, StatusWorking: 2, StatusIdle: 3, StatusDND: 4}[s.Card.Status]
	if person && s.Card.Status == StatusDND {
		status = 0
	}
	if person {
		return 2 * status
	}
	return 2*status + 1
}
