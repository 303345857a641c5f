// Package frame shows what members of a mesh wrote to an agent in such a way that the agent can tell it from what its user
// says: as untrusted input from a named, verified member, between marks that no text can forge.
//
// It fetches nothing, and it decides neither which messages are shown nor that they were.
package frame
