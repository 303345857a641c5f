package verb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"claudemesh.com/mesh/cli/claudemesh/device"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// readsStdin reports whether the arguments take the text from standard input.
func readsStdin(args []string) bool { return slices.Contains(args, "-") }

// readText reads a message's text, bounded.
func readText(r io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(r, wire.MaxMessage+1))
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	if len(text) > wire.MaxMessage {
		return "", wire.Errorf(wire.CodeTooLarge, "A message holds at most %d KiB of text.", wire.MaxMessage>>10)
	}
	if !utf8.Valid(text) {
		return "", &usageError{"standard input is not text in UTF-8"}
	}
	return strings.TrimSuffix(string(text), "\n"), nil
}

func (v sendVerb) Run(ctx context.Context, c *call) error {
	text := v.Text
	if text == "-" {
		var err error
		if text, err = readText(c.Stdin); err != nil {
			return err
		}
		c.Stdin = strings.NewReader(text)
	}
	if strings.TrimSpace(text) == "" {
		return &usageError{"there is no text to send"}
	}
	priority, err := wire.ParsePriority(v.Priority)
	if err != nil {
		return &usageError{wire.AsError(err).Message}
	}
	target := v.Target
	return c.speak(ctx, passing, func(ctx context.Context, d *device.Device) error {
		reached := d.Live(ctx) // names resolve against the newest roster, where the relay can be reached
		sent, err := d.Send(ctx, peer.Draft{Target: target, Text: text, Priority: priority})
		if err != nil {
			return explain(d, target, err)
		}
		if reached == nil {
			waiting, cancel := context.WithTimeout(ctx, device.Patience)
			defer cancel()
			if sent, err = d.Settled(waiting, sent); err != nil {
				return err
			}
			if ctx.Err() != nil && !cut(ctx) {
				return ctx.Err()
			}
		}
		return c.sent(d, &sent, reached)
	})
}

// sent shows how far a message came.
func (c *call) sent(d *device.Device, m *peer.MessageView, reached error) error {
	view := d.Mesh()
	if c.grammar.JSON {
		writeJSON(c.Stdout, c.messageJSON(&view, m))
	}
	if m.State == peer.Failed {
		if m.Error != nil {
			return m.Error
		}
		return wire.Refuse(wire.CodeInternal)
	}
	if c.grammar.JSON {
		return nil
	}
	to := "#" + topicName(&view, m.Topic)
	if m.Topic.IsZero() {
		names := make([]string, len(m.To))
		for i, id := range m.To {
			names[i] = memberName(&view, id)
		}
		to = strings.Join(names, ", ")
	}
	if m.State == peer.Sending {
		why := "the relay has not taken it yet"
		if reached != nil {
			why = wire.AsError(reached).Message
		} else if m.Error != nil {
			why = m.Error.Error()
		}
		fmt.Fprintf(c.Stdout, "kept for %s: %s\n", line(to), line(why))
		return nil
	}
	how := map[peer.Delivery]string{peer.Delivered: "delivered to", peer.Read: "read by"}[m.State]
	if how == "" {
		how = "accepted by the relay, for"
	}
	fmt.Fprintf(c.Stdout, "%s %s\n", how, line(to))
	return nil
}

// explain adds who is meant to an ambiguous target: both names, with as many digits of their ids as tell them apart.
func explain(d *device.Device, target string, err error) error {
	if wire.CodeOf(err) != wire.CodeAmbiguous {
		return err
	}
	resolution := d.Resolve(target)
	choices := make([]string, len(resolution.Candidates))
	for i, candidate := range resolution.Candidates {
		choices[i] = fmt.Sprintf("%s %s", line(candidate.Name), candidate.Member)
	}
	if len(choices) == 0 {
		return err
	}
	var refusal *wire.Error
	errors.As(err, &refusal)
	return &wire.Error{
		Code:    wire.CodeAmbiguous,
		Message: fmt.Sprintf("%q means more than one: %s. Use an id, or its first 8 digits or more.", target, strings.Join(choices, ", ")),
		Retry:   refusal.Retry,
	}
}
