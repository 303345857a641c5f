package verb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"claudemesh.com/mesh/cli/claudemesh/device"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// page is how many messages are read from the store at once.
const page = 200

func (v inboxVerb) Run(ctx context.Context, c *call) error {
	lasting := v.Wait > 0
	return c.speak(ctx, sessionOf(lasting, v.Agent), func(ctx context.Context, d *device.Device) error {
		arrived := make(chan struct{}, 1)
		defer d.Subscribe(func(e peer.Event) {
			if e.Kind == peer.EventMessage {
				select {
				case arrived <- struct{}{}:
				default:
				}
			}
		})()
		started := time.Now()
		reached := d.Live(ctx)
		shown, err := c.show(ctx, d, v.All)
		if err != nil {
			return err
		}
		if shown == 0 && lasting {
			left := time.Duration(v.Wait) - time.Since(started)
			shown, err = c.waitFor(ctx, d, arrived, left)
			if cut(ctx) {
				return &movedError{slices.Clone(c.args)}
			}
			if err != nil {
				return err
			}
			reached = d.Unreached()
		}
		if reached != nil {
			if shown == 0 {
				return reached
			}
			c.note("claudemesh: %v There may be more.", reached)
		} else if shown == 0 && !c.grammar.JSON {
			fmt.Fprintln(c.Stdout, "Nothing new.")
		}
		return nil
	})
}

// show writes what the inbox holds, and then moves its mark, page by page: what was written is not shown again, and what
// was not written is.
func (c *call) show(ctx context.Context, d *device.Device, all bool) (shown int, err error) {
	var after uint64
	for {
		var messages []peer.MessageView
		if all {
			messages, err = d.Log(ctx, after, page)
		} else {
			messages, err = d.Inbox(ctx, page)
		}
		if err != nil || len(messages) == 0 {
			return shown, err
		}
		view := d.Mesh()
		for i := range messages {
			c.message(&view, &messages[i])
		}
		shown += len(messages)
		after = messages[len(messages)-1].Arrival
		if err := d.InboxShown(ctx, after); err != nil {
			return shown, err
		}
		if err := tellRead(ctx, d, messages); err != nil {
			return shown, err
		}
	}
}

// tellRead tells the senders of messages that they were shown.
func tellRead(ctx context.Context, d *device.Device, messages []peer.MessageView) error {
	var read []wire.MessageID
	for i := range messages {
		if messages[i].State == peer.Received {
			read = append(read, messages[i].ID)
		}
	}
	if len(read) == 0 {
		return nil
	}
	return d.MarkMessagesRead(ctx, read)
}

// waitFor shows the first messages that arrive, or returns after the time with none.
func (c *call) waitFor(ctx context.Context, d *device.Device, arrived <-chan struct{}, left time.Duration) (shown int, err error) {
	timer := time.NewTimer(max(left, 0))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-d.Ended():
			return 0, d.Failure()
		case <-timer.C:
			return 0, nil
		case <-arrived:
			if shown, err = c.show(ctx, d, false); shown > 0 || err != nil {
				return shown, err
			}
		}
	}
}

func (v tailVerb) Run(ctx context.Context, c *call) error {
	err := v.run(ctx, c)
	if errors.Is(err, context.Canceled) && !cut(ctx) {
		return nil // who interrupts it has seen enough, also where it runs in the process that serves the device
	}
	return err
}

func (v tailVerb) run(ctx context.Context, c *call) error {
	return c.speak(ctx, sessionOf(true, v.Agent), func(ctx context.Context, d *device.Device) error {
		defer c.tellConnection(d)()
		changed := make(chan struct{}, 1)
		poke := func() {
			select {
			case changed <- struct{}{}:
			default:
			}
		}
		defer d.Subscribe(func(e peer.Event) {
			if e.Kind == peer.EventMessage {
				poke()
			}
		})()
		mark, err := v.begin(ctx, d)
		if err != nil {
			return err
		}
		var only peer.ConversationID
		if v.Target != "" {
			d.Live(ctx)
			resolution := d.Resolve(v.Target)
			if resolution.Problem != nil {
				return explain(d, v.Target, resolution.Problem)
			}
			only = resolution.Conversation
		}
		for poke(); ; {
			select {
			case <-ctx.Done():
				if cut(ctx) {
					return &movedError{append(slices.DeleteFunc(slices.Clone(c.args), isAfter), fmt.Sprintf("--after=%d", mark))}
				}
				return nil
			case <-d.Ended():
				return d.Failure()
			case <-changed:
				if mark, err = c.follow(ctx, d, mark, only); err != nil && !errors.Is(err, context.Canceled) {
					return err
				}
			}
		}
	})
}

// tellConnection notes when the relay is lost and found, so that silence means that nothing came, until stop is called.
func (c *call) tellConnection(d *device.Device) (stop func()) {
	lost := false
	return d.Subscribe(func(e peer.Event) {
		switch {
		case e.Kind != peer.EventConnection:
		case e.Connection == peer.Connected && lost:
			lost = false
			c.note("claudemesh: connected again.")
		case e.Problem != nil && !lost:
			lost = true
			c.note("claudemesh: %s Trying again; nothing is lost meanwhile.", sentence(e.Problem.Message))
		}
	})
}

// begin is the Arrival after which a tail shows messages: where a tail that was moved stood, or else the newest that is here.
func (v tailVerb) begin(ctx context.Context, d *device.Device) (uint64, error) {
	if v.After != nil {
		return *v.After, nil
	}
	return d.LastArrival(ctx)
}

// follow writes what came after mark and returns the new mark.
func (c *call) follow(ctx context.Context, d *device.Device, mark uint64, only peer.ConversationID) (uint64, error) {
	for {
		messages, err := d.Log(ctx, mark, page)
		if err != nil || len(messages) == 0 {
			return mark, err
		}
		view := d.Mesh()
		last := messages[len(messages)-1].Arrival
		if only != "" {
			messages = slices.DeleteFunc(messages, func(m peer.MessageView) bool { return m.Conversation != only })
		}
		for i := range messages {
			c.message(&view, &messages[i])
		}
		if err := tellRead(ctx, d, messages); err != nil {
			return mark, err
		}
		mark = last
	}
}
