// Package fences holds the test that keeps the parts of claudemesh apart: which
// package may import which, and what the deterministic cores may not do. Each
// fence carries its reason, and the test fails with it.
//
// It does not judge what a package exports, and it is imported by nothing.
package fences
