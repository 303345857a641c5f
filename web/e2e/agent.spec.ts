import AxeBuilder from '@axe-core/playwright';
import { expect, type Locator, test } from '@playwright/test';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Agent } from './support/agent';
import { Dashboard } from './support/dashboard';
import { BIN, Relay } from './support/relay';
import { Terminal } from './support/terminal';

// A person in a browser and agents over the official client of their protocol, with the real binaries between them.

const widths = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

test('a person and the agents of a machine work together', async ({ browser }, info) => {
  test.setTimeout(240_000);
  const relay = await Relay.start();
  const machine = await Terminal.open();
  const context = await browser.newContext({ viewport: widths.desktop, reducedMotion: 'reduce' });
  try {
    const ada = await Dashboard.open(context, relay.origin);
    const people = () => ada.page.getByRole('complementary', { name: 'People' });
    const waiting = () => ada.page.getByRole('region', { name: 'Waiting for you' });
    const session = (name: string): Locator => people().getByRole('link', { name: new RegExp(`^${name}\\s*, agent session of build-box`) });
    await ada.createMesh('Harbour team', 'Ada');
    await machine.do('join', await ada.invite(), '--as', 'build-box');

    await test.step('what is written before an agent runs stays with the relay', async () => {
      await ada.writeTo('build-box');
      await ada.say('build-box', 'What are you working on?');
      await expect(ada.message('What are you working on?')).toContainText('With the relay');
    });

    const shop = await test.step('an agent starts: its session shows itself, and the message has come to its machine', async () => {
      const agent = await Agent.start(machine, 'shop');
      await expect(ada.member('build-box')).toContainText('Idle');
      await expect(ada.member('build-box')).toContainText('shop');
      await expect(ada.message('What are you working on?')).toContainText('Delivered');
      return agent;
    });

    await test.step('status and summary are live', async () => {
      await shop.status('working');
      await shop.summary('Making the checkout test steady');
      await expect(ada.member('build-box')).toContainText('Working · Making the checkout test steady');
    });

    await test.step('the message is taken when the agent asked for it, and not before; its answer refers to it', async () => {
      await expect(ada.message('What are you working on?')).toContainText('Delivered');
      const { messages, framed } = await shop.take();
      expect(framed).toContain('What are you working on?');
      expect(messages.map(({ from }) => from)).toEqual(['Ada']);
      await expect(ada.message('What are you working on?')).toContainText('Taken by the agent');
      expect((await shop.check()).messages).toEqual([]);
      await shop.send({ reply_to: messages[0]!.id, text: 'The checkout test. It fails once in forty runs.' });
      await expect(ada.message('It fails once in forty runs.')).toContainText('Ada What are you working on?');
    });

    await test.step('the agent sees accepted, delivered, read', async () => {
      const address = ada.page.url();
      await ada.page.close();
      await expect.poll(async () => (await machine.run('peers')).lines.some((line) => line['name'] === 'Ada' && line['state'] === 'online')).toBe(false);
      const sent = await shop.send({ to: '@Ada', text: 'Forty runs, no failure.' });
      expect(sent.state).toBe('accepted');
      const tab = await context.newPage();
      await tab.goto(new URL('people', address.replace(/\/d\/.*/, '/')).href);
      await expect.poll(() => shop.stateOf(sent)).toBe('delivered');
      await tab.goto(address);
      await expect.poll(() => shop.stateOf(sent)).toBe('read');
      Object.assign(ada, { page: tab });
    });

    await test.step('an approval that is needed stands above everything until it is not', async () => {
      await shop.status('needs-approval');
      await shop.summary('Waiting to push');
      await expect(waiting().getByRole('link')).toContainText(/build-box\s+needs approval\s+Waiting to push/);
      await expect(ada.page).toHaveTitle(/^1 waiting · /);
      await expect(ada.page.getByRole('status').filter({ hasText: 'build-box needs approval' })).toHaveCount(1);
      await ada.openTopic('general');
      await waiting().getByRole('link').click();
      await expect(ada.composer('build-box')).toBeVisible();
      await shop.status('working');
      await expect(waiting()).toHaveCount(0);
      await expect(ada.page).toHaveTitle(/^build-box · /);
    });

    await test.step('a question waits, is opened, and is answered', async () => {
      await ada.openTopic('general');
      const asked = await shop.send({ to: '#general', text: '@Ada may I merge?', ask: true });
      await shop.send({ to: '@Ada', text: 'Or shall I wait for the review?', ask: true });
      await expect(waiting().getByRole('listitem')).toHaveCount(2);
      await waiting().getByRole('link', { name: /may I merge/ }).click();
      await ada.message('may I merge?').getByRole('button', { name: 'Answer build-box' }).click();
      await ada.say('#general', 'Yes, merge it.');
      await expect(waiting().getByRole('listitem')).toHaveCount(1);
      await expect(ada.message('Yes, merge it.')).toContainText('Answer to build-box @Ada may I merge?');
      const { messages, framed } = await shop.take();
      expect(framed).toContain('Yes, merge it.');
      expect(messages).toMatchObject([{ type: 'answer', reply_to: asked.id }]);
      await waiting().getByRole('button', { name: 'Dismiss the question of build-box' }).click();
      await expect(waiting()).toHaveCount(0);
      expect((await shop.check()).messages).toEqual([]);
    });

    const cart = await test.step('a second agent stands beside the first', async () => {
      const agent = await Agent.start(machine, 'cart');
      await expect(session('shop')).toContainText('Working');
      await expect(session('cart')).toContainText('Idle');
      await agent.summary('Reading prices');
      await expect(session('cart')).toContainText('Reading prices');
      // What the first wrote to Ada is not for it.
      expect((await agent.check()).messages).toEqual([]);
      return agent;
    });

    await test.step('a message to one session reaches that one alone', async () => {
      await session('cart').click();
      await expect(ada.page.getByText('to cart')).toBeVisible();
      await ada.say('build-box', 'Only for the cart.');
      expect((await cart.take()).framed).toContain('Only for the cart.');
      await expect(ada.message('Only for the cart.')).toContainText('to cart');
      await expect(ada.message('Only for the cart.')).toContainText('Taken by the agent');
      await ada.page.getByRole('button', { name: 'Write to any session of build-box' }).click();
      await ada.composer('build-box').pressSequentially('@build-box/ca');
      await expect(ada.page.getByRole('option', { name: /build-box\/cart/ })).toBeVisible();
      await ada.composer('build-box').press('Enter');
      await expect(ada.page.getByText('to cart', { exact: true })).toHaveCount(2);
      await ada.composer('build-box').press('Backspace');
      await expect(ada.page.getByText('to cart', { exact: true })).toHaveCount(1);
      await ada.say('build-box', '@build-box/shop Only for the shop.');
      expect((await shop.take()).framed).toContain('Only for the shop.');
      await expect(ada.message('Only for the shop.')).toContainText('to shop');
      await expect(ada.message('Only for the shop.')).not.toContainText('@build-box');
      for (const agent of [shop, cart]) expect((await agent.check()).messages).toEqual([]);
    });

    await test.step('a reply goes back to the session that wrote', async () => {
      await cart.send({ to: '@Ada', text: 'Prices are read late.' });
      await ada.message('Prices are read late.').hover();
      await ada.message('Prices are read late.').getByRole('button', { name: /^Reply/ }).click();
      await ada.say('build-box', 'Then read them earlier.');
      expect((await cart.take()).framed).toContain('Then read them earlier.');
      expect((await shop.check()).messages).toEqual([]);
    });

    await test.step('how it looks', async () => {
      await cart.status('needs-approval');
      await shop.send({ to: '@Ada', text: 'The prices come from two places. Which of them counts?', ask: true });
      await session('cart').click();
      await expect(waiting().getByRole('listitem')).toHaveCount(2);
      const here = ada.page.url();
      const mesh = here.replace(/\/d\/.*/, '');
      for (const scheme of ['light', 'dark'] as const) {
        for (const [device, viewport] of Object.entries(widths)) {
          await ada.page.emulateMedia({ colorScheme: scheme });
          await ada.page.setViewportSize(viewport);
          // With room for them, all three stand side by side.
          const pages = device === 'phone' ? { conversation: here, people: `${mesh}/people`, list: mesh } : { conversation: here };
          for (const [name, address] of Object.entries(pages)) {
            await ada.page.goto(address);
            await expect(waiting().getByRole('listitem').first()).toBeVisible();
            if (name === 'conversation') await expect(ada.message('Which of them counts?')).toBeVisible();
            await ada.page.screenshot({ path: info.outputPath(`${name}-${device}-${scheme}.png`) });
            const { violations } = await new AxeBuilder({ page: ada.page }).analyze();
            expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`), `axe on ${name}`).toEqual([]);
          }
        }
      }
      await ada.page.setViewportSize(widths.desktop);
      await ada.page.goto(here);
    });

    await test.step('a session that is gone is said to be', async () => {
      await session('cart').click();
      await cart.stop();
      await expect(ada.page.getByText('It has ended. Any session of build-box will get this.')).toBeVisible();
      await ada.say('build-box', 'Whoever is there.');
      expect((await shop.take()).framed).toContain('Whoever is there.');
      await expect(waiting().getByText('needs approval')).toHaveCount(0);
      await shop.stop();
      await expect(ada.member('build-box')).toContainText('last seen');
    });
  } finally {
    await context.close();
    await machine.close();
    await relay.remove();
  }
});

/** A folder of programs as the relay takes it: the one of this machine, and what stands for that of another system. */
async function programs(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'claudemesh-programs-'));
  const name = `claudemesh-${platform()}-${arch() === 'x64' ? 'amd64' : arch()}`;
  await copyFile(join(BIN, 'claudemesh'), join(folder, name));
  const sums = await Promise.all(
    Object.entries({ [name]: await readFile(join(folder, name)), 'claudemesh-windows-amd64.exe': 'not for here\n', VERSION: 'v9.9.9\n' }).map(async ([file, content]) => {
      await writeFile(join(folder, file), content);
      return `${createHash('sha256').update(content).digest('hex')}  ${file}\n`;
    }),
  );
  await writeFile(join(folder, 'SHA256SUMS'), sums.join(''));
  return folder;
}

test('a machine with nothing on it joins by the line of the invite, and the relay learns no secret', async ({ context }) => {
  const folder = await programs();
  const relay = await Relay.start('--downloads', folder);
  const machine = await Terminal.open();
  try {
    const ada = await Dashboard.open(context, relay.origin);
    await ada.createMesh('Quay', 'Ada');
    await ada.page.getByRole('button', { name: 'Invite', exact: true }).first().click();
    const dialog = ada.page.getByRole('dialog');
    const field = dialog.getByRole('textbox', { name: 'In a terminal' });
    const link = await dialog.getByRole('textbox', { name: 'Invite link' }).inputValue();
    const line = await field.inputValue();
    await expect(dialog.getByRole('textbox', { name: 'Text for an agent' })).toHaveValue(new RegExp(`claudemesh setup claude[^]*claudemesh doctor[^]*untrusted input`));
    expect(await dialog.getByRole('textbox', { name: 'Text for an agent' }).inputValue()).toContain(line);
    await dialog.getByRole('button', { name: 'For Windows' }).click();
    await expect(field).toHaveValue(`& ([scriptblock]::Create((irm ${relay.origin}/install.ps1))) '${link}'`);
    await dialog.getByRole('button', { name: 'Close' }).click();

    const env = { ...machine.env, HOME: machine.folder, CLAUDEMESH_INSTALL_DIR: join(machine.folder, 'bin') };
    await promisify(execFile)('sh', ['-c', `${line} --as new-box`], { env });
    await expect(ada.member('new-box')).toBeVisible();
    const { stdout } = await promisify(execFile)(join(machine.folder, 'bin', 'claudemesh'), ['list'], { env });
    expect(stdout).toContain('Quay');
    const everything = (await relay.everything()).toString('latin1');
    expect(everything.includes(link.split('#')[1] ?? link)).toBe(false);
  } finally {
    await context.close();
    await machine.close();
    await relay.remove();
    await rm(folder, { recursive: true });
  }
});

test('where the relay hands out no programs, the line builds one', async ({ context }) => {
  const relay = await Relay.start();
  try {
    const ada = await Dashboard.open(context, relay.origin);
    await ada.createMesh('Quay', 'Ada');
    const link = await ada.invite();
    const guest = await Dashboard.open(await context.browser()!.newContext(), link);
    await expect(guest.page.getByRole('textbox', { name: 'In a terminal' })).toHaveValue(`make build && bin/claudemesh join '${link}' --setup`);
    await expect(guest.page.getByText('This relay hands out no programs.')).toBeVisible();
    await guest.page.context().close();
  } finally {
    await context.close();
    await relay.remove();
  }
});
