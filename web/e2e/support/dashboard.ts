import { expect, type BrowserContext, type Locator, type Page } from '@playwright/test';

/** The dashboard in one tab, by what a person sees and does. */
export class Dashboard {
  constructor(readonly page: Page) {}

  static async open(context: BrowserContext, address: string): Promise<Dashboard> {
    const page = await context.newPage();
    await page.goto(address);
    return new Dashboard(page);
  }

  /** Makes a mesh by its name alone, and then says who is there. */
  async createMesh(name: string, as: string): Promise<void> {
    await this.page.getByLabel('Name of the mesh').fill(name);
    await this.page.getByRole('button', { name: 'Continue' }).click();
    await this.page.getByLabel('Your name').fill(as);
    await this.page.getByRole('button', { name: 'Make the mesh' }).click();
    await expect(this.composer('#general')).toBeVisible();
  }

  composer(target: string): Locator {
    return this.page.getByRole('textbox', { name: `Message ${target}` });
  }

  async say(target: string, text: string): Promise<void> {
    await this.composer(target).fill(text);
    await this.composer(target).press('Enter');
  }

  /** The entry of the open conversation that holds a text. */
  message(text: string): Locator {
    return this.page.getByRole('log', { name: 'Messages' }).getByRole('listitem').filter({ hasText: text });
  }

  async openTopic(name: string): Promise<void> {
    await this.page.getByRole('navigation', { name: 'Conversations' }).getByRole('link', { name: new RegExp(`^${name}`) }).click();
  }

  /** The entry of a member in the list of people. */
  member(name: string): Locator {
    return this.page.getByRole('link', { name: new RegExp(`^${name}\\b.*, (person|agent|connector)`) });
  }

  async writeTo(name: string): Promise<void> {
    await this.member(name).click();
    await expect(this.composer(name)).toBeVisible();
  }

  /** Makes an invite with what the dialog offers first, and returns its link. */
  async invite(): Promise<string> {
    await this.page.getByRole('button', { name: 'Invite', exact: true }).first().click();
    const dialog = this.page.getByRole('dialog');
    const link = dialog.getByRole('textbox', { name: 'Invite link' });
    await expect(link).toBeVisible();
    const text = await link.inputValue();
    await dialog.getByRole('button', { name: 'Close' }).click();
    return text;
  }
}
