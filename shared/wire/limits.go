package wire

// Bounds of docs/PROTOCOL.md; sizes in bytes. They are checked before anything is allocated or parsed.
const (
	MaxEnvelope      = 1 << 20
	MaxMessage       = 512 << 10 // the plaintext JSON
	MaxFrame         = 1<<20 + 64<<10
	MaxSocketMessage = 2 << 20
	MaxJSON          = 64 << 10
	MaxAppendJSON    = MaxFrame
	MaxStatement     = 768 << 10
	MaxRecipients    = 64
	MaxFanOutBytes   = 8 << 20 // recipients × envelope size
	MaxSealedName    = 4096
	MaxEscrow        = 4 << 10
	MaxPreview       = 8 << 10
	MaxCard          = 8 << 10
	MaxTrack         = 256
	MaxTail          = 256
	MaxReceipt       = 256
	MaxSpoken        = 64 // sessions for which a connection speaks beside its own
	MaxName          = 64 // characters
	MaxGroups        = 16
	MaxInviteUses    = 10_000
	MaxCounter       = MaxJSONNumber // of a device's sends; the first is 1
)

// Times of docs/PROTOCOL.md, in seconds.
const (
	HandshakeSeconds  = 10
	GraceSeconds      = 90
	PingSeconds       = 30
	SilenceSeconds    = 75
	ClockSkewSeconds  = 300
	EpochGraceSeconds = 600
)

// CodeLength is the number of base62 characters of an invite's code.
const CodeLength = 8

// Subprotocol is the WebSocket subprotocol of a connection.
const Subprotocol = "claudemesh.v1"

// Suite is the only suite of device records and envelopes.
const Suite = 1
