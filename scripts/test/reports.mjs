// Runs the JavaScript test runners and counts from the reports that they write.
// Skipped tests count as failed, as for Go.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';
import { REPORTS, WEB } from './paths.mjs';

// reported runs a command that writes a report and hands the report to `count`,
// which returns { passed, failures }.
async function reported(argv, { report, env = {}, count }) {
  rmSync(report, { force: true });
  const ok = await command(argv, { cwd: WEB, env });
  let result;
  try {
    result = count(readFileSync(report, 'utf8'));
  } catch (error) {
    return { passed: 0, failures: [`${argv[0]} left no readable report: ${error.message}`] };
  }
  if (!ok && result.failures.length === 0) result.failures.push(`${argv[0]} failed`);
  return result;
}

function firstLine(text) {
  return text.split('\n', 1)[0];
}

export function vitest() {
  const report = join(REPORTS, 'vitest.json');
  return reported(
    ['node_modules/.bin/vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    { report, count: countVitest },
  );
}

export function countVitest(text) {
  const result = { passed: 0, failures: [] };
  for (const file of JSON.parse(text).testResults) {
    const bad = file.assertionResults.filter((test) => test.status !== 'passed');
    result.passed += file.assertionResults.length - bad.length;
    result.failures.push(...bad.map((test) => `${test.fullName} (${test.status})`));
    if (file.status === 'failed' && bad.length === 0) result.failures.push(`${file.name}: ${firstLine(file.message)}`);
  }
  return result;
}

// tap runs test files under `node --test`.
export function tap(files) {
  const report = join(REPORTS, 'node.tap');
  const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout', '--test-reporter=tap', `--test-reporter-destination=${report}`];
  return reported([process.execPath, '--test', ...reporters, ...files], { report, count: countTAP });
}

// countTAP counts the leaves: a test with subtests has a plan line below it.
export function countTAP(text) {
  const result = { passed: 0, failures: [] };
  const lines = text.split('\n');
  const path = [];
  for (const line of lines) {
    const subtest = line.match(/^( *)# Subtest: (.*)$/);
    if (subtest) {
      path.length = subtest[1].length / 4;
      path.push({ name: subtest[2], inner: 0, bad: 0 });
      if (path.length > 1) path.at(-2).inner++;
      continue;
    }
    const outcome = line.match(/^( *)(not )?ok \d+ - .*?(?: # (SKIP|TODO).*)?$/);
    if (!outcome) continue;
    const test = path[outcome[1].length / 4];
    const bad = Boolean(outcome[2] || outcome[3]);
    const parent = path[outcome[1].length / 4 - 1];
    if (bad && parent) parent.bad++;
    const name = path.slice(0, outcome[1].length / 4 + 1).map((step) => step.name).join(' › ');
    if (bad && test.bad === 0) result.failures.push(name);
    else if (!bad && test.inner === 0) result.passed++;
  }
  return result;
}

export function playwright() {
  const report = join(REPORTS, 'playwright.json');
  return reported(
    ['node_modules/.bin/playwright', 'test', '--config=e2e/playwright.config.ts', '--forbid-only', '--reporter=list,json'],
    { report, env: { PLAYWRIGHT_JSON_OUTPUT_FILE: report }, count: countPlaywright },
  );
}

export function countPlaywright(text) {
  const { suites, errors } = JSON.parse(text);
  const result = { passed: 0, failures: errors.map((error) => firstLine(error.message ?? String(error.value))) };
  function visit(suite, path) {
    for (const spec of suite.specs ?? []) {
      for (const test of spec.tests) {
        if (test.status === 'expected') result.passed++;
        else result.failures.push(`${[...path, spec.title].join(' › ')} (${test.status})`);
      }
    }
    for (const inner of suite.suites ?? []) visit(inner, [...path, inner.title]);
  }
  for (const suite of suites) visit(suite, [suite.title]);
  return result;
}
