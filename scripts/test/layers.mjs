// The test layers, in the order in which they run. `tools` is what a layer needs
// beyond Go, Node and the npm packages; scripts/install-test-tools knows them.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { check } from './check.mjs';
import { command } from './command.mjs';
import { goTest } from './gotest.mjs';
import { ROOT } from './paths.mjs';
import { playwright, tap, vitest } from './reports.mjs';

export const LAYERS = [
  { name: 'check', title: 'formatting, vet, staticcheck, types, import fences', tools: [], run: check },
  {
    name: 'go',
    title: 'Go packages, with the race detector',
    tools: ['cc'],
    run: () => goTest(['./...'], { flags: ['-race'], env: { CGO_ENABLED: '1' } }),
  },
  { name: 'interop', title: 'golden vectors and sealed forms against libsodium', tools: [], run: interop },
  { name: 'wasm', title: 'Go packages of the browser peer, in Chromium', tools: ['browser'], run: wasm },
  { name: 'web', title: 'dashboard units', tools: [], run: vitest },
  { name: 'e2e', title: 'browser, relay and CLI together', tools: ['browser'], run: e2e },
];

function interop() {
  const folder = join(ROOT, 'web', 'interop');
  return tap(readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.test.mjs')).map((name) => join(folder, name)));
}

async function wasm() {
  if (!(await command(['scripts/build-test-tools', 'wasmbrowsertest']))) return { passed: 0, failures: ['wasmbrowsertest does not build'] };
  return goTest(['./shared/...', './wasm/...'], {
    flags: [`-exec=${join(ROOT, 'scripts', 'browser', 'go_wasm_test')}`],
    env: { GOOS: 'js', GOARCH: 'wasm' },
  });
}

async function e2e() {
  if (!(await command(['scripts/build']))) return { passed: 0, failures: ['make build failed'] };
  return playwright();
}
