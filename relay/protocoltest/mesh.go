package protocoltest

import (
	"context"
	"crypto/rand"
	"net/http"
	"testing"
	"time"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/invite"
	"claudemesh.com/mesh/shared/roster"
	"claudemesh.com/mesh/shared/wire"
)

// Mesh is a mesh on the relay under test, and what its founder knows of it.
type Mesh struct {
	Target Target
	ID     wire.MeshID
	Roster *roster.State // as folded from what was appended through here
	Owner  *Device
	// Statements are what the mesh was made with.
	Statements [][]byte
}

// Device is a device with its keys; Counter is the last one that it used.
type Device struct {
	Keys    *identity.Software
	ID      wire.DeviceID
	Member  wire.MemberID
	Counter uint64
}

// Now is the clock that statements bear, in milliseconds since 1970.
func Now() uint64 { return uint64(time.Now().UnixMilli()) }

// NewDevice makes a device that is in no mesh; as it would be the first of a member, its member has its id.
func NewDevice(t testing.TB) *Device {
	t.Helper()
	keys, err := identity.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := keys.Public().DeviceID()
	return &Device{Keys: keys, ID: id, Member: wire.MemberID(id)}
}

// sign never fails with keys in memory.
func (d *Device) sign(message []byte) []byte {
	signature, err := d.Keys.Sign(context.Background(), message)
	if err != nil {
		panic(err)
	}
	return signature
}

// statement signs a draft.
func (d *Device) statement(draft roster.Draft) []byte {
	unsigned := draft.Unsigned()
	return roster.Assemble(unsigned, d.sign(roster.SigningBytes(unsigned)))
}

// genesis founds a mesh by this device at a time.
func (d *Device) genesis(at uint64) []byte {
	body := &roster.Genesis{Device: d.Keys.Public(), Name: Sealed()}
	rand.Read(body.Commitment[:])
	return d.statement(roster.Draft{Author: d.ID, Time: at, Epoch: 1, Body: body})
}

// Sealed gives bytes that look like a sealed name.
func Sealed() []byte { return Random(roster.MinSealedName) }

// Random gives n random bytes.
func Random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// fold adds a statement to what the founder knows.
func (m *Mesh) fold(t testing.TB, raw []byte) {
	t.Helper()
	statement, err := roster.Parse(raw)
	if err == nil {
		err = m.Roster.Apply(statement, time.Time{})
	}
	if err != nil {
		t.Fatalf("a statement that the relay took does not fold: %v", err)
	}
}

// Draft signs a statement of the device on the head that the founder knows.
func (m *Mesh) Draft(d *Device, body roster.Body) []byte {
	return m.draftAt(d, Now(), body)
}

// draftAt is Draft at another time than now.
func (m *Mesh) draftAt(d *Device, at uint64, body roster.Body) []byte {
	return d.statement(m.Roster.Draft(d.ID, at, body))
}

// prepare gives a mesh that no relay has yet, with a genesis and its owner's profile of a time.
func prepare(t testing.TB, target Target, at uint64) *Mesh {
	t.Helper()
	m := &Mesh{Target: target, Roster: roster.New(), Owner: NewDevice(t)}
	m.Statements = append(m.Statements, m.Owner.genesis(at))
	m.fold(t, m.Statements[0])
	m.Statements = append(m.Statements, m.draftAt(m.Owner, at, &roster.Profile{Sealed: Sealed()}))
	m.fold(t, m.Statements[1])
	m.ID = m.Roster.Mesh()
	return m
}

// FoundRefused tries to make a mesh and checks that the relay refuses with the code.
func FoundRefused(t testing.TB, target Target, code wire.Code) {
	t.Helper()
	prepare(t, target, Now()).RefusesCreation(t, code)
}

// Found makes a mesh with a genesis and its owner's profile.
func Found(t testing.TB, target Target) *Mesh {
	t.Helper()
	return foundAt(t, target, Now())
}

// foundAt is Found at another time than now.
func foundAt(t testing.TB, target Target, at uint64) *Mesh {
	t.Helper()
	m := prepare(t, target, at)
	var made creation
	target.call(t, http.MethodPost, "/api/public/meshes", statements(m.Statements...)).reads(t, http.StatusCreated, &made)
	if made.Mesh != m.ID || made.Head != m.Roster.Head() || made.Position == 0 {
		t.Fatalf("the relay made %+v, want mesh %s at head %s", made, m.ID, m.Roster.Head())
	}
	return m
}

// creation answers the making of a mesh.
type creation struct {
	Mesh     wire.MeshID   `json:"mesh_id"`
	Head     wire.Head     `json:"head"`
	Position wire.Position `json:"position"`
}

// statements is the request that makes a mesh.
func statements(list ...[]byte) any {
	request := struct {
		Statements []wire.Bytes `json:"statements"`
	}{[]wire.Bytes{}}
	for _, s := range list {
		request.Statements = append(request.Statements, s)
	}
	return request
}

// Invite is an invite on the relay under test.
type Invite struct {
	mesh            *Mesh
	Secret          invite.Secret
	Code            invite.Code
	Body            *roster.Invite
	Escrow, Preview []byte
}

// NewInvite makes the statement of an invite for new members and what goes with it, and appends nothing.
func (m *Mesh) NewInvite(t testing.TB, uses uint16, expires uint64) *Invite {
	t.Helper()
	secret, err := invite.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &Invite{mesh: m, Secret: secret, Escrow: Random(300), Preview: Random(500)}
	i.Body = &roster.Invite{
		ID: secret.Key().ID(), Role: wire.RoleMember, Uses: uses, Expires: expires,
		Escrow: roster.EscrowHash(i.Escrow), Preview: roster.PreviewHash(i.Preview),
	}
	i.sign()
	return i
}

// Rehash puts escrow and preview, as they are now, into the statement.
func (i *Invite) Rehash() {
	i.Body.Escrow, i.Body.Preview = roster.EscrowHash(i.Escrow), roster.PreviewHash(i.Preview)
}

// sign signs the canonical text as the owner.
func (i *Invite) sign() {
	canonical := i.mesh.Roster.Canonical(i.Body)
	i.Body.Signature = [identity.SignatureSize]byte(i.mesh.Owner.sign(roster.InviteSigningBytes(canonical)))
}

// Issue appends the invite over the owner's connection and learns its code.
func (i *Invite) Issue(t testing.TB, owner *Client) *Invite {
	t.Helper()
	return i.issueAt(t, owner, Now())
}

func (i *Invite) issueAt(t testing.TB, owner *Client, at uint64) *Invite {
	t.Helper()
	raw := i.mesh.draftAt(i.mesh.Owner, at, i.Body)
	reply := owner.Append(wire.Append{Statement: raw, Escrow: i.Escrow, Preview: i.Preview})
	if reply.Error != nil {
		t.Fatalf("the invite was refused: %v", reply.Error)
	}
	i.mesh.fold(t, raw)
	code, err := invite.ParseCode(reply.Code)
	if err != nil {
		t.Fatalf("the invite got the code %q", reply.Code)
	}
	i.Code = code
	return i
}

// Retire withdraws the invite over the owner's connection.
func (i *Invite) Retire(t testing.TB, owner *Client) {
	t.Helper()
	raw := i.mesh.Draft(i.mesh.Owner, &roster.InviteRetired{Invites: []wire.InviteID{i.Body.ID}})
	if reply := owner.Append(wire.Append{Statement: raw}); reply.Error != nil {
		t.Fatalf("withdrawing an invite was refused: %v", reply.Error)
	}
	i.mesh.fold(t, raw)
}

// NextHour is an expiry that no test reaches.
func NextHour() uint64 { return uint64(time.Now().Add(time.Hour).Unix()) }

// Join makes the join statement of a new device.
func (i *Invite) Join(d *Device) []byte { return i.joinAt(d, Now()) }

func (i *Invite) joinAt(d *Device, at uint64) []byte {
	draft := i.mesh.Roster.Draft(d.ID, at, &roster.Join{Invite: i.Body.ID, Device: d.Keys.Public()})
	unsigned := draft.Unsigned()
	return roster.Assemble(unsigned, d.sign(roster.SigningBytes(unsigned)), i.Secret.Key().Sign(roster.JoinSigningBytes(unsigned)))
}

// Claim posts a join statement.
func (i *Invite) Claim(t testing.TB, d *Device, join []byte) Answer {
	t.Helper()
	return i.mesh.Target.call(t, http.MethodPost, i.path()+"/claim", invite.ClaimRequest{Recipient: d.Keys.Public().Box, Join: join})
}

func (i *Invite) path() string { return "/api/public/invites/" + string(i.Code) }

// Add brings a new member in by an invite of its own.
func (m *Mesh) Add(t testing.TB, owner *Client) *Device {
	t.Helper()
	d := NewDevice(t)
	i := m.NewInvite(t, 1, NextHour()).Issue(t, owner)
	join := i.Join(d)
	i.Claimed(t, d, join)
	m.fold(t, join)
	return d
}

// Claimed claims, and checks that it is granted.
func (i *Invite) Claimed(t testing.TB, d *Device, join []byte) {
	t.Helper()
	var claimed invite.ClaimAnswer
	i.Claim(t, d, join).reads(t, http.StatusOK, &claimed)
	if claimed.Device != d.ID || claimed.Member != d.Member {
		t.Fatalf("the claim made device %s of member %s", claimed.Device, claimed.Member)
	}
}

// RefusesUpgrade tries to connect to the mesh and checks that the relay refuses with the code, over HTTP.
func (m *Mesh) RefusesUpgrade(t testing.TB, code wire.Code) {
	t.Helper()
	refusedUpgrade(t, m.Target, "/ws?mesh="+m.ID.String(), nil, wire.Subprotocol).Refused(t, code)
}

// ClosesAtOnce opens a connection to the mesh, which the relay closes with the code before it sends a challenge.
func (m *Mesh) ClosesAtOnce(t testing.TB, code wire.Code) {
	t.Helper()
	dial(t, m.Target, m.ID.String()).Closes(code)
}

// CreatesAgain makes the mesh again and checks that the relay takes it. header is names and values.
func (m *Mesh) CreatesAgain(t testing.TB, header ...string) {
	t.Helper()
	var made creation
	m.Target.call(t, http.MethodPost, "/api/public/meshes", statements(m.Statements...), header...).reads(t, http.StatusCreated, &made)
}

// RefusesCreation tries to make the mesh, again where it is there, and checks that the relay refuses with the code. header is names and values.
func (m *Mesh) RefusesCreation(t testing.TB, code wire.Code, header ...string) {
	t.Helper()
	m.Target.call(t, http.MethodPost, "/api/public/meshes", statements(m.Statements...), header...).Refused(t, code)
}
