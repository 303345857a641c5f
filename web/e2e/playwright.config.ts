import { fileURLToPath } from 'node:url';
import { defineConfig } from '@playwright/test';

// The same launcher as for the Go tests in the browser: it knows the flags that a
// machine without network needs, and CHROMIUM. Playwright downloads no browser.
const browser = fileURLToPath(new URL('../../scripts/browser/headless_shell', import.meta.url));

export default defineConfig({
  testDir: '.',
  outputDir: '../test-results',
  forbidOnly: true,
  retries: 0,
  workers: 1,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  globalTimeout: 8 * 60_000,
  use: {
    actionTimeout: 15_000,
    launchOptions: { executablePath: browser, chromiumSandbox: process.getuid?.() !== 0 },
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
  },
});
