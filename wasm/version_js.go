package main

// version is set when the program is linked (scripts/build-wasm).
var version = "unknown"
