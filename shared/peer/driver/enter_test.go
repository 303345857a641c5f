//go:build !js

package driver_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

// tampered lets a test come between a device and the relay's HTTP routes.
type tampered struct {
	driver.HTTP
	// after is given each answer that the relay made, and may replace it.
	after func(method, url string, status int, answer []byte) (int, []byte, error)
}

func (h *tampered) Do(ctx context.Context, method, url string, header map[string]string, body []byte) (int, []byte, error) {
	status, answer, err := h.HTTP.Do(ctx, method, url, header, body)
	if err != nil {
		return status, answer, err
	}
	return h.after(method, url, status, answer)
}

// loses makes the answers to the first n requests of a method get lost on their way.
func (d *device) loses(method string, n int) (asked *int) {
	asked = new(int)
	d.host.HTTP = &tampered{d.host.HTTP, func(m, _ string, status int, answer []byte) (int, []byte, error) {
		if m != method {
			return status, answer, nil
		}
		if *asked++; *asked <= n {
			return 0, nil, errors.New("the line is dead")
		}
		return status, answer, nil
	}}
	return asked
}

func wantCode(t *testing.T, err error, code wire.Code) {
	t.Helper()
	if wire.CodeOf(err) != code {
		t.Errorf("the error is %v, want %s", err, code)
	}
}

func TestCreateIsRepeated(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := newDevice(t, "Ada")
	ada.loses("POST", 1)
	options := driver.CreateOptions{Relay: relay.URL(), Name: "Lab", DisplayName: "Ada"}
	wantCode(t, driver.Create(limit(t), ada.host, options), wire.CodeUnreachable)
	if _, err := driver.Open(t.Context(), ada.host); wire.CodeOf(err) != wire.CodeNotFound {
		t.Errorf("a mesh that no relay confirmed opens: %v", err)
	}
	if err := driver.Create(limit(t), ada.host, options); err != nil {
		t.Fatal(err)
	}
	ada.run()
	ada.live()
	if view := ada.Mesh(); view.Name != "Lab" || view.DisplayName != "Ada" || view.Role != wire.RoleOwner {
		t.Errorf("the mesh is %+v", view)
	}
	wantCode(t, driver.Create(limit(t), ada.host, options), wire.CodeAlreadyJoined)
}

func TestCreateRefused(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := newDevice(t, "Ada")
	for _, options := range []driver.CreateOptions{
		{Relay: relay.URL(), Name: "", DisplayName: "Ada"},
		{Relay: relay.URL(), Name: "Lab", DisplayName: strings.Repeat("A", 65)},
		{Relay: "ftp://relay.example", Name: "Lab", DisplayName: "Ada"},
	} {
		wantCode(t, driver.Create(limit(t), ada.host, options), wire.CodeMalformed)
	}
	relay.Stop()
	err := driver.Create(limit(t), ada.host, driver.CreateOptions{Relay: relay.URL(), Name: "Lab", DisplayName: "Ada"})
	wantCode(t, err, wire.CodeUnreachable)
	relay.Start()
}

// TestClaimIsRepeated: the relay took the claim, but its answer is lost; and then the program ends.
func TestClaimIsRepeated(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	link, err := ada.CreateInvite(limit(t), peer.InviteOptions{Uses: 1})
	if err != nil {
		t.Fatal(err)
	}
	bo := newDevice(t, "Bo")
	asked := bo.loses("POST", 2)
	if err := driver.Join(limit(t), bo.host, driver.JoinOptions{Link: link.Link, DisplayName: "Bo"}); err != nil {
		t.Fatal(err)
	}
	if *asked != 3 {
		t.Errorf("the claim was sent %d times", *asked)
	}
	bo.run()
	bo.live()
	ada.until("one member more", func() bool { return len(ada.Mesh().Members) == 2 })
	if used := ada.Invites()[0]; used.Used != 1 || used.State != peer.InviteExhausted {
		t.Errorf("the invite is %+v", used)
	}

	cy := newDevice(t, "Cy")
	wantCode(t, driver.Join(limit(t), cy.host, driver.JoinOptions{Link: link.Link, DisplayName: "Cy"}), wire.CodeExhausted)
}

// TestJoinGoesOn: at whatever commit the program is ended, Join called again ends well and uses the invite once.
func TestJoinGoesOn(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	killed := errors.New("killed")
	for _, after := range []bool{false, true} {
		for kill := 1; ; kill++ {
			link, err := ada.CreateInvite(limit(t), peer.InviteOptions{Uses: 1})
			if err != nil {
				t.Fatal(err)
			}
			bo := newDevice(t, "Bo")
			store := bo.host.Store.(*driver.Memory)
			commits, dead := 0, false
			store.Fault = func(done bool) error {
				if dead {
					return killed // a program that was killed commits nothing more
				}
				if done == after {
					commits++
					dead = commits == kill
				}
				if dead {
					return killed
				}
				return nil
			}
			options := driver.JoinOptions{Link: link.Link, DisplayName: "Bo"}
			err = driver.Join(limit(t), bo.host, options)
			if !dead {
				if err != nil || kill < 3 {
					t.Errorf("killed at none of %d commits: %v", commits, err)
				}
				break
			}
			store.Fault = nil
			bo.host.Keys, err = driver.SoftwareKeys(t.Context(), bo.host)
			if err != nil {
				t.Fatal(err)
			}
			if err := driver.Join(limit(t), bo.host, options); err != nil && wire.CodeOf(err) != wire.CodeAlreadyJoined {
				t.Fatalf("killed at commit %d (done %v), then: %v", kill, after, err)
			}
			bo.run()
			bo.live()
			if view := bo.Mesh(); view.Connection != peer.Connected || view.DisplayName != "Bo" || view.Name != "Lab" {
				t.Errorf("killed at commit %d: the mesh is %+v", kill, view)
			}
			bo.stop()
		}
	}
	for _, view := range ada.Invites() {
		if view.Used > 1 {
			t.Errorf("an invite was used %d times", view.Used)
		}
	}
}

func TestPreview(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	link, err := ada.CreateInvite(limit(t), peer.InviteOptions{Role: wire.RoleAdmin, Uses: 3, Seconds: 3600})
	if err != nil {
		t.Fatal(err)
	}
	view, err := driver.Preview(limit(t), ada.host.HTTP, link.Link)
	if err != nil {
		t.Fatal(err)
	}
	if view.MeshName != "Lab" || view.InviterName != "Ada" || view.Role != wire.RoleAdmin || view.UsesLeft != 3 ||
		view.MemberCount != 1 || len(view.Members) != 1 || view.Members[0].Name != "Ada" || view.ExpiresAt != link.ExpiresAt {
		t.Errorf("the preview is %+v", view)
	}
	if ada.Invites()[0].Used != 0 {
		t.Error("looking cost a use")
	}

	base, _, _ := strings.Cut(link.Link, "#")
	secret, _ := invite.NewSecret(ada.host.Entropy)
	for text, code := range map[string]wire.Code{
		base:                             wire.CodeNoSecret,
		base + "#" + secret.Text():       wire.CodeBadEnrollment,
		relay.URL() + "/join/abc#key=00": wire.CodeV1Link,
		relay.URL() + "/i/00000000#" + secret.Text(): wire.CodeNotFound,
		"nonsense": wire.CodeMalformed,
	} {
		_, err := driver.Preview(limit(t), ada.host.HTTP, text)
		wantCode(t, err, code)
		bo := newDevice(t, "Bo")
		wantCode(t, driver.Join(limit(t), bo.host, driver.JoinOptions{Link: text, DisplayName: "Bo"}), code)
	}
	if err := ada.RetireInvite(limit(t), link.Invite); err != nil {
		t.Fatal(err)
	}
	_, err = driver.Preview(limit(t), ada.host.HTTP, link.Link)
	wantCode(t, err, wire.CodeRevoked)
}

// TestForgedAnswer: a relay that answers a claim with another's keys is found out, and nothing of it stays.
func TestForgedAnswer(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	for name, forge := range map[string]func(*invite.ClaimAnswer){
		"another owner":     func(a *invite.ClaimAnswer) { a.Owner[3] ^= 1 },
		"another text":      func(a *invite.ClaimAnswer) { a.Canonical = strings.Replace(a.Canonical, "member", "admin", 1) },
		"another signature": func(a *invite.ClaimAnswer) { a.Signature[5] ^= 1 },
		"another escrow":    func(a *invite.ClaimAnswer) { a.SealedRootKey[60] ^= 1 },
		"another member":    func(a *invite.ClaimAnswer) { a.Member[1] ^= 1 },
		"another device":    func(a *invite.ClaimAnswer) { a.Device[1] ^= 1 },
	} {
		t.Run(name, func(t *testing.T) {
			link, err := ada.CreateInvite(limit(t), peer.InviteOptions{})
			if err != nil {
				t.Fatal(err)
			}
			bo := newDevice(t, "Bo")
			bo.host.HTTP = &tampered{bo.host.HTTP, func(method, _ string, status int, answer []byte) (int, []byte, error) {
				if method != "POST" || status != 200 {
					return status, answer, nil
				}
				var in invite.ClaimAnswer
				if err := json.Unmarshal(answer, &in); err != nil {
					t.Error(err)
				}
				forge(&in)
				answer, err := json.Marshal(in)
				return status, answer, err
			}}
			err = driver.Join(limit(t), bo.host, driver.JoinOptions{Link: link.Link, DisplayName: "Bo"})
			wantCode(t, err, wire.CodeBadEnrollment)
			for _, bucket := range peer.Buckets {
				if rows, _ := bo.host.Store.Scan(t.Context(), bucket, driver.Range{}); len(rows) != 0 {
					t.Errorf("%d rows stay in %s", len(rows), bucket)
				}
			}
		})
	}
}
