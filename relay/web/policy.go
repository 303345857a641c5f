package web

import "strings"

// trustedTypes are the policies by which the dashboard may turn text into markup or the address of a script: Svelte's for
// its compiled templates, and the one in web/src that names the worker.
const trustedTypes = "svelte-trusted-html claudemesh-worker"

// policy is the Content-Security-Policy of every answer; a worker takes its own from its script's answer. hosts are the
// relay's own: 'self' covers WebSockets of the same host only in some browsers.
func policy(hosts []string) string {
	connect := "connect-src 'self'"
	for _, host := range hosts {
		connect += " ws://" + host + " wss://" + host
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' 'wasm-unsafe-eval'",
		"style-src 'self'",
		"img-src 'self' data:",
		"font-src 'self'",
		connect,
		"worker-src 'self'",
		"manifest-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types " + trustedTypes,
	}, "; ")
}
