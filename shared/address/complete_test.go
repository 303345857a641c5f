package address_test

import (
	"slices"
	"testing"
	"unicode/utf8"

	"claudemesh.com/mesh/shared/address"
	"claudemesh.com/mesh/shared/wire"
)

func TestComplete(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nothing":                 {"", []string{"*", "Ada Lovelace", "66666666", "22222222", "33333333", "Carol", "Smith, John", "Twin", "77777777"}},
		"a letter":                {"c", []string{"Carol"}},
		"with @, groups follow":   {"@c", []string{"@Carol", "@core"}},
		"a group by its prefix":   {"@co", []string{"@core"}},
		"a word inside a name":    {"love", []string{"Ada Lovelace"}},
		"two of a name":           {"bo", []string{"22222222", "33333333"}},
		"digits of an id":         {"7777", []string{"77777777"}},
		"a star":                  {"*", []string{"*"}},
		"topics":                  {"#", []string{"#deploys", "#general", "#" + fake.String(), "#" + twins1.String(), "#" + twins2.String()}},
		"a topic":                 {"#dep", []string{"#deploys"}},
		"tags":                    {"tag:repo", []string{"tag:repo:billing", "tag:repo:web"}},
		"tags in capitals":        {"TAG:L", []string{"tag:lang:go"}},
		"behind a comma":          {"carol, ad", []string{"carol,Ada Lovelace"}},
		"a comma inside a name":   {"carol,smi", []string{"carol,55555555"}},
		"behind a stranger":       {"dave,ca", nil},
		"a name with a comma":     {"Smith, J", []string{"Smith, John"}},
		"no topic behind a comma": {"carol,#", nil},
		"nobody":                  {"zz", nil},
		"oneself":                 {"Me", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, s := range address.Complete(c.text, directory(), 20) {
				got = append(got, s.Target)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q gives %q, not %q", c.text, got, c.want)
			}
		})
	}
}

func TestCompleteLimit(t *testing.T) {
	for _, limit := range []int{-1, 0, 1, 3} {
		if got := address.Complete("", directory(), limit); len(got) != max(0, limit) {
			t.Errorf("%d suggestions of %d", len(got), limit)
		}
	}
}

// FuzzTargets: whatever is suggested resolves to what the suggestion says, and nothing resolves to what is not there.
func FuzzTargets(f *testing.F) {
	for _, text := range []string{"", "@", "#", "*", "bob", "11111111", "tag:", "carol,", "Smith, John", "@core,#deploys", "carol/web", "ab12cd34", "carol/", "\u212a", "@\xff"} {
		f.Add(text, "name")
	}
	f.Add(",,", ",")
	f.Fuzz(func(t *testing.T, text, taken string) {
		in := withSessions()
		in.Members[4].Name = taken
		if utf8.RuneCountInString(taken) > wire.MaxName {
			return
		}
		check := func(text string) (address.Resolution, error) {
			r, err := address.Resolve(text, in)
			switch code := wire.CodeOf(err); code {
			case "":
				if len(r.Members) == 0 && r.Topic.IsZero() || len(r.Candidates) != 0 || !slices.IsSortedFunc(r.Members, compare) {
					t.Fatalf("%q means %+v", text, r)
				}
			case wire.CodeAmbiguous:
				if len(r.Candidates)+len(r.CandidateTopics)+len(r.CandidateSessions) < 2 || r.Members != nil {
					t.Fatalf("%q is ambiguous between %+v", text, r)
				}
			case wire.CodeNotFound, wire.CodeMalformed, wire.CodeTooLarge:
			default:
				t.Fatalf("%q: %v", text, err)
			}
			return r, err
		}
		check(text)
		for _, s := range address.Complete(text, in, 30) {
			r, err := check(s.Target)
			switch {
			case err != nil:
				t.Fatalf("%q suggests %q: %v", text, s.Target, err)
			case s.Kind == address.SuggestTopic && r.Topic != s.Topic:
				t.Fatalf("%q suggests %q, which is another topic", text, s.Target)
			case r.Session != s.Session:
				t.Fatalf("%q suggests %q, which is another session", text, s.Target)
			case s.Kind == address.SuggestMember && !slices.Contains(r.Members, s.Member):
				t.Fatalf("%q suggests %q, which is another member", text, s.Target)
			}
		}
	})
}

func compare(x, y wire.MemberID) int { return slices.Compare(x[:], y[:]) }
