// Debian's chromium, and pages in it that must have nothing to complain of.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

/** Starts a browser that ends with the tests that `t` stands for. */
export async function startBrowser(t) {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
  t.after(() => browser.close());
  return browser;
}

/** What pages of a context say on their consoles, refusals by the content security policy among it; at the end there must be none. */
export async function watched(t, browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const complaints = [];
  context.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  context.on('weberror', ({ error }) => complaints.push(String(error())));
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => console.error(`${event.violatedDirective} refuses ${event.blockedURI} ${event.sample}`));
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, [], 'the console stays empty');
  });
  return context;
}

/** A page of the dashboard, signed in by the link that the server prints. */
export async function open(context, server, path = '/timers') {
  const page = await context.newPage();
  await page.goto(server.link);
  await page.getByRole('heading', { level: 1, name: 'Timers' }).waitFor();
  if (path !== '/timers') await go(page, path);
  return page;
}

/** Goes to another of its pages without loading anything anew. */
export async function go(page, path) {
  await page.evaluate((hash) => (location.hash = hash), path);
}
