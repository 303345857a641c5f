package peer

import (
	"testing"

	"claudemesh.com/mesh/shared/wire"
)

// TestLoadRefuses: a store that cannot be read is told as such; nothing of it is taken for the truth.
func TestLoadRefuses(t *testing.T) {
	identity := Row{Key: []byte(metaIdentity), Value: encode(identityRow{Version: identityVersion, Mesh: wire.MeshID{1}, Relay: "http://localhost"})}
	stream := wire.AppendStream(nil, wire.InboxStream(wire.MemberID{1}))
	if _, err := Load(Device{}, map[string][]Row{BucketMeta: {identity}}); err != nil {
		t.Errorf("a store that holds nothing yet but its identity: %v", err)
	}
	for name, rows := range map[string]map[string][]Row{
		"nothing":          {},
		"claim under way":  {BucketMeta: {{Key: []byte("claiming"), Value: []byte("{}")}}},
		"another version":  {BucketMeta: {{Key: identity.Key, Value: []byte(`{"v":2}`)}}},
		"identity":         {BucketMeta: {{Key: identity.Key, Value: []byte(`{`)}}},
		"ring":             {BucketMeta: {identity, {Key: []byte(metaRing), Value: []byte{9}}}},
		"counter":          {BucketMeta: {identity, {Key: []byte(metaCounter), Value: []byte{1}}}},
		"statement":        {BucketMeta: {identity}, BucketRoster: {{Key: u64(0), Value: append(u64(1), 7, 7)}}},
		"short statement":  {BucketMeta: {identity}, BucketRoster: {{Key: u64(0), Value: []byte{1}}}},
		"cursor's stream":  {BucketMeta: {identity}, BucketCursor: {{Key: stream[1:], Value: u64(1)}}},
		"cursor":           {BucketMeta: {identity}, BucketCursor: {{Key: stream, Value: []byte("x")}}},
		"seen":             {BucketMeta: {identity}, BucketSeen: {{Key: stream, Value: u64(1)}}},
		"outbox":           {BucketMeta: {identity}, BucketOutbox: {{Key: u64(1), Value: []byte("x")}}},
		"outbox's counter": {BucketMeta: {identity}, BucketOutbox: {{Key: []byte("x"), Value: []byte("{}")}}},
		"sent":             {BucketMeta: {identity}, BucketSent: {{Key: []byte("x"), Value: []byte("{}")}}},
		"unread's place":   {BucketMeta: {identity}, BucketUnread: {{Key: []byte("x"), Value: make([]byte, 48)}}},
		"unread":           {BucketMeta: {identity}, BucketUnread: {{Key: messageKey("direct:1", 1), Value: []byte("x")}}},
		"conversation":     {BucketMeta: {identity}, BucketConversation: {{Key: []byte("direct:1"), Value: []byte("x")}}},
		"ask's message":    {BucketMeta: {identity, {Key: []byte(metaAsk + "x"), Value: []byte("{}")}}},
		"ask":              {BucketMeta: {identity, {Key: askKey(wire.MessageID{1}), Value: []byte("x")}}},
		"invite":           {BucketMeta: {identity}, BucketInvite: {{Key: []byte("x"), Value: []byte("{}")}}},
	} {
		want := wire.CodeStorage
		if name == "nothing" || name == "claim under way" {
			want = wire.CodeNotFound
		}
		if _, err := Load(Device{}, rows); wire.CodeOf(err) != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}
