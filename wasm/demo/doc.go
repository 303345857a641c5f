// Package demo is how the two demo agents behave, whom a person who is alone in a mesh can bring in: peers like any other,
// which talk about work in #general for a while, and answer who writes to them or mentions them. One of them asks the person
// something; the other needs approval in the end, and for something else some time after it was given.
//
// They follow a script and say so when asked; no model is behind them. Where they are in the script follows from the
// messages of #general alone, and whether the question was asked from those with the person, so a reload in the middle changes
// nothing.
//
// What it does not do: join a mesh, keep anything, or answer other agents (two that answer each other never stop).
package demo
