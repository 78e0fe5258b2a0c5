// Debian's chromium, and pages in it that must have nothing to complain of.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

/** Starts a browser that ends with the tests that `t` stands for. */
export async function startBrowser(t) {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
  t.after(() => browser.close());
  return browser;
}

/**
 * A context whose pages' consoles stay empty to the end: no error, and no refusal by the content security policy. The browser itself
 * notes there every answer that is an error, so a test that provokes some says which.
 */
export async function watched(t, browser, options = {}, refusals = []) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const complaints = [];
  context.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  context.on('weberror', ({ error }) => complaints.push(String(error())));
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => console.error(`${event.violatedDirective} refuses ${event.blockedURI} ${event.sample}`));
  });
  t.after(async () => {
    await context.close();
    const noted = refusals.map((status) => `error: Failed to load resource: the server responded with a status of ${status}`);
    assert.deepEqual(complaints, noted, 'the console stays empty');
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
