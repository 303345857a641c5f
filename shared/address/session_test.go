package address_test

import (
	"slices"
	"strings"
	"testing"

	"claudemesh.com/mesh/shared/address"
	"claudemesh.com/mesh/shared/wire"
)

// session is one whose id begins with digits, and then has its number.
func session(digits string, n byte) (s wire.SessionID) {
	if err := wire.ParseHex(s[:len(digits)/2], digits); err != nil {
		panic(err)
	}
	s[15] = n
	return s
}

var (
	web    = session("ab12cd34", 1) // of Carol
	api    = session("ab12ffff", 2) // of Carol
	cafe   = session("cafe0001", 3) // of Carol
	office = session("0ff1ce00", 4) // of Ada, whose name has a slash in this directory
	bobs   = session("b0b00001", 5)
	echo   = session("22222222", 6) // of Bob's namesake; begins as Bob
	own    = session("0a0a0a0a", 7)
	copied = session("dddddddd", 8) // of Bob, and of Mallory who took its id
)

func withSessions() address.Directory {
	in := directory()
	sessions := map[wire.MemberID][]address.Session{
		carol: {
			{ID: web, Directory: "~/src/web", Host: "box"}, {ID: api, Directory: `C:\src\api\`, Host: "tower"},
			{ID: cafe, Directory: "/srv/shop", Host: "box"},
		},
		ada:     {{ID: office, Directory: "~/notes/", Host: "desk"}},
		bob:     {{ID: bobs, Directory: "~/web"}, {ID: copied}},
		bob2:    {{ID: echo, Directory: "~/api", Host: "cafe"}},
		self:    {{ID: own, Directory: "~/web"}},
		mallory: {{ID: copied}},
	}
	for n := range in.Members {
		m := &in.Members[n]
		m.Sessions = sessions[m.ID]
		if m.ID == ada {
			m.Name = "Ada/Lovelace"
		}
	}
	return in
}

func TestResolveSession(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		member  wire.MemberID
		session wire.SessionID
	}{
		"a folder":                         {"Carol/web", carol, web},
		"a folder with @, in capitals":     {"@CAROL/WEB", carol, web},
		"a folder of another system":       {"carol/api", carol, api},
		"a host":                           {"carol/tower", carol, api},
		"four digits":                      {"carol/cafe", carol, cafe},
		"digits":                           {"carol/ab12c", carol, web},
		"all digits":                       {"carol/" + strings.ToUpper(web.String()), carol, web},
		"behind digits of the member":      {"22222222/web", bob, bobs},
		"behind a name with a slash":       {"Ada/Lovelace/desk", ada, office},
		"a folder behind one":              {"@ada/lovelace/notes", ada, office},
		"digits alone":                     {"ab12cd34", carol, web},
		"digits alone with @, in capitals": {"@AB12CD34", carol, web},
		"one's own":                        {"me/web", self, own},
		"a name with a slash":              {"Ada/Lovelace", ada, wire.SessionID{}},
		"a member without the slash":       {"carol", carol, wire.SessionID{}},
		"a member's id":                    {bob.String(), bob, wire.SessionID{}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := address.Resolve(c.text, withSessions())
			if err != nil || r.Kind != address.One || !slices.Equal(r.Members, []wire.MemberID{c.member}) || r.Session != c.session {
				t.Errorf("%q means %+v, %v", c.text, r, err)
			}
		})
	}
}

func TestResolveSessionRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		text     string
		want     wire.Code
		could    []wire.MemberID
		sessions []wire.SessionID
		says     string
	}{
		"no such session":             {"carol/nothing", wire.CodeNotFound, nil, nil, "no session of Carol"},
		"three digits":                {"carol/ab1", wire.CodeNotFound, nil, nil, "no session of Carol"},
		"nothing behind the slash":    {"carol/", wire.CodeNotFound, nil, nil, "no session of Carol"},
		"nobody before the slash":     {"dave/web", wire.CodeNotFound, nil, nil, "nobody"},
		"a slash alone":               {"/", wire.CodeNotFound, nil, nil, "nobody"},
		"seven digits":                {"ab12cd3", wire.CodeNotFound, nil, nil, "nobody"},
		"two on a host":               {"carol/box", wire.CodeAmbiguous, nil, []wire.SessionID{web, cafe}, "Carol/ab12cd34"},
		"digits of two":               {"carol/ab12", wire.CodeAmbiguous, nil, []wire.SessionID{web, api}, "Carol/ab12ffff"},
		"two members of the name":     {"bob/web", wire.CodeAmbiguous, []wire.MemberID{bob, bob2}, nil, "33333333"},
		"digits of a member, and one": {"22222222", wire.CodeAmbiguous, []wire.MemberID{bob}, []wire.SessionID{echo}, "bob/22222222"},
		"an id that somebody copied":  {copied.String(), wire.CodeAmbiguous, nil, []wire.SessionID{copied, copied}, "11111111/dddddddd"},
		"a session in a list":         {"carol/web,bob/ab", wire.CodeMalformed, nil, nil, "stands alone"},
		"digits in a list":            {"carol,ab12cd34", wire.CodeMalformed, nil, nil, "stands alone"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := address.Resolve(c.text, withSessions())
			var sessions []wire.SessionID
			for _, s := range r.CandidateSessions {
				sessions = append(sessions, s.Session)
			}
			if wire.CodeOf(err) != c.want || !slices.Equal(r.Candidates, c.could) || !slices.Equal(sessions, c.sessions) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q: %v, %+v", c.text, err, r)
			}
			if r.Members != nil || !r.Session.IsZero() {
				t.Errorf("%q is refused and means %+v", c.text, r)
			}
		})
	}
}

// Nobody gets a session's messages by taking a name that looks like it, and no session gets a member's.
func TestSessionsAreNotHijacked(t *testing.T) {
	for name, c := range map[string]struct {
		taken string
		text  string
		could []wire.MemberID
	}{
		"a name that is a session's address": {"Carol/web", "Carol/web", []wire.MemberID{mallory}},
		"a name that is digits of one":       {"ab12cd34", "ab12cd34", []wire.MemberID{mallory}},
		"a member's name":                    {"carol", "carol/web", []wire.MemberID{carol, mallory}},
	} {
		t.Run(name, func(t *testing.T) {
			in := withSessions()
			for n := range in.Members {
				if in.Members[n].ID == mallory {
					in.Members[n].Name = c.taken
				}
			}
			r, err := address.Resolve(c.text, in)
			if wire.CodeOf(err) != wire.CodeAmbiguous || !slices.Equal(r.Candidates, c.could) || len(r.Candidates)+len(r.CandidateSessions) < 2 {
				t.Errorf("%q means %+v, %v", c.text, r, err)
			}
		})
	}
	in := withSessions()
	for n := range in.Members {
		if in.Members[n].ID == mallory {
			in.Members[n].Name = web.String()
		}
	}
	if r, err := address.Resolve(web.String(), in); err != nil || r.Session != web {
		t.Errorf("a whole id that somebody took as a name means %+v, %v", r, err)
	}
	for n := range in.Members {
		if in.Members[n].ID == mallory {
			var crafted wire.SessionID
			copy(crafted[:], carol[:])
			in.Members[n].Sessions = []address.Session{{ID: crafted}}
		}
	}
	if r, err := address.Resolve(carol.String()[:32], in); wire.CodeOf(err) != wire.CodeAmbiguous || !slices.Equal(r.Candidates, []wire.MemberID{carol}) {
		t.Errorf("half of an id that a session took means %+v, %v", r, err)
	}
	if r, err := address.Resolve(carol.String(), in); err != nil || !slices.Equal(r.Members, []wire.MemberID{carol}) || !r.Session.IsZero() {
		t.Errorf("a whole id of which a session took half means %+v, %v", r, err)
	}
}

// What is suggested for a member means the member, also where sessions bear what it is called.
func TestSuggestionsAreNoSessions(t *testing.T) {
	in := withSessions()
	for n := range in.Members {
		if in.Members[n].ID == nobody {
			in.Members[n].Name = "Carol/web"
		}
	}
	for _, s := range address.Complete("", in, 30) {
		if s.Kind != address.SuggestMember {
			continue
		}
		if r, err := address.Resolve(s.Target, in); err != nil || !r.Session.IsZero() || !slices.Equal(r.Members, []wire.MemberID{s.Member}) {
			t.Errorf("%q is suggested for %s and means %+v, %v", s.Target, s.Label, r, err)
		}
	}
}

func TestCompleteSessions(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"all of a member":          {"Carol/", []string{"Carol/api", "Carol/cafe0001", "Carol/web"}},
		"a whole name":             {"@carol", []string{"@Carol", "@carol/api", "@carol/cafe0001", "@carol/web"}},
		"a folder":                 {"@carol/W", []string{"@carol/web"}},
		"a host":                   {"carol/box", []string{"carol/cafe0001", "carol/web"}},
		"digits":                   {"carol/ab12f", []string{"carol/api"}},
		"a name with a slash":      {"Ada/Lovelace/", []string{"Ada/Lovelace/notes"}},
		"two of a name":            {"bob/", nil},
		"nobody":                   {"dave/", nil},
		"a member without any":     {"Twin/", nil},
		"behind a comma":           {"twin,carol/", nil},
		"a name that has a slash":  {"ada/", []string{"Ada/Lovelace"}},
		"nothing that fits":        {"carol/x", nil},
		"what another system's is": {"carol/AP", []string{"carol/api"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := withSessions()
			for n := range in.Members { // a folder that is called as another session's id begins names neither
				if in.Members[n].ID == carol {
					in.Members[n].Sessions[2].Directory = "/srv/ab12cd34"
				}
			}
			var got []string
			for _, s := range address.Complete(c.text, in, 20) {
				got = append(got, s.Target)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q gives %q, not %q", c.text, got, c.want)
			}
		})
	}
}
