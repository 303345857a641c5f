package api

import (
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// list converts a slice; it is never nil, so that it never becomes null.
func list[A, B any](in []A, convert func(A) B) []B {
	out := make([]B, 0, len(in))
	for _, a := range in {
		out = append(out, convert(a))
	}
	return out
}

func same[A any](a A) A { return a }

// idText is an id's text; none is empty.
func idText[ID interface {
	IsZero() bool
	String() string
}](id ID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

func problemOf(e *wire.Error) *Problem {
	if e == nil {
		return nil
	}
	return &Problem{Code: string(e.Code), Message: e.Message, Retry: e.Retry}
}

func summaryOf(v peer.MeshView) MeshSummary {
	return MeshSummary{
		MeshID: idText(v.Mesh), Name: v.Name, MemberID: idText(v.Member), DeviceID: idText(v.Device), DisplayName: v.DisplayName,
		Role: Role(v.Role.String()), Relay: v.Relay, Connection: Connection(v.Connection), Problem: problemOf(v.Problem),
		Unread: v.Unread, Waiting: v.Waiting,
	}
}

func stateOf(v peer.MeshView) MeshState {
	return MeshState{
		MeshSummary: summaryOf(v),
		Members:     list(v.Members, memberOf),
		Topics:      list(v.Topics, topicOf),
		Directs:     list(v.Directs, directOf),
		Asks:        list(v.Asks, askOf),
	}
}

func memberOf(v peer.MemberView) Member {
	return Member{
		MemberID: idText(v.Member), Name: v.Name, Groups: list(v.Groups, same), Role: Role(v.Role.String()), IsSelf: v.IsSelf,
		Kind: Kind(v.Kind), Presence: Presence(v.Presence), Since: v.Since, Status: Status(v.Status), Summary: v.Summary,
		Sessions: list(v.Sessions, sessionOf), DeviceIDs: list(v.Devices, idText[wire.DeviceID]), JoinedAt: v.JoinedAt,
	}
}

func sessionOf(v peer.SessionView) Session {
	return Session{
		SessionID: idText(v.Session), DeviceID: idText(v.Device), State: Presence(v.State), Since: v.Since, Kind: Kind(v.Card.Kind),
		Status: Status(v.Card.Status), StatusSince: v.Card.StatusSince, Summary: v.Card.Summary, Host: v.Card.Host, Directory: v.Card.Directory,
		Model: v.Card.Model, Tags: list(v.Card.Tags, same), Client: v.Card.Client,
	}
}

func topicOf(v peer.TopicView) Topic {
	return Topic{
		TopicID: idText(v.Topic), Name: v.Name, Description: v.Description, Archived: v.Archived, Unread: v.Unread, LastAt: v.LastAt,
	}
}

func directOf(v peer.DirectView) Direct {
	return Direct{
		Conversation: ConversationID(v.Conversation), MemberIDs: list(v.Members, idText[wire.MemberID]),
		Name: v.Name, Departed: list(v.Departed, same), Unread: v.Unread, LastAt: v.LastAt, LastText: v.LastText,
	}
}

func askOf(v peer.AskView) Ask {
	return Ask{
		MessageID: idText(v.Message), Conversation: ConversationID(v.Conversation), From: idText(v.From), FromName: v.FromName,
		FromSession: idText(v.FromSession), Text: v.Text, At: v.At,
	}
}

func messageOf(v peer.MessageView) Message {
	to := list(v.To, idText[wire.MemberID])
	if !v.Topic.IsZero() {
		to = []string{idText(v.Topic)}
	}
	return Message{
		ID: idText(v.ID), Conversation: ConversationID(v.Conversation), From: idText(v.From), FromName: v.FromName,
		FromDevice: idText(v.FromDevice), To: to, Topic: idText(v.Topic), Text: v.Text, Type: v.Type,
		Priority: Priority(v.Priority.String()), ReplyTo: idText(v.ReplyTo), Mentions: list(v.Mentions, idText[wire.MemberID]),
		Session: idText(v.Session), FromSession: idText(v.FromSession),
		SentAt: v.SentAt, ReceivedAt: v.ReceivedAt, State: DeliveryState(v.State), Error: problemOf(v.Error), Seq: v.Seq, Gap: v.Gap,
	}
}

func previewOf(v peer.InvitePreview) InvitePreview {
	return InvitePreview{
		Link: v.Link, Code: v.Code, Relay: v.Relay, MeshID: idText(v.Mesh), MeshName: v.MeshName, InviterName: v.InviterName,
		InviterID: idText(v.Inviter), Role: Role(v.Role.String()), MemberCount: v.MemberCount,
		Members: list(v.Members, func(m peer.PreviewMember) PreviewMember {
			return PreviewMember{MemberID: idText(m.Member), Name: m.Name, Role: Role(m.Role.String())}
		}),
		ExpiresAt: v.ExpiresAt, UsesLeft: v.UsesLeft,
	}
}

func recipientOf(v peer.RecipientView) Recipient {
	return Recipient{MemberID: idText(v.Member), Name: v.Name, Kind: Kind(v.Kind), Presence: Presence(v.Presence)}
}

func resolutionOf(v peer.Resolution) Resolution {
	return Resolution{
		Input: v.Input, Kind: string(v.Kind), Conversation: ConversationID(v.Conversation), TopicID: idText(v.Topic),
		TopicName: v.TopicName, Recipients: list(v.Recipients, recipientOf), SessionID: idText(v.Session), Devices: v.Devices,
		Candidates: list(v.Candidates, recipientOf), Problem: problemOf(v.Problem),
	}
}

func suggestionOf(v peer.Suggestion) Suggestion {
	return Suggestion{Target: v.Target, Label: v.Label, Detail: v.Detail, Kind: v.Kind, MemberID: idText(v.Member)}
}
