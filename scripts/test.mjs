#!/usr/bin/env node
// Runs the test layers named on the command line, or all that are not long, and ends with
// the line "N passed, N failed". Exits with 1 when anything failed.
//
// A layer whose tools are missing fails by name. SKIP=browser leaves the browser
// layers out; it is for a person's hand, and CI never sets it.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { LAYERS } from './test/layers.mjs';
import { REPORTS, ROOT } from './test/paths.mjs';
import { seconds } from './test/seconds.mjs';

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !LAYERS.some((layer) => layer.name === name));
if (unknown.length > 0) {
  console.error(`no test layer is called ${unknown.join(', ')}; there are: ${LAYERS.map((l) => l.name).join(', ')}`);
  process.exit(2);
}

const skip = (process.env.SKIP ?? '').split(',').filter(Boolean);
const chosen = LAYERS.filter((layer) => (asked.length === 0 ? !layer.long : asked.includes(layer.name)));
const layers = chosen.filter((layer) => !layer.tools.some((tool) => skip.includes(tool)));

function close(passed, failed) {
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

// Everything is installed before anything runs: a person who must paste a line
// should learn it in the first second.
function prepare() {
  const tools = [...new Set(layers.flatMap((layer) => layer.tools))];
  for (const command of [['scripts/check-tools'], ['scripts/install-npm'], ['scripts/install-test-tools', ...tools]]) {
    const quiet = command[0] === 'scripts/install-npm';
    const started = performance.now();
    const result = spawnSync(command[0], command.slice(1), { cwd: ROOT, stdio: quiet ? 'pipe' : 'inherit' });
    if (result.status === 0) {
      console.log(`ok    ${command[0]}  ${seconds(started)}`);
      continue;
    }
    if (quiet) process.stdout.write(Buffer.concat([result.stdout, result.stderr]));
    console.log(`\nThese layers cannot run, because ${command[0]} failed: ${layers.map((l) => l.name).join(', ')}`);
    close(0, layers.length);
  }
}

mkdirSync(REPORTS, { recursive: true });
prepare();

const results = [];
for (const layer of layers) {
  console.log(`\n=== ${layer.name}: ${layer.title}`);
  const started = performance.now();
  const result = await layer.run();
  if (result.passed + result.failures.length === 0) result.failures.push('no test ran');
  results.push({ layer, ...result, time: seconds(started) });
}

console.log('');
for (const { layer, passed, failures, time } of results) {
  const counts = `${passed} passed, ${failures.length} failed`;
  console.log(`  ${layer.name.padEnd(8)} ${counts.padEnd(28)} ${time}`);
}
for (const layer of chosen) {
  if (!layers.includes(layer)) console.log(`  ${layer.name.padEnd(8)} left out by SKIP=${process.env.SKIP}`);
}
const failures = results.flatMap(({ layer, failures }) => failures.map((name) => `${layer.name}: ${name}`));
if (failures.length > 0) console.log(`\nFailed:\n${failures.map((name) => `  ${name}`).join('\n')}`);
close(
  results.reduce((sum, { passed }) => sum + passed, 0),
  failures.length,
);
