// Runs the golden vectors over an implementation of docs/PROTOCOL.md that has nothing in common with the Go code.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hex, Refusal } from './bytes.mjs';
import { FOLDERS, NUMBERS } from './operations.mjs';
import { bytesOf, readFolder } from './read.mjs';

const valueOf = (name, value) => (NUMBERS.has(name) ? Number(value) : bytesOf(value));
const shown = (value) => (value instanceof Uint8Array ? hex(value) : Number(value));

function run(vector, operation) {
  const given = Object.fromEntries(Object.entries(vector.given).map(([name, value]) => [name, valueOf(name, value)]));
  try {
    return { expect: 'ok', out: operation(given) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { expect: error.code, out: {} };
  }
}

for (const { folder, operations, elsewhere } of FOLDERS) {
  describe(folder, () => {
    for (const vector of readFolder(folder)) {
      if (elsewhere.includes(vector.operation)) continue;
      test(`${vector.name}: ${vector.comment}`, () => {
        const operation = operations[vector.operation];
        assert.ok(operation, `there is no operation ${vector.operation}`);
        const { expect, out } = run(vector, operation);
        assert.equal(expect, vector.expect);
        for (const [name, value] of Object.entries(vector.out)) {
          assert.ok(out[name] !== undefined, `${name} did not come out`);
          assert.equal(shown(out[name]), shown(valueOf(name, value)), name);
        }
      });
    }
  });
}
