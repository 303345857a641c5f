// The checks that need no running program. Each counts as one test.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';
import { dependencies } from './dependencies.mjs';
import { BENCH, DEPLOY, ROOT, TOOLS, WEB, WYCHEPROOF } from './paths.mjs';
import { seconds } from './seconds.mjs';

const JS = { GOOS: 'js', GOARCH: 'wasm' };
const BROWSER_PEER = ['./shared/...', './wasm/...'];

const CHECKS = [
  { name: 'go.mod says go 1.26.0', run: goLine },
  { name: 'docs/dependencies.md', run: dependencies },
  { name: 'the counting of tests', argv: ['node', '--test', 'scripts/test/counting.test.mjs'] },
  { name: 'the joining of segments', argv: ['node', '--test', 'scripts/test/join-segments.test.mjs'] },
  { name: 'make dist gives the same bytes anywhere', argv: ['node', '--test', 'scripts/test/dist.test.mjs'] },
  { name: 'a corpus for each fuzz target', run: corpora },
  { name: 'go mod verify', argv: ['go', 'mod', 'verify'] },
  { name: 'gofmt', run: gofmt },
  { name: 'go vet', argv: ['go', 'vet', './...'] },
  { name: 'go vet, js/wasm', argv: ['go', 'vet', ...BROWSER_PEER], env: JS },
  // Modules of their own, which a change of the product's packages can break.
  { name: 'go vet, scripts/bench', argv: ['go', 'vet', './...'], cwd: BENCH },
  { name: 'go vet, scripts/deploy', argv: ['go', 'vet', './...'], cwd: DEPLOY },
  { name: 'go vet, scripts/wycheproof', argv: ['go', 'vet', './...'], cwd: WYCHEPROOF },
  { name: 'import fences', argv: ['go', 'test', '-count=1', './scripts/fences/...'] },
  { name: 'build staticcheck', argv: ['scripts/build-test-tools', 'staticcheck'] },
  { name: 'staticcheck', argv: [join(TOOLS, 'staticcheck'), './...'] },
  { name: 'staticcheck, scripts/bench', argv: [join(TOOLS, 'staticcheck'), './...'], cwd: BENCH },
  { name: 'staticcheck, scripts/deploy', argv: [join(TOOLS, 'staticcheck'), './...'], cwd: DEPLOY },
  { name: 'staticcheck, scripts/wycheproof', argv: [join(TOOLS, 'staticcheck'), './...'], cwd: WYCHEPROOF },
  { name: 'staticcheck, js/wasm', argv: [join(TOOLS, 'staticcheck'), ...BROWSER_PEER], env: JS },
  // The worker's types import what this leaves in web/src/generated.
  { name: 'build the browser peer', argv: ['scripts/build-wasm'] },
  { name: 'svelte-check and tsc', argv: ['npm', 'run', '--silent', 'check'], cwd: WEB },
];

// Every consumer's toolchain must satisfy this line; a dependency that would raise it
// belongs in a module of its own.
async function goLine(say) {
  const line = readFileSync(join(ROOT, 'go.mod'), 'utf8').match(/^go .*$/m)?.[0];
  if (line === 'go 1.26.0') return true;
  say(`go.mod says "${line}"`);
  return false;
}

// What a target found, or was given to begin with, is what `go test` runs it on.
async function corpora(say) {
  const targets = [];
  if (!(await command(['scripts/fuzz', '--list'], { onLine: (line) => targets.push(line.split(' ')) })) || targets.length === 0) return false;
  const bare = targets.filter(([folder, name]) => !existsSync(join(ROOT, folder, 'testdata', 'fuzz', name)));
  for (const [folder, name] of bare) say(`${folder}/testdata/fuzz/${name} is not there`);
  return bare.length === 0;
}

async function gofmt(say) {
  const files = [];
  const listed = await command(['git', 'ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', '*.go'], {
    onLine: (line) => files.push(line),
  });
  if (!listed) {
    files.forEach(say);
    return false;
  }
  let clean = true;
  const ran = await command(['gofmt', '-l', ...files.filter((file) => existsSync(join(ROOT, file)))], {
    onLine(line) {
      clean = false;
      say(`not formatted: ${line}`);
    },
  });
  return ran && clean;
}

export async function check() {
  const result = { passed: 0, failures: [] };
  for (const { name, run, argv, cwd, env } of CHECKS) {
    const said = [];
    const say = (line) => said.push(line);
    const started = performance.now();
    const ok = run ? await run(say) : await command(argv, { cwd, env, onLine: say });
    console.log(`${ok ? 'ok  ' : 'FAIL'}  ${name}  ${seconds(started)}`);
    if (ok) {
      result.passed++;
    } else {
      result.failures.push(name);
      console.log(said.map((line) => `      ${line}`).join('\n'));
    }
  }
  return result;
}
