//go:build !js

package driver_test

import (
	"strings"
	"testing"
	"time"

	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/wire"
)

func TestPresence(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	bo := newDevice(t, "Bo")
	link, err := ada.CreateInvite(limit(t), peer.InviteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := driver.Join(limit(t), bo.host, driver.JoinOptions{Link: link.Link, DisplayName: "Bo"}); err != nil {
		t.Fatal(err)
	}
	member := func() (m peer.MemberView) {
		for _, one := range ada.Mesh().Members {
			if one.Name == "Bo" {
				m = one
			}
		}
		return m
	}
	ada.until("Bo is here, but not online", func() bool {
		m := member()
		return m.Name == "Bo" && m.Presence == peer.Offline && m.Kind == peer.KindPerson
	})
	bo.host.Card = &peer.Card{Kind: peer.KindAgent, Status: peer.StatusWorking, Summary: "tests", Tags: []string{"repo:lab"}}
	bo.run()
	ada.until("Bo works", func() bool {
		m := member()
		return m.Presence == peer.Online && m.Kind == peer.KindAgent && m.Status == peer.StatusWorking && m.Summary == "tests"
	})
	if r := ada.Resolve("tag:repo:lab"); r.Problem != nil || len(r.Recipients) != 1 {
		t.Errorf("the tag resolves to %+v", r)
	}
	card := *bo.host.Card
	card.Status = peer.StatusNeedsApproval
	if err := bo.SetCard(t.Context(), card); err != nil {
		t.Fatal(err)
	}
	ada.until("Bo needs approval", func() bool { return member().Status == peer.StatusNeedsApproval })
	card.Summary = strings.Repeat("x", 10_000)
	wantCode(t, bo.SetCard(t.Context(), card), wire.CodeMalformed)
	if err := bo.stop(); err != nil {
		t.Fatal(err)
	}
	ada.until("Bo said goodbye", func() bool { m := member(); return m.Presence == peer.Offline && m.Since > 0 })
}

func TestRunEnds(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	wantCode(t, ada.Run(t.Context()), wire.CodeInUse)

	t.Run("superseded", func(t *testing.T) {
		second := *ada
		second.t = t
		second.run()
		second.live()
		wantCode(t, <-ada.ran, wire.CodeSuperseded)
		ada.end = nil
		if err := second.stop(); err != nil {
			t.Errorf("a run that was stopped ends with %v", err)
		}
	})
	t.Run("closed", func(t *testing.T) {
		third := *ada
		third.t = t
		third.host.Session[0]++
		third.run()
		third.live()
		third.Driver.Close()
		if err := <-third.ran; err != nil {
			t.Errorf("a driver that was closed ends with %v", err)
		}
		third.end = nil
	})
	t.Run("unreachable", func(t *testing.T) {
		relay.Stop()
		fourth := *ada
		fourth.t = t
		fourth.host.Session[0] += 2
		fourth.run()
		fourth.until("offline", func() bool {
			view := fourth.Mesh()
			return view.Connection == peer.Unconnected && view.Problem != nil && view.Problem.Code == wire.CodeUnreachable
		})
		relay.Start()
		fourth.Wake()
		fourth.live()
		fourth.stop()
	})
}

func TestWrongOriginAndClock(t *testing.T) {
	relay := relaytest.Serve(t)
	ada := found(t, relay, "Ada")
	ada.stop()

	row, err := ada.host.Store.Get(t.Context(), peer.BucketMeta, []byte("identity"))
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(relay.Address(), ":")
	moved := strings.Replace(string(row), relay.URL(), "http://127.0.0.2:"+port, 1)
	if err := ada.host.Store.Commit(t.Context(), []peer.Op{{Bucket: peer.BucketMeta, Key: []byte("identity"), Value: []byte(moved)}}); err != nil {
		t.Fatal(err)
	}
	relayMoved := *ada
	relayMoved.host.Dialer = elsewhere{relayMoved.host.Dialer, relay.Address()}
	relayMoved.run()
	wantCode(t, relayMoved.WaitLive(limit(t)), wire.CodeWrongOrigin)
	wantCode(t, <-relayMoved.ran, wire.CodeWrongOrigin)
	relayMoved.end = nil
	relayMoved.Driver.Close()

	if err := ada.host.Store.Commit(t.Context(), []peer.Op{{Bucket: peer.BucketMeta, Key: []byte("identity"), Value: row}}); err != nil {
		t.Fatal(err)
	}
	ada.host.Now = func() time.Time { return time.Now().Add(time.Hour) }
	ada.run()
	ada.live() // a wrong clock does not keep anyone from talking
	if problem := ada.Mesh().Problem; problem == nil || problem.Code != wire.CodeClockSkew {
		t.Errorf("with a clock that is wrong the problem is %v", problem)
	}
	_, err = ada.CreateInvite(limit(t), peer.InviteOptions{})
	wantCode(t, err, wire.CodeClockSkew)
}
