//go:build !js

package api

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

func TestMethodsAreThoseOfTheTypes(t *testing.T) {
	d := readDeclarations(t)
	want := d.interfaces["Peer"]
	delete(want, "on")
	for _, m := range Methods {
		signature, ok := want[m.Name]
		if !ok {
			t.Errorf("%s is exported and not in peer.d.ts", m.Name)
			continue
		}
		delete(want, m.Name)
		d.checkMethod(t, m, signature)
	}
	for name := range want {
		t.Errorf("%s is in peer.d.ts and not exported", name)
	}
}

func (d declarations) checkMethod(t *testing.T, m Method, signature string) {
	t.Helper()
	params, result, _ := strings.Cut(strings.TrimPrefix(signature, "("), ") => Promise<")
	result = strings.TrimSuffix(result, ">")
	var names []string
	if params != "" {
		names = splitOutside(params, ",")
	}
	values := make([][]byte, len(names))
	for i, name := range names {
		values[i] = []byte(example(d, name))
	}
	// A peer that was not started refuses everything, but with a result of the method's type.
	c := &call{Peer: New(t.Context(), Platform{Now: time.Now}, func(Event) {}), ctx: t.Context(), arguments: values}
	got, _ := m.run(c)
	if c.refused != nil {
		t.Errorf("%s takes %s in peer.d.ts, and in Go: %v", m.Name, params, c.refused)
		return
	}
	for i, param := range names {
		name, ts, _ := strings.Cut(param, ":")
		d.check(t, fmt.Sprintf("%s(%s)", m.Name, strings.TrimSpace(name)), ts, reflect.TypeOf(c.taken[i]).Elem())
	}
	switch {
	case (result == "void") != (got == nil):
		t.Errorf("%s gives %s in peer.d.ts, and %T in Go", m.Name, result, got)
	case got != nil:
		d.check(t, m.Name+"()", result, reflect.TypeOf(got))
	}
}

// example is a value of the type of a parameter, as JSON.
func example(d declarations, param string) string {
	_, ts, _ := strings.Cut(param, ":")
	switch ts = strings.TrimSpace(ts); {
	case ts == "number":
		return "1"
	case strings.HasPrefix(ts, "{"), d.interfaces[ts] != nil:
		return "{}"
	}
	return `"x"`
}

func TestEventsAreThoseOfTheTypes(t *testing.T) {
	d := readDeclarations(t)
	forms := map[string]map[string]string{}
	for _, form := range splitOutside(strings.TrimPrefix(d.aliases["PeerEvent"], "| "), "|") {
		fields := parseFields(t, strings.Trim(strings.TrimSpace(form), "{}"))
		forms[strings.Trim(fields["type"], "'")] = fields
	}
	if forms["restarted"] == nil {
		t.Error("peer.d.ts has lost the event of the worker")
	}
	delete(forms, "restarted")
	for _, event := range []Event{
		meshesChanged(), meshChanged(""), messageChanged("", Message{}, true), connectionChanged("", "", nil), superseded(),
		storageFailed(Problem{}), markerChanged(""),
	} {
		v := reflect.ValueOf(event)
		name := v.FieldByName("Type").String()
		if forms[name] == nil {
			t.Errorf("the event %q is told and not in peer.d.ts", name)
			continue
		}
		d.checkFields(t, "event "+name, forms[name], v.Type())
		delete(forms, name)
	}
	for name := range forms {
		t.Errorf("the event %q is in peer.d.ts and never told", name)
	}
}

func TestWordsAreThoseOfTheTypes(t *testing.T) {
	d := readDeclarations(t)
	for alias, words := range map[string][]string{
		"Role":          {wire.RoleGuest.String(), wire.RoleMember.String(), wire.RoleAdmin.String(), wire.RoleOwner.String()},
		"Presence":      words(peer.Online, peer.Away, peer.Offline),
		"Kind":          words(peer.KindPerson, peer.KindAgent, peer.KindConnector),
		"Status":        words(peer.StatusIdle, peer.StatusWorking, peer.StatusNeedsApproval, peer.StatusDND),
		"Priority":      {wire.PriorityLow.String(), wire.PriorityNext.String(), wire.PriorityNow.String()},
		"DeliveryState": words(peer.Sending, peer.Accepted, peer.Delivered, peer.Read, peer.Failed, peer.Received),
		"Connection":    words(peer.Connecting, peer.Connected, peer.Unconnected, peer.Joining, peer.Removed),
	} {
		var want []string
		for word := range strings.SplitSeq(d.aliases[alias], " | ") {
			want = append(want, strings.Trim(word, "'"))
		}
		slices.Sort(want)
		slices.Sort(words)
		if !slices.Equal(want, words) {
			t.Errorf("%s is %v in peer.d.ts, and %v in Go", alias, want, words)
		}
	}
	invite := d.interfaces["Invite"]["state"]
	for _, word := range words(peer.InviteOpen, peer.InviteRevoked, peer.InviteExpired, peer.InviteExhausted) {
		if !strings.Contains(invite, "'"+word+"'") {
			t.Errorf("Invite.state can be %q, which peer.d.ts does not say", word)
		}
	}
	resolution := d.interfaces["Resolution"]["kind"]
	for _, word := range words(peer.TargetMember, peer.TargetMembers, peer.TargetTopic, peer.TargetNone) {
		if !strings.Contains(resolution, "'"+word+"'") {
			t.Errorf("Resolution.kind can be %q, which peer.d.ts does not say", word)
		}
	}
}

func words[W ~string](all ...W) []string {
	out := make([]string, len(all))
	for i, w := range all {
		out[i] = string(w)
	}
	return out
}
