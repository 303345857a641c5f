package address_test

import (
	"slices"
	"strings"
	"testing"

	"claudemesh.com/mesh/shared/address"
	"claudemesh.com/mesh/shared/wire"
)

// id is a member whose id begins with eight digits, and then has its number.
func id(digits string, n byte) (m wire.MemberID) {
	if err := wire.ParseHex(m[:4], digits); err != nil {
		panic(err)
	}
	m[31] = n
	return m
}

var (
	self    = id("aaaaaaaa", 1)
	ada     = id("11111111", 2)
	bob     = id("22222222", 3)
	bob2    = id("33333333", 4)
	carol   = id("44444444", 5)
	comma   = id("55555555", 6)
	mallory = id("66666666", 7)
	twin    = id("11111111", 8) // begins as ada
	nobody  = id("77777777", 9) // joining
	general = wire.TopicID(id("f0f0f0f0", 1))
	deploys = wire.TopicID(id("f1f1f1f1", 2))
	twins1  = wire.TopicID(id("f2f2f2f2", 3))
	twins2  = wire.TopicID(id("f3f3f3f3", 4))
	old     = wire.TopicID(id("f4f4f4f4", 5))
	fake    = wire.TopicID(id("f5f5f5f5", 6))
)

func directory() address.Directory {
	return address.Directory{
		Self: self,
		Members: []address.Member{
			{ID: self, Name: "Me", Groups: []string{"ops"}, Tags: []string{"repo:billing"}, Online: true},
			{ID: ada, Name: "Ada Lovelace", Groups: []string{"ops", "core"}, Online: true},
			{ID: bob, Name: "Bob", Groups: []string{"core"}, Tags: []string{"repo:billing", "repo:web"}},
			{ID: bob2, Name: "bob", Tags: []string{"repo:web"}},
			{ID: carol, Name: "Carol", Tags: []string{"lang:go"}},
			{ID: comma, Name: "Smith, John"},
			{ID: mallory, Name: "11111111", Groups: []string{"mine"}},
			{ID: twin, Name: "Twin"},
			{ID: nobody},
		},
		Topics: []address.Topic{
			{ID: deploys, Name: "deploys"},
			{ID: fake, Name: "general"},
			{ID: general, Name: "general", General: true},
			{ID: twins1, Name: "twins"},
			{ID: twins2, Name: "twins"},
			{ID: old, Name: "old", Archived: true},
		},
	}
}

func TestResolve(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		kind  address.Kind
		want  []wire.MemberID
		topic wire.TopicID
	}{
		"a name":                      {"Carol", address.One, []wire.MemberID{carol}, wire.TopicID{}},
		"a name in other case":        {"cAROL", address.One, []wire.MemberID{carol}, wire.TopicID{}},
		"a name with @":               {"@carol", address.One, []wire.MemberID{carol}, wire.TopicID{}},
		"a name with a space":         {" @Ada Lovelace ", address.One, []wire.MemberID{ada}, wire.TopicID{}},
		"eight digits of an id":       {"22222222", address.One, []wire.MemberID{bob}, wire.TopicID{}},
		"ten digits with @":           {"@2222222200", address.One, []wire.MemberID{bob}, wire.TopicID{}},
		"digits in capitals":          {strings.ToUpper(self.String()), address.One, []wire.MemberID{self}, wire.TopicID{}},
		"a whole id":                  {ada.String(), address.One, []wire.MemberID{ada}, wire.TopicID{}},
		"oneself":                     {"me", address.One, []wire.MemberID{self}, wire.TopicID{}},
		"a group":                     {"@ops", address.One, []wire.MemberID{ada}, wire.TopicID{}},
		"a group of several":          {"@core", address.Several, []wire.MemberID{ada, bob}, wire.TopicID{}},
		"a tag":                       {"tag:repo:web", address.Several, []wire.MemberID{bob, bob2}, wire.TopicID{}},
		"a tag of oneself and others": {"Tag:repo:billing", address.One, []wire.MemberID{bob}, wire.TopicID{}},
		"a list":                      {"carol, 22222222", address.Several, []wire.MemberID{bob, carol}, wire.TopicID{}},
		"a list with a group":         {"@core,@carol", address.Several, []wire.MemberID{ada, bob, carol}, wire.TopicID{}},
		"a list that names one twice": {"carol,@carol,44444444", address.One, []wire.MemberID{carol}, wire.TopicID{}},
		"oneself in a list":           {"me,carol", address.One, []wire.MemberID{carol}, wire.TopicID{}},
		"a name with a comma":         {"Smith, John", address.One, []wire.MemberID{comma}, wire.TopicID{}},
		"everyone":                    {"*", address.Several, []wire.MemberID{ada, twin, bob, bob2, carol, comma, mallory, nobody}, wire.TopicID{}},
		"a topic":                     {"#deploys", address.InTopic, nil, deploys},
		"a topic in capitals":         {"#Deploys", address.InTopic, nil, deploys},
		"a topic by id":               {"#f2f2f2f2", address.InTopic, nil, twins1},
		"a topic by its whole id":     {"#" + fake.String(), address.InTopic, nil, fake},
		"#general":                    {"#general", address.InTopic, nil, general},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := address.Resolve(c.text, directory())
			if err != nil || r.Kind != c.kind || !slices.Equal(r.Members, c.want) || r.Topic != c.topic {
				t.Errorf("%q means %+v, %v", c.text, r, err)
			}
		})
	}
}

func TestResolveRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		want   wire.Code
		could  []wire.MemberID
		topics []wire.TopicID
	}{
		"nothing":                      {"", wire.CodeMalformed, nil, nil},
		"white space":                  {" \t", wire.CodeMalformed, nil, nil},
		"a sign alone":                 {"@", wire.CodeNotFound, nil, nil},
		"a stranger":                   {"dave", wire.CodeNotFound, nil, nil},
		"a group without @":            {"core", wire.CodeNotFound, nil, nil},
		"a tag that nobody has":        {"tag:repo:none", wire.CodeNotFound, nil, nil},
		"an empty tag":                 {"tag:", wire.CodeNotFound, nil, nil},
		"seven digits":                 {"2222222", wire.CodeNotFound, nil, nil},
		"a digit too many":             {ada.String() + "0", wire.CodeNotFound, nil, nil},
		"an id of nobody":              {strings.Repeat("9", 64), wire.CodeNotFound, nil, nil},
		"a topic that is not there":    {"#nothing", wire.CodeNotFound, nil, nil},
		"an archived topic":            {"#old", wire.CodeNotFound, nil, nil},
		"an archived topic by id":      {"#" + old.String(), wire.CodeNotFound, nil, nil},
		"two of a name":                {"Bob", wire.CodeAmbiguous, []wire.MemberID{bob, bob2}, nil},
		"two of a name in a list":      {"carol,bob", wire.CodeAmbiguous, []wire.MemberID{bob, bob2}, nil},
		"digits of two, and a name":    {"11111111", wire.CodeAmbiguous, []wire.MemberID{ada, twin, mallory}, nil},
		"two topics of a name":         {"#twins", wire.CodeAmbiguous, nil, []wire.TopicID{twins1, twins2}},
		"a topic in a list":            {"carol,#deploys", wire.CodeMalformed, nil, nil},
		"a list with a hole":           {"carol,,ada lovelace", wire.CodeMalformed, nil, nil},
		"a stranger in a list":         {"carol,dave", wire.CodeNotFound, nil, nil},
		"an empty name of one joining": {"@ ", wire.CodeNotFound, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := address.Resolve(c.text, directory())
			if wire.CodeOf(err) != c.want || !slices.Equal(r.Candidates, c.could) || !slices.Equal(r.CandidateTopics, c.topics) {
				t.Errorf("%q: %v, %+v", c.text, err, r)
			}
			if r.Members != nil || !r.Topic.IsZero() {
				t.Errorf("%q is refused and means %+v", c.text, r)
			}
			for _, could := range c.could {
				if !strings.Contains(err.Error(), could.String()[:8]) {
					t.Errorf("%v does not name %s", err, could)
				}
			}
		})
	}
}

// A name that somebody took to be mistaken for others makes the text ambiguous, and never takes their messages.
func TestResolveIsNotHijacked(t *testing.T) {
	for name, c := range map[string]struct {
		taken string
		text  string
		could []wire.MemberID
	}{
		"a group's name":     {"core", "@core", []wire.MemberID{ada, bob, mallory}},
		"a list":             {"carol,22222222", "carol,22222222", []wire.MemberID{bob, carol, mallory}},
		"an id's digits":     {"2222222200", "2222222200", []wire.MemberID{bob, mallory}},
		"a name in capitals": {"CAROL", "Carol", []wire.MemberID{carol, mallory}},
	} {
		t.Run(name, func(t *testing.T) {
			in := directory()
			for n := range in.Members {
				if in.Members[n].ID == mallory {
					in.Members[n].Name = c.taken
				}
			}
			r, err := address.Resolve(c.text, in)
			if wire.CodeOf(err) != wire.CodeAmbiguous || !slices.Equal(r.Candidates, c.could) {
				t.Errorf("%q means %+v, %v", c.text, r, err)
			}
		})
	}
	in := directory()
	for n := range in.Members {
		if in.Members[n].ID == mallory {
			in.Members[n].Name = carol.String()
		}
	}
	if r, err := address.Resolve(carol.String(), in); err != nil || !slices.Equal(r.Members, []wire.MemberID{carol}) {
		t.Errorf("a whole id that somebody took as a name means %+v, %v", r, err)
	}
}

func crowd(n int) address.Directory {
	in := address.Directory{Self: id("00000000", 0), Topics: []address.Topic{{ID: general, Name: "general", General: true}}}
	for i := range n {
		in.Members = append(in.Members, address.Member{ID: id("00000000", byte(i)), Name: "somebody", Groups: []string{"all"}})
	}
	return in
}

// * means the others up to what an envelope takes, and then #general; a group does not.
func TestResolveMany(t *testing.T) {
	if _, err := address.Resolve("*", crowd(1)); wire.CodeOf(err) != wire.CodeNotFound {
		t.Errorf("alone: %v", err)
	}
	if r, err := address.Resolve("*", crowd(wire.MaxRecipients+1)); err != nil || len(r.Members) != wire.MaxRecipients {
		t.Errorf("%d others: %d, %v", wire.MaxRecipients, len(r.Members), err)
	}
	if r, err := address.Resolve("*", crowd(wire.MaxRecipients+2)); err != nil || r.Kind != address.InTopic || r.Topic != general {
		t.Errorf("%d others: %+v, %v", wire.MaxRecipients+1, r, err)
	}
	if _, err := address.Resolve("@all", crowd(wire.MaxRecipients+2)); wire.CodeOf(err) != wire.CodeTooLarge {
		t.Errorf("a group of %d: %v", wire.MaxRecipients+1, err)
	}
	r, err := address.Resolve("somebody", crowd(wire.MaxRecipients+2))
	if wire.CodeOf(err) != wire.CodeAmbiguous || len(r.Candidates) != wire.MaxRecipients+2 || strings.Count(err.Error(), "somebody (") != 4 {
		t.Errorf("a name of all: %d candidates, %v", len(r.Candidates), err)
	}
}
