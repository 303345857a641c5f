// What a browser downloads before the dashboard can be used, and the relay's program,
// held against their budgets. Weighs what scripts/build left; each budget is one test.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, WEB } from './paths.mjs';

const KB = 1000;
const dist = join(WEB, 'dist');

// What index.html names, and the worker, which every page starts at once.
function codeBeforeFirstUse() {
  const page = readFileSync(join(dist, 'index.html'), 'utf8');
  const named = [...page.matchAll(/assets\/([^"']+\.(?:js|css))/g)].map((match) => match[1]);
  return [...new Set([...named, ...assets(/^peer\.worker-.*\.js$/)])];
}

function assets(pattern) {
  return readdirSync(join(dist, 'assets')).filter((name) => pattern.test(name));
}

const BUDGETS = [
  { what: 'the browser peer, brotli', limit: 1100 * KB, form: 'br', files: () => assets(/^peer-.*\.wasm\.br$/).map((name) => name.slice(0, -3)) },
  { what: 'the dashboard\'s code before first use, gzip', limit: 90 * KB, form: 'gz', files: codeBeforeFirstUse },
];

// The relay's program, which is all that its image holds (scripts/deploy/Dockerfile).
const PROGRAM = { what: 'the relay with the dashboard inside', limit: 30_000 * KB };

export function sizes() {
  const result = { passed: 0, failures: [] };
  const weigh = ({ what, limit }, size) => {
    const line = `${what}: ${(size / KB).toFixed(0)} of ${limit / KB} kB`;
    const ok = size > 0 && size <= limit;
    console.log(`${ok ? 'ok  ' : 'FAIL'}  ${line}`);
    if (ok) result.passed++;
    else result.failures.push(line);
  };
  for (const budget of BUDGETS) {
    weigh(budget, budget.files().reduce((sum, name) => sum + statSync(join(dist, 'assets', `${name}.${budget.form}`)).size, 0));
  }
  weigh(PROGRAM, statSync(join(ROOT, 'bin', 'claudemesh-relay')).size);
  return result;
}
