// Writes F.br and F.gz beside each compressible file F of web/dist, so that the
// relay never compresses while it serves. The wasm itself goes: it would be a
// quarter of the relay's program, and every browser takes a form of it. Brotli at
// its best setting takes some ten seconds for the wasm, so results are kept in
// .cache/compressed by the hash of what went in.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'web', 'dist');
const cache = join(root, '.cache', 'compressed');

const COMPRESSIBLE = new Set(['.css', '.html', '.js', '.json', '.svg', '.txt', '.wasm', '.webmanifest']);

const FORMS = {
  br: (content) =>
    promisify(brotliCompress)(content, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
        [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
      },
    }),
  gz: (content) => promisify(gzip)(content, { level: constants.Z_BEST_COMPRESSION }),
};

// A file that exists is whole: an interrupted run must not leave half of one.
function write(path, content) {
  writeFileSync(`${path}.part`, content);
  renameSync(`${path}.part`, path);
}

const used = new Set();

function keyOf(content, form) {
  const key = `${createHash('sha256').update(content).digest('hex')}.${form}`;
  used.add(key);
  return key;
}

async function compress(path, form) {
  const content = readFileSync(path);
  const key = keyOf(content, form);
  const kept = join(cache, key);
  if (!existsSync(kept)) write(kept, await FORMS[form](content));
  const target = `${path}.${form}`;
  const result = readFileSync(kept);
  if (!existsSync(target) || !readFileSync(target).equals(result)) write(target, result);
}

mkdirSync(cache, { recursive: true });
const files = readdirSync(dist, { recursive: true })
  .map((name) => join(dist, name))
  .filter((path) => COMPRESSIBLE.has(extname(path)) && statSync(path).isFile());

await Promise.all(files.flatMap((path) => Object.keys(FORMS).map((form) => compress(path, form))));
for (const path of files.filter((path) => extname(path) === '.wasm')) rmSync(path);

// Of a dashboard that was built before only the forms are there.
const peer = readFileSync(join(root, 'web', 'src', 'generated', 'peer.wasm'));
for (const form of Object.keys(FORMS)) keyOf(peer, form);

for (const name of readdirSync(cache)) {
  if (!used.has(name)) rmSync(join(cache, name));
}
