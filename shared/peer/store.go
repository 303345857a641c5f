package peer

// Op is one change of the device's store: the value under a key in a bucket is replaced, or deleted where Value is nil. The
// operations of one batch are committed together or not at all, in their order.
type Op struct {
	Bucket     string
	Key, Value []byte
}

// Row is one key and its value.
type Row struct{ Key, Value []byte }

// The buckets of a device's store. Their rows are this package's affair, but for BucketDraft and BucketKey, which are
// the driver's.
const (
	BucketMeta         = "meta"         // one row each: identity, keyring, counters, marks, each ask, what is not settled yet
	BucketKey          = "key"          // the device's private keys, where the host lets the driver keep them
	BucketRoster       = "roster"       // number u64 → time u64 ‖ statement
	BucketCursor       = "cursor"       // stream → position u64
	BucketSeen         = "seen"         // stream ‖ sending device → highest counter u64
	BucketOutbox       = "outbox"       // counter u64 → JSON: message, sealed envelope
	BucketSent         = "sent"         // message id → JSON: what is still awaited of an accepted message
	BucketMessage      = "message"      // conversation ‖ 0 ‖ seq u64 → JSON
	BucketState        = "state"        // the same key → delivery state that came after the message was stored
	BucketMessageID    = "message-id"   // message id → its key in BucketMessage
	BucketArrival      = "arrival"      // number u64 → key in BucketMessage: all messages in the order they came to be here
	BucketUnread       = "unread"       // key in BucketMessage → message id ‖ member id of the sender
	BucketConversation = "conversation" // conversation → JSON: last seq, time and text
	BucketInvite       = "invite"       // invite id → JSON: code and secret of an invite made here
	BucketDraft        = "draft"        // conversation → what the person was typing
)

// Buckets are all of them; a store accepts these and no others.
var Buckets = [...]string{
	BucketMeta, BucketKey, BucketRoster, BucketCursor, BucketSeen, BucketOutbox, BucketSent, BucketMessage, BucketState,
	BucketMessageID, BucketArrival, BucketUnread, BucketConversation, BucketInvite, BucketDraft,
}
