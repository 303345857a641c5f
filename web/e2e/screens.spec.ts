import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { Dashboard } from './support/dashboard';
import { Relay } from './support/relay';

// Every screen in both themes and both widths: pictures for people to look at, and axe over each.

const widths = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

for (const scheme of ['light', 'dark'] as const) {
  for (const [device, viewport] of Object.entries(widths)) {
    test(`screens, ${device}, ${scheme}`, async ({ browser }, info) => {
      test.setTimeout(180_000);
      const relay = await Relay.start();
      const context = await browser.newContext({ viewport, colorScheme: scheme, reducedMotion: 'reduce' });
      const stranger = await browser.newContext({ viewport, colorScheme: scheme, reducedMotion: 'reduce' });
      const look = async (at: Dashboard, name: string) => {
        await at.page.screenshot({ path: info.outputPath(`${name}.png`) });
        const { violations } = await new AxeBuilder({ page: at.page }).analyze();
        expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`), `axe on ${name}`).toEqual([]);
      };
      try {
        const ada = await Dashboard.open(context, relay.origin);
        await expect(ada.page.getByLabel('Name of the mesh')).toBeVisible();
        await look(ada, 'first-run');
        await ada.createMesh('Harbour team', 'Ada');
        await look(ada, 'empty-topic');
        const mesh = new URL(ada.page.url()).pathname.split('/').slice(0, 3).join('/');
        const go = (path: string) => ada.page.goto(`${relay.origin}${mesh}${path}`);

        await go('/people');
        await ada.page.getByRole('button', { name: 'Bring in two demo agents' }).first().click();
        await expect(ada.page.getByRole('link', { name: /, agent,/ })).toHaveCount(2, { timeout: 30_000 });
        await look(ada, 'people');

        await go('');
        if (device === 'phone') await ada.openTopic('general');
        await expect(ada.page.getByRole('log', { name: 'Messages' }).getByRole('listitem').first()).toBeVisible({ timeout: 60_000 });
        await look(ada, 'conversation');

        await go('/invites');
        await ada.page.getByRole('button', { name: 'New invite' }).first().click();
        const dialog = ada.page.getByRole('dialog');
        await expect(dialog.getByRole('textbox', { name: 'Invite link' })).toBeVisible();
        await look(ada, 'invite');
        const field = dialog.getByRole('textbox', { name: 'Invite link' });
        const link = await field.inputValue();
        await dialog.getByRole('button', { name: 'Close' }).click();
        await look(ada, 'invites');

        const bo = await Dashboard.open(stranger, link);
        await expect(bo.page.getByRole('heading', { name: 'Join Harbour team' })).toBeVisible();
        await look(bo, 'consent');

        await go('/settings');
        await expect(ada.page.getByLabel('Display name')).toHaveValue('Ada');
        await look(ada, 'settings');

        await ada.page.keyboard.press('Control+k');
        await expect(ada.page.getByRole('dialog')).toBeVisible();
        await ada.page.getByLabel('To', { exact: true }).fill('#gen');
        await look(ada, 'quick-send');
        await ada.page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
        await ada.page.keyboard.press('?');
        await expect(ada.page.getByRole('dialog').getByRole('heading', { name: 'Keys' })).toBeVisible();
        await look(ada, 'help');

        await bo.page.goto(`${relay.origin}/i/AAAAAAAA#AAAAAAAAAAAAAAAAAAAAAQ`);
        await expect(bo.page.getByText('not_found')).toBeVisible();
        await look(bo, 'invite-refused');
      } finally {
        await context.close();
        await stranger.close();
        await relay.remove();
      }
    });
  }
}
