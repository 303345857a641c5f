#!/usr/bin/env node
// Prints the figures of docs/benchmarks.md: what a browser downloads, and how long it takes until the dashboard can be used.
// Needs `make build` and Chromium; RUNS says how often the times are taken (7).
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT, WEB } from './test/paths.mjs';

const { chromium } = createRequire(join(WEB, 'package.json'))('@playwright/test');
const assets = join(WEB, 'dist', 'assets');
const size = (pattern) => readdirSync(assets).filter((name) => pattern.test(name)).reduce((sum, name) => sum + statSync(join(assets, name)).size, 0);
const row = (name, value) => console.log(`| ${name} | ${value} |`);
const kb = (bytes) => `${(bytes / 1000).toFixed(0)} KB`;

console.log('| figure | value |\n| --- | --: |');
row('browser peer (wasm), brotli', kb(size(/^peer-.*\.wasm\.br$/)));
row('browser peer (wasm), gzip', kb(size(/^peer-.*\.wasm\.gz$/)));
row('dashboard before first use (scripts and styles), gzip', kb(size(/^(index|peer\.worker)-.*\.(js|css)\.gz$/)));
row('fonts', kb(size(/\.woff2$/)));

const folder = mkdtempSync(join(tmpdir(), 'claudemesh-measure-'));
const relay = spawn(join(ROOT, 'bin/claudemesh-relay'), ['serve', '--listen', '127.0.0.1:0', '--data', folder], { stdio: ['ignore', 'pipe', 'ignore'] });
const url = await new Promise((resolve) => createInterface({ input: relay.stdout }).once('line', (line) => resolve(/https?:\/\/[^\s/]+/.exec(line)[0])));
const browser = await chromium.launch({ executablePath: join(ROOT, 'scripts/browser/headless_shell'), chromiumSandbox: process.getuid?.() !== 0 });

/** Milliseconds from the navigation until `selector` stands in the page. */
async function until(page, address, selector) {
  await page.goto(address, { waitUntil: 'commit' });
  await page.waitForSelector(selector);
  return page.evaluate(() => performance.now());
}

const times = { paint: [], first: [], again: [] };
for (let i = 0; i < Number(process.env.RUNS ?? 7); i++) {
  const context = await browser.newContext();
  const page = await context.newPage();
  times.paint.push(await until(page, url, 'form input'));
  await page.getByLabel('Name of the mesh').fill('Measured');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByLabel('Your name').fill('Ada');
  const started = performance.now();
  await page.getByRole('button', { name: 'Make the mesh' }).click();
  await page.waitForSelector('textarea');
  times.first.push(performance.now() - started);
  const address = page.url();
  await page.close();
  times.again.push(await until(await context.newPage(), address, 'textarea'));
  await context.close();
}
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const spread = (list) => `${median(list).toFixed(0)} ms (${Math.min(...list).toFixed(0)} to ${Math.max(...list).toFixed(0)})`;
row('address entered → first field can be typed in', spread(times.paint));
row('"Make the mesh" pressed → conversation open (keys, relay, store)', spread(times.first));
row('address entered → conversation open, program not running before', spread(times.again));

await browser.close();
relay.kill('SIGTERM');
rmSync(folder, { recursive: true, force: true });
