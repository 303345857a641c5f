package wire

import (
	"maps"
	"slices"
)

// Info is what the table says of a code.
type Info struct {
	Status   int  // of HTTP
	Retry    bool // whether the same thing can succeed later
	Sentence string
}

// The codes. One word each, used on the wire, in HTTP answers, in logs and as metric labels.
const (
	CodeMalformed          Code = "malformed"
	CodeUnknownField       Code = "unknown_field"
	CodeUnknownFrame       Code = "unknown_frame"
	CodeUnknownKind        Code = "unknown_kind"
	CodeUnsupported        Code = "unsupported"
	CodeTooLarge           Code = "too_large"
	CodeBadSignature       Code = "bad_signature"
	CodeBadKey             Code = "bad_key"
	CodeBadCommitment      Code = "bad_commitment"
	CodeBadRoster          Code = "bad_roster"
	CodeBadEnrollment      Code = "bad_enrollment"
	CodeNotFound           Code = "not_found"
	CodeAmbiguous          Code = "ambiguous"
	CodeUnknownMesh        Code = "unknown_mesh"
	CodeUnknownDevice      Code = "unknown_device"
	CodeUnknownMember      Code = "unknown_member"
	CodeRevoked            Code = "revoked"
	CodeExpired            Code = "expired"
	CodeExhausted          Code = "exhausted"
	CodeAlreadyJoined      Code = "already_joined"
	CodeV1Link             Code = "v1_link"
	CodeNoSecret           Code = "no_secret"
	CodeForbidden          Code = "forbidden"
	CodeLastOwner          Code = "last_owner"
	CodeRemoved            Code = "removed"
	CodeStaleHead          Code = "stale_head"
	CodeStaleRoster        Code = "stale_roster"
	CodeStaleEpoch         Code = "stale_epoch"
	CodeStaleNonce         Code = "stale_nonce"
	CodeWrongOrigin        Code = "wrong_origin"
	CodeClockSkew          Code = "clock_skew"
	CodeNotWelcome         Code = "not_welcome"
	CodeHandshakeTimeout   Code = "handshake_timeout"
	CodeSuperseded         Code = "superseded"
	CodeSilent             Code = "silent"
	CodeSlowReader         Code = "slow_reader"
	CodeDraining           Code = "draining"
	CodeUnavailable        Code = "unavailable"
	CodeInternal           Code = "internal"
	CodeRateLimited        Code = "rate_limited"
	CodeQuota              Code = "quota"
	CodeOperatorToken      Code = "operator_token"
	CodeCreationClosed     Code = "creation_closed"
	CodeMethodNotAllowed   Code = "method_not_allowed"
	CodeNoRoute            Code = "no_route"
	CodeReplayed           Code = "replayed"
	CodeBadStanza          Code = "bad_stanza"
	CodeBadBody            Code = "bad_body"
	CodeUnreachable        Code = "unreachable"
	CodeInUse              Code = "in_use"
	CodeRestarted          Code = "restarted"
	CodeStorage            Code = "storage"
	CodeExpiredMessage     Code = "expired_message"
	CodeCounterPastRemoval Code = "counter_past_removal"
)

var codes = map[Code]Info{
	CodeMalformed:          {400, false, "This could not be read: it is not what the protocol describes."},
	CodeUnknownField:       {400, false, "This has a field that the protocol does not name."},
	CodeUnknownFrame:       {400, false, "The relay does not know this type of frame."},
	CodeUnknownKind:        {400, false, "This is of a kind that this version does not know. Update claudemesh."},
	CodeUnsupported:        {400, false, "This version does not support that."},
	CodeTooLarge:           {413, false, "This is larger than the protocol allows."},
	CodeBadSignature:       {400, false, "The signature does not fit, so it was refused."},
	CodeBadKey:             {400, false, "This key is not safe to use, so it was refused."},
	CodeBadCommitment:      {400, false, "The mesh key is not the one that the roster commits to, so it was refused."},
	CodeBadRoster:          {400, false, "The relay showed a roster that breaks the rules. Nothing from it is trusted; tell the mesh's owner."},
	CodeBadEnrollment:      {400, false, "The relay's answer to this invite does not fit the invite. Nothing was trusted; ask the inviter for a new link."},
	CodeNotFound:           {404, false, "There is nothing under this name here."},
	CodeAmbiguous:          {409, false, "More than one has this name. Use an id."},
	CodeUnknownMesh:        {404, false, "This relay does not know this mesh."},
	CodeUnknownDevice:      {403, false, "This device is not in the mesh."},
	CodeUnknownMember:      {404, false, "This member is not in the mesh."},
	CodeRevoked:            {410, false, "This invite was withdrawn. Ask for a new one."},
	CodeExpired:            {410, false, "This invite has expired. Ask for a new one."},
	CodeExhausted:          {410, false, "This invite has been used as often as it allows. Ask for a new one."},
	CodeAlreadyJoined:      {409, false, "This device was already in the mesh."},
	CodeV1Link:             {400, false, "This is a link of version 1, which carries the mesh's key and is refused. Ask the inviter for a link made with \"Invite\" or \"claudemesh invite create\"."},
	CodeNoSecret:           {400, false, "This link lacks the part after #, which is the secret. Copy the whole link."},
	CodeForbidden:          {403, false, "Your role in this mesh does not allow that."},
	CodeLastOwner:          {409, false, "A mesh keeps at least one owner. Make someone else an owner first."},
	CodeRemoved:            {403, false, "This device was removed from the mesh. What it has stays readable."},
	CodeStaleHead:          {409, true, "The roster has moved on meanwhile."},
	CodeStaleRoster:        {409, true, "The recipients' devices have changed meanwhile."},
	CodeStaleEpoch:         {409, true, "The mesh has a newer key."},
	CodeStaleNonce:         {401, true, "The answer to the relay's challenge was for another connection."},
	CodeWrongOrigin:        {401, false, "This was signed for another relay's address. Check the address, or the relay's --public-url."},
	CodeClockSkew:          {400, true, "This device's clock and the relay's differ by more than five minutes. Set the clock and try again."},
	CodeNotWelcome:         {401, false, "The handshake comes first."},
	CodeHandshakeTimeout:   {408, true, "The handshake took too long."},
	CodeSuperseded:         {409, false, "A newer connection of the same session took over."},
	CodeSilent:             {408, true, "Nothing was heard for too long."},
	CodeSlowReader:         {503, true, "This connection did not read fast enough. Its messages wait on the relay."},
	CodeDraining:           {503, true, "The relay is stopping, to start again or for good. Nothing is lost; try again soon."},
	CodeUnavailable:        {503, true, "The relay cannot store anything just now. Nothing was lost; try again soon."},
	CodeInternal:           {500, true, "Something went wrong inside. Nothing was lost; try again."},
	CodeRateLimited:        {429, true, "Too many attempts. Wait a minute and try again."},
	CodeQuota:              {507, true, "The relay keeps as much of this mesh as it may. There is room again when older messages are dropped, or when its operator gives more."},
	CodeOperatorToken:      {401, false, "This relay asks for its operator's token to make a mesh, and got none or another."},
	CodeCreationClosed:     {403, false, "This relay makes no new meshes."},
	CodeMethodNotAllowed:   {405, false, "This address takes another method."},
	CodeNoRoute:            {404, false, "There is nothing at this address."},
	CodeReplayed:           {409, false, "This message was seen before."},
	CodeBadStanza:          {400, false, "The message's key does not fit its envelope, so it was dropped."},
	CodeBadBody:            {400, false, "The message could not be opened, so it was dropped."},
	CodeUnreachable:        {503, true, "The relay cannot be reached."},
	CodeInUse:              {409, true, "Another program uses this device's store just now."},
	CodeRestarted:          {503, true, "The peer was started again. Nothing stored was lost."},
	CodeStorage:            {507, true, "The device could not store this."},
	CodeExpiredMessage:     {410, false, "The message expired before it could be delivered."},
	CodeCounterPastRemoval: {403, false, "The message was sent after its device was removed, so it was dropped."},
}

// Info looks the code up; an unknown one reads as internal.
func (c Code) Info() Info {
	if info, ok := codes[c]; ok {
		return info
	}
	return codes[CodeInternal]
}

// Known reports whether the table has the code.
func (c Code) Known() bool { _, ok := codes[c]; return ok }

// Codes gives every code of the table, sorted.
func Codes() []Code { return slices.Sorted(maps.Keys(codes)) }
