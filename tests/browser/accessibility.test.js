import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, suite, test } from 'node:test';
import { go, open, startBrowser, watched } from './browser.js';
import { startReceiver, startServer, until } from './server.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

suite('everybody can use it', () => {
  const all = [];
  const later = { after: (end) => all.unshift(end) };
  let server, browser, pages;
  before(async () => {
    server = await startServer(later);
    browser = await startBrowser(later);
    const receiver = await startReceiver(later, [500, 'no']);
    const events = { on_progress: { webhook: receiver.url, intervals: ['25%', '-1m'] }, on_expire: { webhook: receiver.url, message: 'm', data: { a: 1 } } };
    const running = await server.call('POST', '/timers', { duration: '1h', name: 'Running', team: 'blue', events, metadata: { a: [1, 2] } });
    const paused = await server.call('POST', '/timers', { duration: '1h', name: 'Paused' });
    await server.call('POST', `/timers/${paused.timer.id}/pause`);
    const cancelled = await server.call('POST', '/timers', { duration: '1h', name: 'Cancelled' });
    await server.call('DELETE', `/timers/${cancelled.timer.id}`);
    const expired = await server.call('POST', '/timers', { duration: '1ms', name: 'Expired', webhook: receiver.url });
    const webhook = await server.call('POST', '/webhooks', { name: 'Audit', url: receiver.url, events: ['a.b'], maxRetries: 0 });
    await server.call('POST', '/events', { type: 'a.b', data: {} });
    await server.call('POST', '/timers', { duration: '1ms', webhook: `${server.url}/inbox` });
    const failed = await until('a delivery failed', async () => (await server.call('GET', '/deliveries?status=FAILED')).data[0]);
    pages = ['/timers', `/timers/${running.timer.id}`, `/timers/${paused.timer.id}`, `/timers/${expired.timer.id}`, `/timers/${cancelled.timer.id}`, '/new', '/webhooks', `/webhooks/${webhook.data.id}`, '/deliveries', `/deliveries/${failed.id}`, '/insights', '/inbox'];
  });
  after(async () => {
    for (const end of all) await end();
  });

  /** What axe finds serious on a page as it is now. */
  async function serious(page) {
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    return grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).slice(0, 3).join(' | ')}`);
  }

  for (const colorScheme of ['light', 'dark']) {
    for (const [size, viewport] of [['wide', { width: 1280, height: 860 }], ['narrow', { width: 390, height: 844 }]]) {
      test(`axe finds nothing serious on any page: ${colorScheme}, ${size}`, async (t) => {
        const page = await open(await watched(t, browser, { colorScheme, viewport, reducedMotion: 'reduce' }), server);
        for (const path of pages) {
          await go(page, path);
          await page.locator('main h1').waitFor();
          await page.waitForFunction(() => document.querySelector('main')?.textContent.length > 20);
          await page.evaluate(() => document.querySelectorAll('details').forEach((node) => (node.open = true)));
          assert.deepEqual(await serious(page), [], path);
          const [wide, there] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
          assert.ok(wide <= there, `${path} is ${wide} wide on a screen of ${there}`);
        }
        await go(page, pages[1]);
        for (const dialog of ['Extend', 'Fire now', 'Cancel']) {
          await page.getByRole('button', { name: dialog, exact: true }).click();
          await page.getByRole('dialog').waitFor();
          assert.deepEqual(await serious(page), [], dialog);
          await page.keyboard.press('Escape');
        }
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.getByLabel('API key').waitFor();
        assert.deepEqual(await serious(page), [], 'sign in');
      });
    }
  }

  test('the list is walked with arrows, pages with single keys, and a dialog gives the focus back', async (t) => {
    const page = await open(await watched(t, browser), server);
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    await page.getByRole('listitem').first().getByRole('link').focus();
    const first = await focused();
    await page.keyboard.press('ArrowDown');
    assert.notEqual(await focused(), first);
    await page.keyboard.press('ArrowUp');
    assert.equal(await focused(), first);
    await page.keyboard.press('/');
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('type')), 'search');
    await page.keyboard.type('nothing like it');
    await page.getByText('Nothing found').waitFor();
    await page.getByRole('link', { name: 'Webhooks' }).focus();
    await page.keyboard.press('n');
    await page.getByLabel('Duration', { exact: true }).waitFor();
    await go(page, pages[1]);
    const extend = page.getByRole('button', { name: 'Extend' });
    await extend.click();
    await page.keyboard.press('Escape');
    assert.equal(await extend.evaluate((node) => node === document.activeElement), true);
  });

  test('whoever wants no motion gets none', async (t) => {
    const page = await open(await watched(t, browser, { reducedMotion: 'reduce' }), server, pages[1]);
    await page.getByRole('button', { name: 'Extend' }).click();
    const moving = await page.evaluate(() => document.getAnimations().length);
    assert.equal(moving, 0);
  });
});
