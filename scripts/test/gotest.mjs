// Runs `go test -json` and counts. A test with subtests is not counted beside
// them, unless it failed by itself. A skipped test counts as failed: in this
// repository a test that cannot run is a failure.
import { command } from './command.mjs';

const FATE = { fail: 'failed', skip: 'was skipped, which counts as failed', '': 'did not finish' };

// ancestors of A/b/c: A, A/b
function ancestors(name) {
  const parts = name.split('/');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
}

class Package {
  tests = new Map(); // name → { outcome, output }
  output = [];

  take({ Action, Test, Output }) {
    if (Test && !this.tests.has(Test)) this.tests.set(Test, { outcome: '', output: [] });
    if (Action === 'output') (Test ? this.tests.get(Test).output : this.output).push(Output);
    else if (Action in FATE || Action === 'pass') this.tests.get(Test).outcome = Action;
  }

  // told returns what the tests said that failed. A race is reported by whichever
  // test speaks at that moment, which may be one that passes.
  told() {
    const tests = [...this.tests.values()].map(({ outcome, output }) => ({ outcome, text: output.join('') }));
    return tests.filter(({ outcome, text }) => outcome !== 'pass' || text.includes('DATA RACE')).map(({ text }) => text);
  }

  // leaves returns how many leaf tests passed, and the names of those that did not.
  leaves() {
    const names = [...this.tests.keys()];
    const parents = new Set(names.flatMap(ancestors));
    const bad = new Set(names.filter((name) => this.tests.get(name).outcome !== 'pass'));
    const explained = new Set([...bad].flatMap(ancestors));
    return {
      passed: names.filter((name) => !parents.has(name) && !bad.has(name)).length,
      bad: [...bad].filter((name) => !explained.has(name)),
    };
  }
}

// GoCounter takes the lines of `go test -json`, writes what a person wants to see
// of them, and counts in `passed` and `failures`.
export class GoCounter {
  passed = 0;
  failures = [];
  #open = new Map();
  #write;

  constructor(write = (text) => process.stdout.write(text)) {
    this.#write = write;
  }

  line(line) {
    let event;
    try {
      event = JSON.parse(line);
    } catch {
      this.#write(`${line}\n`); // from the go command itself, or past the test's own output
      return;
    }
    if (event.Action === 'build-output') this.#write(event.Output);
    if (!event.Package) return;
    if (!this.#open.has(event.Package)) this.#open.set(event.Package, new Package());
    if (!event.Test && ['pass', 'fail', 'skip'].includes(event.Action)) this.#finish(event.Package, event);
    else this.#open.get(event.Package).take(event);
  }

  // end counts what never finished.
  end(ok) {
    for (const name of [...this.#open.keys()]) this.#finish(name, { Action: 'fail' });
    if (!ok && this.failures.length === 0) this.failures.push('go test failed');
  }

  #finish(name, { Action, Elapsed, FailedBuild }) {
    const pkg = this.#open.get(name);
    this.#open.delete(name);
    const { passed, bad } = pkg.leaves();
    this.passed += passed;
    if (Action !== 'fail' && bad.length === 0) {
      if (pkg.tests.size > 0) this.#write(`ok    ${name}  ${passed} passed, ${Elapsed.toFixed(1)} s\n`);
      return;
    }
    for (const test of bad) this.failures.push(`${name} ${test} ${FATE[pkg.tests.get(test).outcome]}`);
    if (bad.length === 0) this.failures.push(`${name} ${FailedBuild ? 'does not build' : 'failed'}`);
    this.#write(`${pkg.told().join('')}${pkg.output.join('')}FAIL  ${name}\n`);
  }
}

// goTest runs the packages of the module in cwd and returns { passed, failures }.
export async function goTest(packages, { cwd, flags = [], env = {} } = {}) {
  const counter = new GoCounter();
  const argv = ['go', 'test', '-json', '-count=1', '-timeout=8m', ...flags, ...packages];
  counter.end(await command(argv, { cwd, env, onLine: (line) => counter.line(line) }));
  return counter;
}
