// The vectors of scripts/wycheproof over libsodium and OpenSSL with the rules of docs/PROTOCOL.md: a signature or key that one
// peer takes and another refuses would split a mesh. The expectations are the Go tests', from what the vectors say.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join as path } from 'node:path';
import { test } from 'node:test';
import { hex, Refusal, unhex, utf8 } from './bytes.mjs';
import { sodium, verify } from './conventions.mjs';
import { device, parseRecord, shared } from './identity.mjs';
import { ROOT } from './read.mjs';

const MODULE = path(ROOT, 'scripts', 'wycheproof');

// Read from the module cache; go.sum holds the module to what it was.
function read(module, ...file) {
  const place = JSON.parse(execFileSync('go', ['mod', 'download', '-json', module], { cwd: MODULE, encoding: 'utf8' }));
  return JSON.parse(readFileSync(path(place.Dir, ...file), 'utf8'));
}

const wycheproof = (name) =>
  read('github.com/google/wycheproof', 'testvectors', name).testGroups.flatMap(({ tests, ...group }) => tests.map((one) => ({ ...one, group })));

// taken says whether a step passes; anything but a refusal is a fault of the test.
function taken(step) {
  try {
    step();
    return true;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return false;
  }
}

// all runs every vector, and fails for those that are missing.
function all(list, count, run) {
  assert.equal(list.length, count);
  for (const [i, vector] of list.entries()) {
    const { got, want } = run(vector);
    assert.deepEqual(got, want, `vector ${vector.tcId ?? i}: ${vector.comment ?? ''} ${vector.flags ?? vector.Flags}`);
  }
}

test('Wycheproof: 145 signatures of Ed25519', () => {
  all(wycheproof('eddsa_test.json'), 145, ({ msg, sig, result, group }) => ({
    got: taken(() => verify(unhex(group.key.pk), unhex(msg), unhex(sig))),
    want: result === 'valid',
  }));
});

test('768 signatures at the edges of Ed25519', () => {
  const refused = ['LowOrderA', 'LowOrderR', 'NonCanonicalA', 'NonCanonicalR', 'LowOrderResidue'];
  all(read('filippo.io/mostly-harmless/ed25519vectors', 'ed25519vectors.json'), 768, ({ A, R, S, M, Flags }) => ({
    got: taken(() => verify(unhex(A), utf8(M), unhex(R + S))),
    want: !(Flags ?? []).some((flag) => refused.includes(flag)),
  }));
});

test('Wycheproof: 518 keys of X25519', () => {
  const signKey = device(new Uint8Array(64).fill(7)).signKey;
  all(wycheproof('x25519_test.json'), 518, ({ public: box, private: scalar, shared: product, flags }) => {
    const want = !flags.includes('ZeroSharedSecret') && !flags.includes('NonCanonicalPublic');
    const inRecord = taken(() => parseRecord(unhex(`01${hex(signKey)}${box}`)));
    const computed = taken(() => shared({ scalar: unhex(scalar) }, unhex(box)));
    const got = computed && hex(sodium.crypto_scalarmult(unhex(scalar), unhex(box)));
    return { got: { inRecord, product: got }, want: { inRecord: want, product: want && product } };
  });
});
