import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './paths.mjs';

const AUTHOR = ['-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'commit.gpgsign=false'];
const run = (cwd, program, ...args) => execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

/** The source as it stands in the work tree, committed in a folder of its own. */
function source(folder) {
  const listed = run(ROOT, 'git', 'ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', '-z');
  for (const file of listed.split('\0').filter((name) => name && existsSync(join(ROOT, name)))) {
    cpSync(join(ROOT, file), join(folder, file));
  }
  run(folder, 'git', 'init', '-q');
  run(folder, 'git', 'add', '-A');
  run(folder, 'git', ...AUTHOR, 'commit', '-q', '--no-verify', '-m', 'source');
}

test('one commit in two folders gives one program', () => {
  const place = mkdtempSync(join(tmpdir(), 'claudemesh-dist-'));
  try {
    const [os, arch] = run(ROOT, 'go', 'env', 'GOOS', 'GOARCH').split('\n');
    const name = `claudemesh-${os}-${arch}${os === 'windows' ? '.exe' : ''}`;
    const folders = [join(place, 'one'), join(place, 'another', 'deeper')];
    source(folders[0]);
    run(place, 'git', 'clone', '-q', ...folders);
    const built = folders.map((folder) => {
      const dist = join(folder, 'bin', 'dist');
      mkdirSync(dist, { recursive: true });
      writeFileSync(join(dist, 'claudemesh-plan9-mips'), 'of a former build');
      run(folder, 'scripts/dist', `${os}-${arch}`);
      assert.deepEqual(readdirSync(dist).sort(), ['SHA256SUMS', 'VERSION', name]);
      return { folder, program: readFileSync(join(dist, name)), version: readFileSync(join(dist, 'VERSION'), 'utf8'), sums: readFileSync(join(dist, 'SHA256SUMS'), 'utf8') };
    });
    const [one, other] = built;
    assert.ok(one.program.equals(other.program), 'the programs differ');
    assert.ok(!one.program.includes(place), 'the program tells where it was built');
    assert.equal(one.version.trim(), run(one.folder, 'git', 'describe', '--always'));
    assert.equal(run(one.folder, join('bin', 'dist', name), 'version').split(' ')[1], one.version.trim());
    const sum = (bytes) => createHash('sha256').update(bytes).digest('hex');
    assert.equal(one.sums, `${sum(one.version)}  VERSION\n${sum(one.program)}  ${name}\n`);
    assert.equal(one.sums, other.sums);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});
