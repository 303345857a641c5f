import { expect, test } from '@playwright/test';
import { Cutter } from './support/cutter';
import { Dashboard } from './support/dashboard';
import { Relay } from './support/relay';
import { Terminal } from './support/terminal';

// What goes wrong has a sentence and a code, and loses nothing.

let relay: Relay;
test.beforeEach(async () => {
  relay = await Relay.start();
});
test.afterEach(() => relay.remove());

test('a link without its secret, of version 1, or unknown is refused with a way out', async ({ page }) => {
  await page.goto(`${relay.origin}/i/AAAAAAAA`);
  await expect(page.getByText('no_secret')).toBeVisible();
  await page.goto(`${relay.origin}/join/abc?root_key=00`);
  await expect(page.getByRole('heading', { name: 'This link is of an old kind' })).toBeVisible();
  await page.goto(`${relay.origin}/i/AAAAAAAA#AAAAAAAAAAAAAAAAAAAAAQ`);
  await expect(page.getByText('not_found')).toBeVisible();
  await page.goto(`${relay.origin}/nothing-here`);
  await expect(page.getByRole('heading', { name: 'There is nothing at this address' })).toBeVisible();
});

test('a withdrawn invite says so, and the terminal too', async ({ context }) => {
  const ada = await Dashboard.open(context, relay.origin);
  await ada.createMesh('Quay', 'Ada');
  const link = await ada.invite();
  const mesh = new URL(ada.page.url()).pathname.split('/').slice(0, 3).join('/');
  await ada.page.goto(`${relay.origin}${mesh}/invites`);
  await ada.page.getByRole('button', { name: /^Withdraw/ }).first().click();
  await expect(ada.page.getByText('Withdrawn')).toBeVisible();
  const terminal = await Terminal.open();
  const { code, error } = await terminal.run('join', link, '--as', 'late');
  expect(code).toBe(4);
  expect(error).toContain('revoked');
  await terminal.close();
});

test('a claim that loses its connection in the middle is repeated and costs one use', async ({ browser, context }) => {
  let origin = '';
  const cutter = await Cutter.start('/claim HTTP/1.1', () => origin);
  const behind = await Relay.start('--public-url', cutter.origin);
  origin = behind.listening;
  const other = await browser.newContext();
  try {
    const ada = await Dashboard.open(context, cutter.origin);
    await ada.createMesh('Quay', 'Ada');
    const bo = await Dashboard.open(other, await ada.invite());
    await bo.page.getByLabel('Your name').fill('Bo');
    await bo.page.getByRole('button', { name: 'Join Quay as Member' }).click();
    await expect(bo.composer('#general')).toBeVisible({ timeout: 60_000 });
    expect(cutter.cuts).toBe(1);
    await expect(ada.member('Bo')).toHaveCount(1);
    await bo.say('#general', 'once, and whole');
    await expect(ada.message('once, and whole')).toHaveCount(1);
  } finally {
    await other.close();
    await context.close();
    await cutter.stop();
    await behind.remove();
  }
});

test('a message written offline is still there after the browser was closed', async ({ context }) => {
  const ada = await Dashboard.open(context, relay.origin);
  await ada.createMesh('Quay', 'Ada');
  const terminal = await Terminal.open();
  await terminal.do('join', await ada.invite(), '--as', 'box');
  await relay.kill();
  await ada.say('#general', 'kept through the night');
  await expect(ada.message('kept through the night')).toContainText('Waiting for the relay');
  await ada.page.close();
  await relay.restart();
  const again = await Dashboard.open(context, relay.origin);
  await expect(again.page.getByText('Quay').first()).toBeVisible();
  const { lines } = await terminal.run('inbox', '--wait', '60s');
  expect(lines.map((line) => line.text)).toEqual(['kept through the night']);
  await terminal.close();
});
