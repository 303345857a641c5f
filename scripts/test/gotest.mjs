// Runs `go test -json` and counts. A test with subtests is not counted beside
// them, unless it failed by itself. A skipped test counts as failed: in this
// repository a test that cannot run is a failure.
import { command } from './command.mjs';

class Package {
  tests = new Map(); // name → { outcome, output }
  output = [];

  test(name) {
    if (!this.tests.has(name)) this.tests.set(name, { outcome: '', output: [] });
    return this.tests.get(name);
  }

  take(event) {
    if (event.Action === 'output') (event.Test ? this.test(event.Test).output : this.output).push(event.Output);
    else if (event.Test && ['pass', 'fail', 'skip'].includes(event.Action)) this.test(event.Test).outcome = event.Action;
    else if (event.Test && event.Action === 'run') this.test(event.Test);
  }

  // finish returns how many leaf tests passed and what failed.
  finish(ok) {
    const names = [...this.tests.keys()];
    const parents = new Set(names.flatMap((name) => ancestors(name)));
    const bad = names.filter((name) => this.tests.get(name).outcome !== 'pass');
    const explained = new Set(bad.flatMap((name) => ancestors(name)));
    const failed = bad.filter((name) => !explained.has(name));
    const passed = names.filter((name) => !parents.has(name) && !bad.includes(name)).length;
    return { passed, failed, ok: ok && failed.length === 0 };
  }
}

// ancestors of A/b/c: A, A/b
function ancestors(name) {
  const parts = name.split('/');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
}

const FATE = { fail: 'failed', skip: 'was skipped, which counts as failed', '': 'did not finish' };

// goTest runs the packages and returns { passed, failures }.
export async function goTest(packages, { flags = [], env = {} } = {}) {
  const open = new Map();
  const result = { passed: 0, failures: [] };

  function end(name, event) {
    const pkg = open.get(name) ?? new Package();
    open.delete(name);
    const { passed, failed, ok } = pkg.finish(event.Action !== 'fail');
    result.passed += passed;
    if (ok) {
      if (pkg.tests.size > 0) console.log(`ok    ${name}  ${passed} passed, ${event.Elapsed.toFixed(1)} s`);
      return;
    }
    for (const test of failed) {
      const { outcome, output } = pkg.tests.get(test);
      result.failures.push(`${name} ${test} ${FATE[outcome]}`);
      process.stdout.write(output.join(''));
    }
    if (failed.length === 0) result.failures.push(`${name} ${event.FailedBuild ? 'does not build' : 'failed'}`);
    process.stdout.write(pkg.output.join(''));
    console.log(`FAIL  ${name}`);
  }

  const argv = ['go', 'test', '-json', '-count=1', '-timeout=8m', ...flags, ...packages];
  const ok = await command(argv, {
    env,
    onLine(line) {
      let event;
      try {
        event = JSON.parse(line);
      } catch {
        console.log(line); // from the go command itself or straight from a test's process
        return;
      }
      if (event.Action === 'build-output') process.stdout.write(event.Output);
      if (!event.Package) return;
      if (!event.Test && ['pass', 'fail', 'skip'].includes(event.Action)) {
        end(event.Package, event);
        return;
      }
      if (!open.has(event.Package)) open.set(event.Package, new Package());
      open.get(event.Package).take(event);
    },
  });
  for (const name of [...open.keys()]) end(name, { Action: 'fail' });
  if (!ok && result.failures.length === 0) result.failures.push(`${argv.slice(0, 2).join(' ')} failed`);
  return result;
}
