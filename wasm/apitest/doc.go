// Package apitest tests package api against the real relay, over real connections and with stores in memory.
//
// It is a package of its own because what it needs of the network may not come near the download. Nothing imports it.
package apitest
