import { expect, test } from '@playwright/test';
import { Dashboard } from './support/dashboard';
import { Relay } from './support/relay';
import { type Line, Terminal } from './support/terminal';

// The whole product in one story: real relay, real command line, real browser.

test('a browser, a terminal and a second browser talk through a relay that dies and comes back', async ({ browser }) => {
  test.setTimeout(240_000);
  const relay = await Relay.start();
  const terminal = await Terminal.open();
  const context = await browser.newContext();
  const guest = await browser.newContext();
  try {
    const ada = await Dashboard.open(context, relay.origin);
    let link = '';
    const heard: Line[] = [];

    await test.step('make a mesh by its name alone', () => ada.createMesh('Harbour team', 'Ada'));

    await test.step('a terminal joins by the link', async () => {
      link = await ada.invite();
      expect(link).toMatch(/\/i\/[0-9A-Za-z]{8}#[\w-]{22}$/);
      const joined = await terminal.do('join', link, '--as', 'build-box');
      expect(joined.display_name).toBe('build-box');
      expect(joined.name).toBe('Harbour team');
      await expect(ada.page.getByRole('complementary', { name: 'People' })).toContainText('build-box');
    });

    await test.step('the link is used up', async () => {
      const second = await Terminal.open();
      const { code, error } = await second.run('join', link, '--as', 'late');
      expect(code).toBe(4);
      expect(error).toContain('exhausted');
      await second.close();
    });

    await test.step('#general, both directions', async () => {
      await ada.say('#general', 'good morning from the browser');
      await expect(ada.message('good morning from the browser')).toContainText('Posted');
      const { lines } = await terminal.run('inbox', '--wait', '20s');
      expect(lines.map((line) => line.text)).toEqual(['good morning from the browser']);
      expect(lines[0]?.topic).toBe('general');
      await terminal.do('send', '#general', 'good morning from the terminal');
      await expect(ada.message('good morning from the terminal')).toBeVisible();
    });

    await test.step('direct, both directions, with delivery states', async () => {
      await terminal.do('send', '@Ada', 'only for Ada');
      await ada.writeTo('build-box');
      await expect(ada.message('only for Ada')).toBeVisible();
      await ada.say('build-box', 'only for the terminal');
      await expect(ada.message('only for the terminal')).toContainText('With the relay');
      const { lines } = await terminal.run('inbox');
      expect(lines.map((line) => line.text)).toEqual(['only for the terminal']);
      await expect(ada.message('only for the terminal')).toContainText(/Delivered|Read/);
      expect((await terminal.run('inbox')).lines).toEqual([]);
    });

    const bo = await test.step('a second browser joins through the consent page', async () => {
      const address = await ada.invite();
      const other = await Dashboard.open(guest, address);
      await expect(other.page.getByRole('heading', { name: 'Join Harbour team' })).toBeVisible();
      await expect(other.page.getByText('Ada invites you.')).toBeVisible();
      expect(other.page.url()).not.toContain('#');
      await other.page.getByLabel('Your name').fill('Bo');
      await other.page.getByRole('button', { name: 'Join Harbour team as Member' }).click();
      await expect(other.composer('#general')).toBeVisible();
      await ada.openTopic('general');
      await other.say('#general', 'Bo is here');
      await expect(ada.message('Bo is here')).toBeVisible();
      return other;
    });

    await test.step('a second tab of the same browser is the same device', async () => {
      const tab = await Dashboard.open(context, ada.page.url());
      await expect(tab.message('Bo is here')).toBeVisible();
      await tab.say('#general', 'from the second tab');
      await expect(ada.message('from the second tab')).toBeVisible();
      await expect(bo.message('from the second tab')).toBeVisible();
      await expect(ada.message('from the second tab')).toHaveCount(1);
      await tab.page.close();
    });

    await test.step('offline: kept, then sent once', async () => {
      const tail = terminal.tail((line) => heard.push(line));
      await expect(ada.page.getByRole('complementary', { name: 'People' }).getByText('build-box')).toBeVisible();
      await relay.kill();
      await expect(ada.page.getByText('Waiting for the relay').first()).toBeVisible();
      await ada.say('#general', 'written while the relay was down');
      await expect(ada.message('written while the relay was down')).toContainText('Waiting for the relay');
      await bo.say('#general', 'Bo writes offline too');
      await relay.restart();
      await expect(bo.message('written while the relay was down')).toHaveCount(1, { timeout: 60_000 });
      await expect(ada.message('Bo writes offline too')).toHaveCount(1, { timeout: 60_000 });
      await expect.poll(() => heard.filter((line) => line.text === 'written while the relay was down').length, { timeout: 60_000 }).toBe(1);
      expect(tail.exitCode).toBeNull();
    });

    await test.step('a page opened anew has everything, and nothing twice', async () => {
      await ada.page.reload();
      for (const text of ['good morning from the browser', 'good morning from the terminal', 'Bo is here', 'written while the relay was down']) {
        await expect(ada.message(text)).toHaveCount(1);
      }
    });

    await test.step('the relay drains when it is asked to', async () => expect(await relay.stop()).toBe(0));

    await test.step('what the relay kept names nothing and says nothing', async () => {
      const everything = (await relay.everything()).toString('latin1');
      const secret = link.split('#')[1] ?? '';
      for (const planted of ['Harbour team', 'build-box', 'good morning', 'only for', 'Bo is here', 'written while', secret]) {
        expect(everything.includes(planted), `the relay holds ${JSON.stringify(planted)}`).toBe(false);
      }
    });
  } finally {
    await context.close();
    await guest.close();
    await terminal.close();
    await relay.remove();
  }
});
