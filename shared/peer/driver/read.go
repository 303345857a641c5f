package driver

import (
	"context"
	"slices"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// messageRow finds a message in the store.
func (d *Driver) messageRow(ctx context.Context, message wire.MessageID) (key, row []byte, err error) {
	if key, err = d.host.Store.Get(ctx, peer.BucketMessageID, message[:]); err == nil && key != nil {
		row, err = d.host.Store.Get(ctx, peer.BucketMessage, key)
	}
	if err != nil {
		return nil, nil, storage(err)
	}
	if row == nil {
		return nil, nil, wire.Errorf(wire.CodeNotFound, "This device has no such message.")
	}
	return key, row, nil
}

// view makes a view of a stored message.
func (d *Driver) view(ctx context.Context, key, row []byte) (peer.MessageView, error) {
	state, err := d.host.Store.Get(ctx, peer.BucketState, key)
	if err != nil {
		return peer.MessageView{}, storage(err)
	}
	return d.parse(row, state)
}

func (d *Driver) parse(row, state []byte) (peer.MessageView, error) {
	message, err := peer.ParseMessage(row, state)
	if err != nil {
		return message, storage(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.core.Named(message), nil
}

// stored is the message under a key, for an event.
func (d *Driver) stored(key []byte) (*peer.MessageView, bool) {
	row, err := d.host.Store.Get(d.life, peer.BucketMessage, key)
	if err != nil || row == nil {
		return nil, false
	}
	message, err := d.view(d.life, key, row)
	return &message, err == nil
}

// Message is one message of the log, or CodeNotFound.
func (d *Driver) Message(ctx context.Context, message wire.MessageID) (peer.MessageView, error) {
	key, row, err := d.messageRow(ctx, message)
	if err != nil {
		return peer.MessageView{}, err
	}
	return d.view(ctx, key, row)
}

// Messages are the newest limit messages of a conversation before a seq (0: the newest), oldest first.
func (d *Driver) Messages(ctx context.Context, conversation peer.ConversationID, before uint64, limit int) ([]peer.MessageView, error) {
	from, to := peer.MessagesRange(conversation, before)
	rows, err := d.host.Store.Scan(ctx, peer.BucketMessage, Range{From: from, To: to, Reverse: true, Limit: limit})
	if err != nil {
		return nil, storage(err)
	}
	slices.Reverse(rows)
	return d.views(ctx, rows)
}

// views makes views of messages that stand one after another in the log of a conversation. Their states are read at once:
// a browser's store takes its time for each question.
func (d *Driver) views(ctx context.Context, rows []Record) ([]peer.MessageView, error) {
	views := make([]peer.MessageView, 0, len(rows))
	if len(rows) == 0 {
		return views, nil
	}
	behind := append(slices.Clone(rows[len(rows)-1].Key), 0)
	found, err := d.host.Store.Scan(ctx, peer.BucketState, Range{From: rows[0].Key, To: behind})
	if err != nil {
		return nil, storage(err)
	}
	states := make(map[string][]byte, len(found))
	for _, state := range found {
		states[string(state.Key)] = state.Value
	}
	for _, row := range rows {
		view, err := d.parse(row.Value, states[string(row.Key)])
		if err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return views, nil
}

// Log is all that this device can open, in the order in which it came to be here, own messages and gaps included: at most
// limit messages with an Arrival above after.
func (d *Driver) Log(ctx context.Context, after uint64, limit int) ([]peer.MessageView, error) {
	return d.arrivals(ctx, after, limit, func(*peer.MessageView) bool { return true })
}

// Inbox is what others sent since this device joined and InboxShown has not passed: at most limit messages, in the order in
// which they came.
func (d *Driver) Inbox(ctx context.Context, limit int) ([]peer.MessageView, error) {
	d.mu.Lock()
	after := d.core.Shown()
	d.mu.Unlock()
	return d.arrivals(ctx, after, limit, func(m *peer.MessageView) bool {
		return m.State == peer.Received && !m.History
	})
}

// arrivalPage is how many rows are read at once.
const arrivalPage = 256

func (d *Driver) arrivals(ctx context.Context, after uint64, limit int, wanted func(*peer.MessageView) bool) ([]peer.MessageView, error) {
	views := []peer.MessageView{}
	for len(views) < limit {
		keys, err := d.host.Store.Scan(ctx, peer.BucketArrival, Range{From: peer.ArrivalRange(after), Limit: arrivalPage})
		if err != nil {
			return nil, storage(err)
		}
		for _, key := range keys {
			row, err := d.host.Store.Get(ctx, peer.BucketMessage, key.Value)
			if err != nil {
				return nil, storage(err)
			}
			if row == nil {
				continue
			}
			view, err := d.view(ctx, key.Value, row)
			if err != nil {
				return nil, err
			}
			after = view.Arrival
			if wanted(&view) && len(views) < limit {
				views = append(views, view)
			}
		}
		if len(keys) < arrivalPage {
			break
		}
	}
	return views, nil
}

// SaveDraft keeps what the person was typing; an empty text forgets it.
func (d *Driver) SaveDraft(ctx context.Context, conversation peer.ConversationID, text string) error {
	if _, _, err := conversation.Parse(); err != nil {
		return err
	}
	op := peer.Op{Bucket: peer.BucketDraft, Key: []byte(conversation)}
	if text != "" {
		op.Value = []byte(text)
	}
	return commit(ctx, d.host, op)
}

// Draft is what SaveDraft kept.
func (d *Driver) Draft(ctx context.Context, conversation peer.ConversationID) (string, error) {
	text, err := d.host.Store.Get(ctx, peer.BucketDraft, []byte(conversation))
	if err != nil {
		return "", storage(err)
	}
	return string(text), nil
}

// LastArrival is the Arrival of the newest message of the log; 0 while there is none.
func (d *Driver) LastArrival(ctx context.Context) (uint64, error) {
	newest, err := d.host.Store.Scan(ctx, peer.BucketArrival, Range{Reverse: true, Limit: 1})
	if err != nil {
		return 0, storage(err)
	}
	if len(newest) == 0 {
		return 0, nil
	}
	return peer.ParseArrival(newest[0].Key)
}
