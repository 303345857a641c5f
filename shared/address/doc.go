// Package address turns what people type as a target into members or a topic: @name, name, an id's prefix, #topic, @group,
// tag:repo:x, *, and lists of them with commas; or into one session of a member: name/folder, name/host, digits of its id.
//
// Names are labels and may repeat; ids decide. Where a text fits more than one, the answer is ambiguous with the candidates,
// and never a guess. Everything here is safe to call from any goroutine.
//
// What it does not do: know who is in a mesh (the caller hands in a Directory), or decide devices, sessions or keys.
package address
