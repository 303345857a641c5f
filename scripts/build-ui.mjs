// Builds the dashboard into web/dist with Vite, unless nothing it is made from
// changed since the last build.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const web = join(root, 'web');
const stamp = join(root, '.cache', 'ui.sha256');

// node_modules is spoken for by the lock file; dist is the result; tests are not built in.
const NOT_INPUT = new Set(['node_modules', 'dist', 'e2e', 'interop', 'test-results']);

function* inputs(folder, skip = new Set()) {
  const entries = readdirSync(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (skip.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* inputs(path);
    else yield path;
  }
}

function digest() {
  const hash = createHash('sha256');
  for (const path of inputs(web, NOT_INPUT)) {
    const content = readFileSync(path);
    hash.update(`${path.slice(web.length)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

const now = digest();
const built = existsSync(stamp) && existsSync(join(web, 'dist', 'index.html')) && readFileSync(stamp, 'utf8');
if (built !== now) {
  rmSync(stamp, { force: true });
  const vite = spawnSync(process.execPath, [join(web, 'node_modules', 'vite', 'bin', 'vite.js'), 'build'], {
    cwd: web,
    stdio: 'inherit',
  });
  if (vite.status !== 0) process.exit(vite.status ?? 1);
  writeFileSync(stamp, now);
}
