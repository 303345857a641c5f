// A file whose segments were joined must fill memory with the same bytes.
import assert from 'node:assert/strict';
import test from 'node:test';
import { joinSegments } from '../join-segments.mjs';

const PAGES = 40;
const CUSTOM = [0, 4, 3, 97, 98, 99]; // a section called abc
const MEMORY = [5, 3, 1, 0, PAGES];
const EXPORT = [7, 5, 1, 1, 109, 2, 0]; // of the memory, as m

function leb(value, signed) {
  const bytes = [];
  for (const limit = signed ? 64 : 128; value >= limit; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}

function wasm(...segments) {
  const content = segments.flatMap(([start, ...data]) => [0, 0x41, ...leb(start, true), 0x0b, ...leb(data.length), ...data]);
  const section = [...leb(segments.length), ...content];
  return Buffer.from([0, 97, 115, 109, 1, 0, 0, 0, ...CUSTOM, ...MEMORY, ...EXPORT, 11, ...leb(section.length), ...section, ...CUSTOM]);
}

function memory(bytes) {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return Buffer.from(exports.m.buffer);
}

const FILES = {
  'no segment': wasm(),
  'one segment': wasm([7, 1, 2, 3]),
  'near ones': wasm([0, 1], [9, 2], [500, 3, 3], [1014, 4]),
  'far ones': wasm([60, 1], [2000, 2], [PAGES * 65536 - 1, 3]),
  'addresses of one, two, three and four bytes': wasm([63, 1], [64, 2], [127, 3], [128, 4], [8191, 5], [8192, 6], [1 << 20, 7], [2_600_000, 8]),
  'ones out of order': wasm([5000, 1, 2], [100, 3], [4990, 4], [5010, 5], [90, 6, 7]),
  'more than 128 bytes': wasm([10, ...Array(200).fill(1)], [300, ...Array(300).fill(2)]),
};

for (const [name, file] of Object.entries(FILES)) {
  test(`memory stays the same: ${name}`, () => {
    const result = joinSegments(file);
    assert.ok(memory(file).equals(memory(result)));
    assert.ok(joinSegments(result).equals(result));
  });
}

test('near segments become one, far ones do not', () => {
  assert.ok(joinSegments(wasm([0, 1], [3, 2], [600, 3])).equals(wasm([0, 1, 0, 0, 2], [600, 3])));
});

test('nothing but the data is touched', () => {
  const one = wasm([1, 1]);
  assert.ok(joinSegments(one).equals(one));
});

test('what it does not know is refused', () => {
  const passive = wasm([1, 1]);
  passive[passive.length - CUSTOM.length - 6] = 1;
  assert.throws(() => joinSegments(passive), /the kind of a data segment/);
  assert.throws(() => joinSegments(wasm([10, 1, 2], [11, 3])), /overlap/);
  assert.throws(() => joinSegments(wasm([1, 1]).subarray(0, -2)), /cut short/);
});
