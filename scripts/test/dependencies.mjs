// Holds docs/dependencies.md to what is pinned: a dependency without a reason
// there, or with another version, fails.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.mjs';

// Replaced by this folder, so it has no version.
const OWN = ['claudemesh.com/mesh'];

const read = (...path) => readFileSync(join(ROOT, ...path), 'utf8');

// What a go.mod requires by itself. Its `tool` lines name packages of modules
// whose requirement is marked indirect all the same.
function goModules(text) {
  const tools = [...text.matchAll(/^\t([^\s/]+\.\S+)$/gm)].map((match) => match[1]);
  return [...text.matchAll(/^\t(\S+) (v\S+)( \/\/ indirect)?$/gm)]
    .filter(([, path, , indirect]) => !indirect || tools.some((tool) => tool === path || tool.startsWith(`${path}/`)))
    .map(([, name, version]) => ({ name, version }));
}

function npmPackages(text) {
  const { dependencies = {}, devDependencies = {} } = JSON.parse(text);
  return Object.entries({ ...dependencies, ...devDependencies }).map(([name, version]) => ({ name, version }));
}

export function dependencies(say) {
  const rows = read('docs', 'dependencies.md').split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  const pinned = [
    ...goModules(read('go.mod')),
    ...goModules(read('scripts', 'tools', 'go.mod')),
    ...['bench', 'deploy', 'wycheproof'].flatMap((name) => goModules(read('scripts', name, 'go.mod'))).filter(({ name }) => !OWN.includes(name)),
    ...npmPackages(read('web', 'package.json')),
  ];
  const missing = pinned.filter(({ name, version }) => !rows.some((row) => row[1]?.split(', ').includes(name) && row[2] === version));
  for (const { name, version } of missing) say(`docs/dependencies.md has no row for ${name} ${version}`);
  return missing.length === 0;
}
