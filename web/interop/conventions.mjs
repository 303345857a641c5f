// Section 1: domains, hashes, derivations, padding, sealed bytes, signatures.
import { createHash, createPublicKey, hkdfSync, verify as opensslVerify } from 'node:crypto';
import sodium from 'libsodium-wrappers';
import { hex, join, Refusal, refuseUnless, u32, utf8 } from './bytes.mjs';

await sodium.ready;
export { sodium };

export const NONCE = 24;
export const domain = (name) => join(utf8(`claudemesh/v1/${name}`), new Uint8Array(1));
export const hash = (...parts) => new Uint8Array(createHash('sha256').update(join(...parts)).digest());
export const derive = (key, name, ...parts) => new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), join(domain(name), ...parts), 32));

// padded is P(max(64, 4 + length)).
export function padded(length) {
  const n = Math.max(64, 4 + length);
  const e = Math.floor(Math.log2(n));
  const s = Math.floor(Math.log2(e)) + 1;
  const step = 2 ** (e - s);
  return Math.ceil(n / step) * step;
}

export function pad(x) {
  const out = new Uint8Array(padded(x.length));
  out.set(join(u32(x.length), x));
  return out;
}

export function unpad(bytes) {
  refuseUnless(bytes.length >= 64, 'bad_body', 'too short to be padded');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  refuseUnless(length <= bytes.length - 4, 'bad_body', 'the length does not fit');
  refuseUnless(bytes.length === padded(length), 'bad_body', 'padded to another size');
  refuseUnless(bytes.subarray(4 + length).every((byte) => byte === 0), 'bad_body', 'filled with something');
  return bytes.slice(4, 4 + length);
}

// opened runs one of libsodium's ways to open, which throw.
export function opened(code, open) {
  try {
    return open();
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(code, `does not open: ${error.message ?? error}`);
  }
}

export const secretbox = (plain, nonce, key) => sodium.crypto_secretbox_easy(plain, nonce, key);
export const openSecretbox = (box, nonce, key) => opened('bad_body', () => sodium.crypto_secretbox_open_easy(box, nonce, key));

// nonce ‖ secretbox(plain)
export const sealRaw = (plain, nonce, key) => join(nonce, secretbox(plain, nonce, key));
export function openRaw(sealed, key) {
  refuseUnless(sealed.length >= NONCE + 16, 'bad_body', 'too short to be sealed');
  return openSecretbox(sealed.subarray(NONCE), sealed.subarray(0, NONCE), key);
}

// nonce ‖ secretbox(pad(plain))
export const sealBytes = (plain, nonce, key) => sealRaw(pad(plain), nonce, key);
export const openBytes = (sealed, key) => unpad(openRaw(sealed, key));

const P = 2n ** 255n - 19n;
const modulo = (n) => ((n % P) + P) % P;

function power(base, exponent) {
  let result = 1n;
  for (let b = modulo(base), e = exponent; e > 0n; e >>= 1n, b = modulo(b * b)) if (e & 1n) result = modulo(result * b);
  return result;
}

const D = modulo(-121665n * power(121666n, P - 2n));

export function littleEndian(bytes) {
  return [...bytes].reduceRight((n, byte) => (n << 8n) | BigInt(byte), 0n);
}

export const belowPrime = (n) => n < P;

// sound says whether an encoded point has a y below the prime and not of small order. A point of order 8 doubles to
// one with y = 0, so −x² = y²; with the curve's equation, d·y⁴ + 2y² − 1 = 0.
export function sound(point) {
  const y = littleEndian(point) & (2n ** 255n - 1n);
  if (y >= P || y === 0n || y === 1n || y === P - 1n) return false;
  const square = modulo(y * y);
  return modulo(D * square * square + 2n * square - 1n) !== 0n;
}

const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

// verify takes what section 1 takes. OpenSSL computes the equation as it stands; libsodium has the last word on what
// passes, since a peer may have nothing else.
export function verify(key, message, signature) {
  const holds =
    signature.length === 64 &&
    sound(key) &&
    sound(signature.subarray(0, 32)) &&
    opensslVerify(null, message, createPublicKey({ key: Buffer.concat([SPKI, key]), format: 'der', type: 'spki' }), signature);
  if (holds && !sodium.crypto_sign_verify_detached(signature, message, key)) {
    throw new Error(`libsodium refuses what the protocol takes: ${hex(signature)}`);
  }
  refuseUnless(holds, 'bad_signature', 'the signature does not fit');
}

