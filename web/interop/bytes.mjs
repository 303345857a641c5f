// Bytes as docs/PROTOCOL.md section 1 writes them: big-endian numbers, lengths in front.

export const utf8 = (text) => new TextEncoder().encode(text);
export const hex = (bytes) => Buffer.from(bytes).toString('hex');
export const unhex = (text) => new Uint8Array(Buffer.from(text, 'hex'));
export const equal = (a, b) => Buffer.compare(a, b) === 0;
export const join = (...parts) => new Uint8Array(Buffer.concat(parts));

function number(n, size) {
  let rest = BigInt(n);
  const bytes = new Uint8Array(size);
  for (let i = size - 1; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

export const u8 = (n) => number(n, 1);
export const u16 = (n) => number(n, 2);
export const u32 = (n) => number(n, 4);
export const u64 = (n) => number(n, 8);
export const bytes16 = (bytes) => join(u16(bytes.length), bytes);
export const bytes32 = (bytes) => join(u32(bytes.length), bytes);

// A Refusal carries a code of section 12.
export class Refusal extends Error {
  constructor(code, why) {
    super(`${why} (${code})`);
    this.code = code;
  }
}

export function refuseUnless(holds, code, why) {
  if (!holds) throw new Refusal(code, why);
}

export class Reader {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  get left() {
    return this.#bytes.length - this.#at;
  }

  take(size) {
    refuseUnless(size <= this.left, 'malformed', 'cut short');
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  number(size) {
    return this.take(size).reduce((n, byte) => (n << 8n) | BigInt(byte), 0n);
  }

  small(size) {
    return Number(this.number(size));
  }

  // soFar is everything read until now.
  soFar() {
    return this.#bytes.subarray(0, this.#at);
  }

  done() {
    refuseUnless(this.left === 0, 'malformed', 'bytes behind the end');
  }
}

// ascends says whether a list of ids strictly rises.
export function ascends(ids) {
  return ids.every((id, i) => i === 0 || Buffer.compare(ids[i - 1], id) < 0);
}

// split parts bytes into pieces of one size.
export function split(bytes, size) {
  const pieces = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}
