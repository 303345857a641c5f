# Every target calls something in scripts/; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help run demo build dist test check e2e test-go test-relay soak simulate faults test-interop test-wasm test-web measure bench fuzz vuln clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build what changed, start the relay and print its address (ARGS="--listen :8000")
	@exec scripts/run $(ARGS)

demo: ## A mesh with two agents to talk to, on a relay of its own (BROKER_PORT=8000)
	@exec scripts/demo

build: ## Build the dashboard, bin/claudemesh-relay and bin/claudemesh
	@scripts/build

dist: ## The CLI for Linux, macOS and Windows in bin/dist, for `claudemesh-relay serve --downloads`
	@scripts/dist

test: ## Install what the tests lack and run every layer below
	@scripts/test.mjs

check: ## Formatting, go vet, staticcheck, svelte-check, import fences
	@scripts/test.mjs check

test-go: ## Go packages but the relay, with the race detector
	@scripts/test.mjs go

test-relay: ## Go packages of the relay, with the race detector
	@scripts/test.mjs relay

soak: ## Twenty agent sessions that come and go for two minutes
	@scripts/test.mjs soak

faults: ## The relay killed, drained and on a failing disk, for some minutes
	@scripts/test.mjs faults

simulate: ## Ten thousand worlds in which everything goes wrong, about an hour (ARGS="-budget 10m -first 4711")
	@scripts/simulate $(ARGS)

test-interop: ## Golden vectors and sealed forms against libsodium
	@scripts/test.mjs interop

test-wasm: ## Go packages of the browser peer, in Chromium
	@scripts/test.mjs wasm

test-web: ## Units of the dashboard, and its sizes
	@scripts/test.mjs web

e2e: ## Browser, relay and CLI together
	@scripts/test.mjs e2e

measure: ## Sizes and start times of the dashboard, as in docs/benchmarks.md
	@scripts/build
	@scripts/measure.mjs

bench: ## The relay beside NATS and a bare forwarder (ARGS="-short", ARGS="-help")
	@scripts/build-go .cache/bench/ ./relay/cmd/claudemesh-relay
	@cd scripts/bench && CGO_ENABLED=0 go build -o ../../.cache/bench/ .
	@exec .cache/bench/bench -relay .cache/bench/claudemesh-relay $(ARGS)

fuzz: ## Look for inputs that break a parser, FUZZTIME=30s for each target (ARGS="FuzzNames FuzzChunk")
	@FUZZTIME=$(FUZZTIME) scripts/fuzz $(ARGS)

vuln: ## Known vulnerabilities of the dependencies (asks vuln.go.dev)
	@scripts/build-test-tools govulncheck
	@.cache/tools/govulncheck ./...

clean: ## Remove what was built, and every cache in this folder
	@rm -rf bin .cache web/node_modules web/src/generated
	@find web/dist -mindepth 1 ! -name placeholder.html -delete
