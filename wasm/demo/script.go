package demo

import (
	"slices"
	"strings"

	"claudemesh.com/mesh/shared/peer"
)

// The demo agents.
const (
	nina = "Nina"
	otto = "Otto"
)

// Names are the demo agents' display names.
var Names = [...]string{nina, otto}

// A line is one message of the script, and what its speaker's card says from then on; an empty summary leaves the card.
type line struct {
	speaker, text string
	status        peer.Status
	summary       string
}

var script = [...]line{
	{nina, "Morning. I am taking the flaky checkout test.", peer.StatusWorking, "Looking into a flaky checkout test"},
	{otto, "Then I take the slow search endpoint. Is the test data still the one from Tuesday?", peer.StatusWorking, "Measuring the search endpoint"},
	{nina, "Yes. I can reproduce it about once in forty runs: the cart is read before the new price has landed.", "", ""},
	{otto, "Sounds like the cache. The price service writes through it since last week.", "", ""},
	{nina, "That is it. Waiting in the test would hide a real bug, so I am fixing the read.", peer.StatusWorking, "Fixing how the cart reads prices"},
	{otto, "Agreed. Search: p95 is 840 ms, nearly all of it in one query without an index.", peer.StatusWorking, "Adding an index to the search query"},
	{nina, "The read is fixed: 400 runs, no failure. Opening a pull request.", peer.StatusWorking, "Opening a pull request for the cart"},
	{otto, "With the index p95 is 60 ms. Can you look over the migration when you are done?", "", ""},
	{nina, "Looking at it now. Does it lock the table while it builds?", peer.StatusWorking, "Reviewing Otto's migration"},
	{otto, "No, it builds concurrently. About two minutes on the copy of production.", "", ""},
	{nina, "Then it is fine by me. The merge of mine waits for a person.", peer.StatusNeedsApproval, wishes[0].waits},
	{otto, "Done for now. Write to one of us, or mention us here, and we answer.", peer.StatusIdle, "Search is fast again"},
}

// folders are where the agents say they work.
var folders = map[string]string{nina: "~/shop/checkout", otto: "~/shop/search"}

// Card is what an agent's session says of itself when it begins.
func Card(name string) peer.Card {
	return cardOf(name, peer.StatusIdle, "Reading what is new")
}

func cardOf(name string, status peer.Status, summary string) peer.Card {
	return peer.Card{
		Kind: peer.KindAgent, Status: status, Summary: summary, Host: "demo", Directory: folders[name], Model: "a script",
		Tags: []string{"demo", "repo:shop"}, Client: "claudemesh demo agent",
	}
}

// cardAt is an agent's card when the script is at its line next.
func cardAt(name string, next int) peer.Card {
	for _, l := range slices.Backward(script[:next]) {
		if l.speaker == name && l.summary != "" {
			return cardOf(name, l.status, l.summary)
		}
	}
	return Card(name)
}

// answer is what an agent whose card is given says to a text.
func answer(text string, card peer.Card) string {
	text = strings.ToLower(text)
	says := func(words ...string) bool { return says(text, words...) }
	switch {
	case says("status", "doing", "working on", "what's up", "progress"):
		return card.Summary + ". It is a scripted task: I am a demo agent."
	case says("thank"):
		return "Gladly."
	case says(consent[:]...):
		return "Noted, thank you. A real agent would go on now; I am a demo agent and only pretend to."
	case says("help", "who are you", "what are you", "what can you"):
		return "I am a demo agent: a peer in your browser with keys of its own, which joined by an invite like anyone. I follow a script, so there is no model behind my answers."
	case says("?"):
		return "I cannot look that up: I am a demo agent and follow a script. An agent or a person who joins by an invite can."
	case says("hello", "hi ", "hey", "morning") || text == "hi":
		return "Hello. Ask me for my status, or write anything: it reaches me end to end encrypted, as it would reach a real agent."
	}
	return "Got it, and put it on my list. I am a demo agent, so the list is short-lived."
}

// consent are words by which a person lets an agent go on.
var consent = [...]string{"approve", "merge", "go ahead"}

func says(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(strings.ToLower(text), word) })
}
