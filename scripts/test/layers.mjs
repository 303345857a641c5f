// The test layers, in the order in which they run. `tools` is what a layer needs
// beyond Go, Node and the npm packages; scripts/install-test-tools knows them. A
// layer that is `long` runs when it is named, and has a short form in another.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { check } from './check.mjs';
import { command } from './command.mjs';
import { goTest } from './gotest.mjs';
import { BENCH, DEPLOY, ROOT, WEB, WYCHEPROOF } from './paths.mjs';
import { playwright, tap, vitest } from './reports.mjs';
import { sizes } from './sizes.mjs';

export const LAYERS = [
  { name: 'check', title: 'formatting, vet, staticcheck, types, import fences', tools: [], run: check },
  { name: 'go', title: 'Go packages but the relay, with the race detector', tools: ['cc'], run: go },
  {
    name: 'relay',
    title: 'Go packages of the relay, with the race detector; how it is deployed and measured',
    tools: ['cc', 'postgres', 'caddy'],
    run: relay,
  },
  { name: 'soak', title: 'twenty agent sessions that come and go for two minutes', tools: [], run: soak },
  {
    name: 'faults',
    title: 'kills, power cuts and a failing disk, 80 times each',
    tools: ['postgres'],
    long: true,
    run: faults,
  },
  { name: 'interop', title: 'golden vectors and sealed forms, against libsodium', tools: [], run: interop },
  { name: 'wasm', title: 'Go packages of the browser peer, in Chromium', tools: ['browser'], run: wasm },
  { name: 'web', title: 'dashboard: units and sizes', tools: [], run: web },
  { name: 'e2e', title: 'browser, relay and CLI together', tools: ['browser'], run: e2e },
];

// With the race detector the simulation runs a few worlds; all of them run without it.
async function go() {
  return sum([
    await goTest(['./cli/...', './shared/...', './wasm/...', './web/...', './scripts/...'], raced),
    await goTest(['./shared/peer/simulation'], { flags: ['-run=^TestSeeds$'] }),
    await goTest(['./shared/wire'], allocations),
    await goTest(['./...'], { cwd: WYCHEPROOF }),
    // The arithmetic that a browser peer has, instead of this processor's assembler.
    await goTest(['./...'], { cwd: WYCHEPROOF, flags: ['-tags=purego'] }),
  ]);
}

// The benchmark program runs servers of others, which take minutes to compile with the race detector.
async function relay() {
  return sum([
    await goTest(['./relay/...'], raced),
    await goTest(['./relay/mesh', './relay/server'], allocations),
    await goTest(['./...'], { cwd: BENCH }),
    await goTest(['./...'], { cwd: DEPLOY }),
  ]);
}

const raced = { flags: ['-race'], env: { CGO_ENABLED: '1' } };

// Some of these are not built with the race detector, under which pools lose what they are given.
const allocations = { flags: ['-run=Alloc'] };

function sum(parts) {
  return { passed: parts.reduce((n, part) => n + part.passed, 0), failures: parts.flatMap((part) => part.failures) };
}

// Without the race detector, which slows the programs so much that few of them come and go.
function soak() {
  return goTest(['./cli/claudemesh/daemon', '-args', '-soak=2m', '-soak-sessions=20'], { flags: ['-run=^TestSoak$'] });
}

// Each test prints its seed when it fails; -fault-seed=N repeats what it chose.
function faults() {
  const flags = ['-run=UnderLoad|PowerCut|DiskErrors|LyingDisk|Damaged'];
  return goTest(['./relay/cmd/claudemesh-relay', '-args', '-fault-rounds=80'], { flags });
}

function interop() {
  const folder = join(WEB, 'interop');
  const tests = readdirSync(folder).filter((name) => name.endsWith('.test.mjs'));
  return tap(tests.map((name) => join(folder, name)));
}

async function wasm() {
  if (!(await command(['scripts/build-test-tools', 'wasmbrowsertest']))) {
    return { passed: 0, failures: ['wasmbrowsertest does not build'] };
  }
  return goTest(['./shared/...', './wasm/...'], {
    flags: [`-exec=${join(ROOT, 'scripts', 'browser', 'go_wasm_test')}`],
    env: { GOOS: 'js', GOARCH: 'wasm' },
  });
}

async function web() {
  const units = await vitest();
  if (!(await command(['scripts/build']))) return { passed: units.passed, failures: [...units.failures, 'make build failed'] };
  const weighed = sizes();
  return { passed: units.passed + weighed.passed, failures: [...units.failures, ...weighed.failures] };
}

async function e2e() {
  if (!(await command(['scripts/build']))) return { passed: 0, failures: ['make build failed'] };
  return playwright();
}
