package verb

import "time"

// grammar is the command line: every verb, its arguments and flags. Verbs that speak for a device run in the process that
// holds the device's lock (share.go); the others run here.
type grammar struct {
	Mesh string `help:"Which mesh: its name, or 8 or more digits of its id. Needed where there are several." placeholder:"MESH" env:"CLAUDEMESH_MESH"`
	JSON bool   `help:"Write JSON: one object, and for lists and tail one object a line."`

	ShowVersion versionFlag `name:"version" help:"Show the version."`

	Create  createVerb  `cmd:"" help:"Make a mesh on a relay and become its owner."`
	Invite  inviteVerb  `cmd:"" help:"Invite people and agents."`
	Join    joinVerb    `cmd:"" help:"Join a mesh by a link."`
	List    listVerb    `cmd:"" help:"List the meshes of this machine."`
	Members membersVerb `cmd:"" help:"List the members of the mesh."`
	Peers   peersVerb   `cmd:"" help:"List the sessions that are online or away."`
	Send    sendVerb    `cmd:"" help:"Send a message."`
	Inbox   inboxVerb   `cmd:"" help:"Show what has arrived; each message once."`
	Tail    tailVerb    `cmd:"" help:"Show messages as they arrive, until interrupted."`
	Whoami  whoamiVerb  `cmd:"" help:"Show who this device is in the mesh."`
	Leave   leaveVerb   `cmd:"" help:"Leave the mesh and delete its keys and messages from this machine."`
	Status  statusVerb  `cmd:"" help:"Show or set what this session is doing."`
	Summary summaryVerb `cmd:"" help:"Say in a line what this session works on."`
	Tags    tagsVerb    `cmd:"" help:"Show or change the tags of this session."`
	Setup   setupVerb   `cmd:"" help:"Connect a coding agent: claude, codex, gemini, cursor or opencode."`
	MCP     mcpVerb     `cmd:"" name:"mcp" help:"Serve an agent over the Model Context Protocol on standard input and output."`
	Hook    hookVerb    `cmd:"" help:"Take an event of Claude Code on standard input."`
	Daemon  daemonVerb  `cmd:"" help:"Show or control the background process that speaks for this machine."`
	Doctor  doctorVerb  `cmd:"" help:"Look for what keeps the mesh from working, and say how to mend it."`
	Version versionVerb `cmd:"" help:"Show the version."`
}

type createVerb struct {
	Name  string `arg:"" help:"Name of the mesh. Names may repeat; ids decide."`
	Relay string `required:"" help:"Address of the relay, like http://localhost:7900." placeholder:"URL" env:"CLAUDEMESH_RELAY"`
	As    string `help:"Your name in the mesh. Default: the name of your login." placeholder:"NAME"`
	Token string `help:"The operator's token, where the relay asks for one." placeholder:"TOKEN" env:"CLAUDEMESH_OPERATOR_TOKEN"`
}

type inviteVerb struct {
	Create inviteCreateVerb `cmd:"" help:"Make an invite and show its link."`
}

type inviteCreateVerb struct {
	Role    string   `help:"What the newcomer becomes: member (default) or admin." default:"member" placeholder:"ROLE"`
	Uses    int      `help:"How many may join by it (default: 1)." default:"1" placeholder:"N"`
	Expires duration `help:"How long it holds, like 30m, 12h or 7d (the default)." default:"7d" placeholder:"D"`
}

type joinVerb struct {
	Link string `arg:"" help:"The invite's link, in quotes: it has a # in it."`
	As   string `help:"Your name in the mesh. Default: the name of your login." placeholder:"NAME"`

	Setup bool `help:"Then connect the coding agents of this machine, after a question for each."`
	Yes   bool `help:"With --setup: do not ask." short:"y"`
}

type listVerb struct{}
type membersVerb struct{}
type peersVerb struct{}
type whoamiVerb struct{}
type versionVerb struct{}

type sendVerb struct {
	Target   string `arg:"" help:"@name, #topic, an id's first 8 digits or more, several joined by commas, or * for everyone else."`
	Text     string `arg:"" help:"The text; - reads it from standard input."`
	Priority string `help:"now, next or low (default: next): how soon an agent should look." default:"next" enum:"now,next,low" placeholder:"P"`
}

type inboxVerb struct {
	Wait  duration `help:"Wait so long for a message where there is none, like 30s." placeholder:"D"`
	All   bool     `help:"Show all that this device can open, shown before or not."`
	Agent bool     `help:"While waiting, be shown as an agent and not as a person."`
}

type tailVerb struct {
	Target string  `arg:"" optional:"" help:"Only this conversation: @name or #topic."`
	Agent  bool    `help:"Be shown as an agent and not as a person."`
	After  *uint64 `hidden:"" help:"Begin behind the message of this number."`
}

type leaveVerb struct {
	Yes   bool `help:"Do not ask." short:"y"`
	Local bool `help:"Delete keys and messages here without telling the mesh, as where its relay is gone."`
}

// duration is a time span in people's units: 30s, 30m, 12h, 7d, 2w, or any that Go reads.
type duration time.Duration

// UnmarshalText reads a duration; days and weeks are 24 hours and seven days.
func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := parseDuration(string(text))
	*d = duration(parsed)
	return err
}
