// The Go half: scripts/interop, one request after the other.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { hex, unhex } from './bytes.mjs';
import { ROOT } from './read.mjs';

export function startGo() {
  const child = spawn('go', ['run', './scripts/interop'], { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const written = (value) => (value instanceof Uint8Array ? hex(value) : String(value));

  // ask resolves with what came out, or with { code } of a refusal.
  async function ask(operation, given = {}) {
    const fields = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, written(value)]));
    child.stdin.write(`${JSON.stringify({ do: operation, given: fields })}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`scripts/interop ended at ${operation}`);
    const { out, code } = JSON.parse(value);
    return code ? { code } : Object.fromEntries(Object.entries(out).map(([name, text]) => [name, unhex(text)]));
  }
  return { ask, end: () => child.stdin.end() };
}
