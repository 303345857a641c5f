package api

import (
	"strings"
	"testing"

	"rsc.io/qr"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

const link = "https://relay.example/i/Ab3dE6gH#YcXNP9ky6rznNuWfxOXUSQ"

func TestTheCodeOfALinkIsAQRCode(t *testing.T) {
	for _, text := range []string{link, strings.Replace(link, "relay", strings.Repeat("a-long-name.", 60), 1)} {
		rows, err := qrRows(text)
		if err != nil {
			t.Fatal(err)
		}
		// The same library's own choice of size and encoding.
		want, err := qr.Encode(text, qr.M)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != want.Size {
			t.Fatalf("%d characters make %d rows, want %d", len(text), len(rows), want.Size)
		}
		for y, row := range rows {
			for x, module := range row {
				if (module == '1') != want.Black(x, y) || len(row) != want.Size {
					t.Fatalf("module %d of row %d is %c", x, y, module)
				}
			}
		}
	}
	if _, err := qrRows(strings.Repeat("x", 4000)); err == nil {
		t.Error("a text that no QR code holds made one")
	}
}

func TestOnlyInvitesThatCanBeUsedHaveACode(t *testing.T) {
	for _, c := range []struct {
		view peer.InviteView
		want bool
	}{
		{peer.InviteView{Link: link, State: peer.InviteOpen, Role: wire.RoleMember}, true},
		{peer.InviteView{Link: link, State: peer.InviteExhausted, Role: wire.RoleMember}, false},
		{peer.InviteView{State: peer.InviteOpen, Role: wire.RoleMember}, false},
	} {
		got, err := inviteOf(c.view)
		if err != nil || got.QR == nil || len(got.QR) > 0 != c.want {
			t.Errorf("%+v has %d rows, %v", c.view, len(got.QR), err)
		}
	}
}
