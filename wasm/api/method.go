package api

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"claudemesh.com/mesh/shared/wire"
)

// Method is one method of the interface Peer in wasm/peer.d.ts.
type Method struct {
	Name string
	// Params are the types of the parameters, and Result that of what it gives, or nil.
	Params []reflect.Type
	Result reflect.Type
	run    func(ctx context.Context, p *Peer, arguments []byte) (any, error)
}

// Methods are all of them but `on`, which subscribes and is the program's own affair.
var Methods = [...]Method{
	gives1("start", (*Peer).Start),
	gives0("meshes", (*Peer).Meshes),
	gives1("mesh", (*Peer).Mesh),
	gives1("createMesh", (*Peer).CreateMesh),
	gives1("previewInvite", (*Peer).PreviewInvite),
	gives1("joinMesh", (*Peer).JoinMesh),
	does1("leaveMesh", (*Peer).LeaveMesh),
	does2("setDisplayName", (*Peer).SetDisplayName),
	gives4("messages", (*Peer).Messages),
	gives2("resolve", (*Peer).Resolve),
	gives2("complete", (*Peer).Complete),
	gives1("send", (*Peer).Send),
	gives2("retry", (*Peer).Retry),
	does2("markRead", (*Peer).MarkRead),
	does3("saveDraft", (*Peer).SaveDraft),
	gives2("draft", (*Peer).Draft),
	gives3("createTopic", (*Peer).CreateTopic),
	gives1("createInvite", (*Peer).CreateInvite),
	gives1("invites", (*Peer).Invites),
	does2("retireInvite", (*Peer).RetireInvite),
	does3("setStatus", (*Peer).SetStatus),
	does1("addDemoAgents", (*Peer).AddDemoAgents),
	does0("wake", (*Peer).Wake),
}

// maxArguments bounds a call's arguments as JSON, in bytes: a message at its largest, every character escaped.
const maxArguments = 6*wire.MaxMessage + wire.MaxJSON

// Call runs the method with its arguments, a JSON array, and gives its result as JSON, or nil where it has none. A panic is
// told to the console and becomes wire.CodeInternal.
func (m Method) Call(ctx context.Context, p *Peer, arguments []byte) (result []byte, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			p.platform.Log(fmt.Sprintf("%s panicked: %v", m.Name, thrown))
			result, err = nil, wire.Refuse(wire.CodeInternal)
		}
	}()
	if len(arguments) > maxArguments {
		return nil, wire.Refuse(wire.CodeTooLarge)
	}
	value, err := m.run(ctx, p, arguments)
	if err != nil || m.Result == nil {
		return nil, err
	}
	return json.Marshal(value)
}
