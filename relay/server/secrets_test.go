package server_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/api"
	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/server"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

// planted is put wherever somebody can put something; none of it may reach the log, at any level.
const planted = "planted-where-it-does-not-belong"

func TestLogTellsNoSecrets(t *testing.T) {
	s := memory.New(time.Now())
	r := start(t, s, func(c *server.Config) { c.API.Creation, c.API.Token = api.CreateOpen, planted })
	m := protocoltest.Found(t, r.Target)
	owner := m.Connect(t, m.Owner)
	invite := m.NewInvite(t, 1, protocoltest.NextHour())
	copy(invite.Escrow, planted)
	copy(invite.Preview, planted)
	invite.Rehash()
	invite.Issue(t, owner)
	code := string(invite.Code)

	post := func(path, body string, header ...string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			request.Header.Set(header[i], header[i+1])
		}
		response, err := r.HTTP.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	r.status(t, "/api/public/invites/"+code+"?"+planted)
	r.status(t, "/i/"+code)
	r.status(t, "/"+planted)
	r.status(t, "/ws?mesh="+planted)
	post("/api/public/meshes", planted, "Authorization", "Bearer "+planted)
	post("/api/public/meshes", `{"statements":["`+planted+`"]}`, "Origin", "https://"+planted+".example")
	post("/api/public/invites/"+code+"/claim", `{"join":"`+planted+`"}`, "Cookie", planted)

	stranger := m.Dial(t)
	stranger.Write(wire.AppendFrame(nil, wire.FrameHello, []byte(planted)))
	stranger.Closes(wire.CodeMalformed)
	owner.Write(wire.AppendFrame(nil, wire.FrameTail, []byte(planted)))
	owner.Complains(wire.CodeMalformed)
	owner.Write(wire.AppendJSONFrame(nil, wire.FrameCard, wire.SetCard{Version: 1, Card: []byte(planted)}))
	envelope := m.Topic(m.Owner, 100, wire.GeneralTopic(m.ID))
	copy(envelope[len(envelope)-len(planted):], planted)
	owner.Send(0, envelope)
	owner.Accepted(1)

	// What goes wrong inside is logged, and still tells nothing of what it went wrong with.
	s.SetFaults(memory.Faults{Before: func([]mesh.Batch) error { return errors.New("no space left on device") }})
	d := protocoltest.NewDevice(t)
	invite.Claim(t, d, invite.Join(d)).Refused(t, wire.CodeUnavailable)
	s.SetFaults(memory.Faults{})
	invite.Claimed(t, d, invite.Join(d))
	owner.HangUp()
	r.stop(t)

	log := r.log.String()
	if !strings.Contains(log, "no space left on device") || !strings.Contains(log, m.ID.String()) {
		t.Fatalf("the log does not tell what went wrong, so it proves nothing:\n%s", log)
	}
	for what, secret := range map[string]string{
		"planted text":           planted,
		"planted text in hex":    hex.EncodeToString([]byte(planted)),
		"planted text in base64": base64.StdEncoding.EncodeToString([]byte(planted))[:40],
		"the invite's code":      code,
		"the invite's secret":    invite.Secret.Text(),
		"the path of an invite":  "/api/public/invites",
	} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %s:\n%s", what, log)
		}
	}
}
