// What a browser downloads before the dashboard can be used, held against its
// budget. Counts what scripts/build left in web/dist; each budget is one test.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { WEB } from './paths.mjs';

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
  { what: 'the browser peer, brotli', limit: 1100 * KB, form: 'br', files: () => assets(/^peer-.*\.wasm$/) },
  { what: 'the dashboard\'s code before first use, gzip', limit: 90 * KB, form: 'gz', files: codeBeforeFirstUse },
];

export function sizes() {
  const result = { passed: 0, failures: [] };
  for (const { what, limit, form, files } of BUDGETS) {
    const names = files();
    const size = names.reduce((sum, name) => sum + statSync(join(dist, 'assets', `${name}.${form}`)).size, 0);
    const line = `${what}: ${(size / KB).toFixed(0)} of ${limit / KB} kB`;
    const ok = names.length > 0 && size <= limit;
    console.log(`${ok ? 'ok  ' : 'FAIL'}  ${line}`);
    if (ok) result.passed++;
    else result.failures.push(line);
  }
  return result;
}
