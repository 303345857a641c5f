// Package verb is the command line: its grammar, what each verb does, and how results are written for people and programs.
//
// Everything that has to do with the protocol is the driver's (shared/peer/driver). A verb that speaks for a device runs in
// the one process that holds the device's lock: where that is another, long-running one (tail, inbox --wait), the command is
// handed to it over a local socket and its output comes back.
package verb
