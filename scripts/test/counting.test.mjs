// The closing line of `make test` is only as true as these counts.
import assert from 'node:assert/strict';
import test from 'node:test';
import { GoCounter } from './gotest.mjs';
import { countPlaywright, countTAP, countVitest } from './reports.mjs';

function countGo(events, ok = true, write = () => {}) {
  const counter = new GoCounter(write);
  for (const event of events) counter.line(JSON.stringify({ Package: 'p', Elapsed: 0, ...event }));
  counter.end(ok);
  return { passed: counter.passed, failures: counter.failures };
}

test('go: leaves are counted, and a parent only when it fails by itself', () => {
  const outcomes = { A: 'pass', 'A/x': 'pass', 'A/y/z': 'pass', B: 'fail', 'B/bad': 'fail', 'B/good': 'pass', C: 'fail', 'C/good': 'pass' };
  const events = Object.entries(outcomes).map(([Test, Action]) => ({ Test, Action }));
  assert.deepEqual(countGo([...events, { Action: 'fail' }], false), {
    passed: 4,
    failures: ['p B/bad failed', 'p C failed'],
  });
});

test('go: skipped and unfinished tests fail', () => {
  assert.deepEqual(countGo([{ Test: 'S', Action: 'skip' }, { Test: 'U', Action: 'run' }, { Action: 'pass' }]), {
    passed: 0,
    failures: ['p S was skipped, which counts as failed', 'p U did not finish'],
  });
});

test('go: a package that fails without a test is named once', () => {
  assert.deepEqual(countGo([{ Action: 'fail', FailedBuild: 'p [p.test]' }], false).failures, ['p does not build']);
  assert.deepEqual(countGo([{ Test: 'A', Action: 'pass' }, { Action: 'fail' }], false), { passed: 1, failures: ['p failed'] });
  assert.deepEqual(countGo([{ Test: 'A', Action: 'pass' }], false), { passed: 1, failures: ['p failed'] });
  assert.deepEqual(countGo([], false).failures, ['go test failed']);
});

test('go: a failed package shows what failed, and a race wherever it was reported', () => {
  let shown = '';
  const say = (Test, Output) => ({ Test, Action: 'output', Output });
  countGo(
    [say('A', 'quiet\n'), say('B', 'WARNING: DATA RACE\n'), say('C', 'loud\n'), { Test: 'A', Action: 'pass' }, { Test: 'B', Action: 'pass' }, { Test: 'C', Action: 'fail' }, { Action: 'fail' }],
    false,
    (text) => (shown += text),
  );
  assert.equal(shown, 'WARNING: DATA RACE\nloud\nFAIL  p\n');
});

test('go: a package without tests counts nothing', () => {
  assert.deepEqual(countGo([{ Action: 'start' }, { Action: 'skip' }]), { passed: 0, failures: [] });
});

test('node: leaves are counted, skips fail', () => {
  const report = [
    'TAP version 13',
    '# Subtest: one',
    '    # Subtest: good',
    '    ok 1 - good',
    '    # Subtest: bad',
    '    not ok 2 - bad',
    'not ok 1 - one',
    '# Subtest: skipped',
    'ok 2 - skipped # SKIP',
    '# Subtest: itself',
    '    # Subtest: good',
    '    ok 1 - good',
    'not ok 3 - itself',
    '# Subtest: plain',
    'ok 4 - plain',
  ].join('\n');
  assert.deepEqual(countTAP(report), { passed: 3, failures: ['one › bad', 'skipped', 'itself'] });
});

test('vitest: skips fail, and so does a file that does not load', () => {
  const assertion = (fullName, status) => ({ fullName, status });
  const testResults = [
    { name: 'a', status: 'failed', message: '', assertionResults: [assertion('x', 'passed'), assertion('y', 'failed'), assertion('z', 'skipped')] },
    { name: 'b', status: 'failed', message: 'no such import\nat b', assertionResults: [] },
  ];
  assert.deepEqual(countVitest(JSON.stringify({ testResults })), {
    passed: 1,
    failures: ['y (failed)', 'z (skipped)', 'b: no such import'],
  });
});

test('playwright: flaky and skipped tests fail, and so do errors outside of tests', () => {
  const spec = (title, status) => ({ title, tests: [{ status }] });
  const suites = [{ title: 'file', specs: [spec('a', 'expected')], suites: [{ title: 'group', specs: [spec('b', 'flaky'), spec('c', 'skipped'), spec('d', 'unexpected')] }] }];
  assert.deepEqual(countPlaywright(JSON.stringify({ suites, errors: [{ message: 'Error: no server\nat' }] })), {
    passed: 1,
    failures: ['Error: no server', 'file › group › b (flaky)', 'file › group › c (skipped)', 'file › group › d (unexpected)'],
  });
});
