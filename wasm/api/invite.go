package api

import (
	"rsc.io/qr/coding"

	"claudemesh.com/mesh/shared/peer"
)

// inviteOf is an invite's view, with a QR code where it can still be used.
func inviteOf(v peer.InviteView) (Invite, error) {
	view := Invite{
		InviteID: idText(v.Invite), Code: v.Code, Link: v.Link, Role: Role(v.Role.String()), Uses: v.Uses, Used: v.Used,
		ExpiresAt: v.ExpiresAt, State: string(v.State), IssuerID: idText(v.Issuer), QR: []string{},
	}
	if v.Link == "" || v.State != peer.InviteOpen {
		return view, nil
	}
	var err error
	view.QR, err = qrRows(v.Link)
	return view, err
}

// qrRows is the QR code of a link, at level M: rows of '0' (light) and '1' (dark), without the quiet zone.
func qrRows(link string) ([]string, error) {
	text, level := coding.String(link), coding.M
	version := coding.Version(coding.MinVersion)
	for version < coding.MaxVersion && text.Bits(version) > version.DataBytes(level)*8 {
		version++
	}
	plan, err := coding.NewPlan(version, level, 0)
	if err != nil {
		return nil, err
	}
	code, err := plan.Encode(text)
	if err != nil {
		return nil, err
	}
	rows := make([]string, code.Size)
	for y := range rows {
		row := make([]byte, code.Size)
		for x := range row {
			row[x] = '0'
			if code.Black(x, y) {
				row[x] = '1'
			}
		}
		rows[y] = string(row)
	}
	return rows, nil
}
