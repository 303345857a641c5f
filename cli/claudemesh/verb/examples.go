package verb

import "strings"

// What "claudemesh VERB --help" shows of its use, below what the verb does.

func examples(lines ...string) string { return "For example:\n\n    " + strings.Join(lines, "\n    ") }

// Help is read by kong, as are those below.
func (createVerb) Help() string {
	return examples(`claudemesh create "My team" --relay http://localhost:7900 --as Ada`)
}

func (inviteCreateVerb) Help() string {
	return examples(
		`claudemesh invite create`,
		`claudemesh invite create --uses 5 --expires 12h`,
	)
}

func (joinVerb) Help() string {
	return examples(
		`claudemesh join 'https://relay.example/i/Ab3dEf9h#…' --as build-box`,
		`claudemesh join 'https://relay.example/i/Ab3dEf9h#…' --setup`,
	)
}

func (sendVerb) Help() string {
	return examples(
		`claudemesh send '#general' 'the tests pass'`,
		`claudemesh send @ada 'can you look at the migration?'`,
		`claudemesh send @box/parser 'stop the fuzzing'    # one session, by its folder`,
		`claudemesh send @ada,@bo --priority now 'the relay restarts'`,
		`git diff | claudemesh send @ada -`,
	)
}

func (inboxVerb) Help() string {
	return examples(
		`claudemesh inbox`,
		`claudemesh inbox --wait 30s`,
		`claudemesh inbox --all --json`,
	)
}

func (tailVerb) Help() string {
	return examples(
		`claudemesh tail`,
		`claudemesh tail '#general'`,
	)
}

func (statusSetVerb) Help() string {
	return examples(
		`claudemesh status set dnd     # no pushes; agents get only what is "now"`,
		`claudemesh status set idle`,
	)
}

func (summaryVerb) Help() string { return examples(`claudemesh summary 'rewriting the parser'`) }

func (tagsAddVerb) Help() string { return examples(`claudemesh tags add gpu linux`) }

func (setupVerb) Help() string {
	return examples(
		`claudemesh setup                       # which agents there are`,
		`claudemesh setup claude --dry-run      # show what would change`,
		`claudemesh setup claude`,
		`claudemesh setup claude --undo`,
		`claudemesh setup codex --mesh Harbour  # show it in one mesh alone`,
	)
}

func (mcpVerb) Help() string {
	return "\"claudemesh setup\" writes the entry that starts this. By hand, for any agent that knows MCP:\n\n" +
		"    {\"mcpServers\": {\"claudemesh\": {\"command\": \"claudemesh\", \"args\": [\"mcp\"]}}}"
}

func (daemonVerb) Help() string {
	return examples(
		`claudemesh daemon             # does it run, and for whom`,
		`claudemesh daemon stop`,
		`claudemesh daemon install     # keep it, with or without agents`,
	)
}

func (doctorVerb) Help() string {
	return examples(
		`claudemesh doctor`,
		`claudemesh doctor --fix`,
	)
}
