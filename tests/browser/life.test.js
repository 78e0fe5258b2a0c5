import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { go, open, startBrowser, watched } from './browser.js';
import { startReceiver, startServer, until } from './server.js';

suite('the life of a timer', () => {
  const all = [];
  const later = { after: (end) => all.unshift(end) };
  let server, browser;
  before(async () => {
    server = await startServer(later);
    browser = await startBrowser(later);
  });
  after(async () => {
    for (const end of all) await end();
  });

  test('made in the form, it counts down, and its attempt appears without a reload', async (t) => {
    const page = await open(await watched(t, browser), server);
    await page.evaluate(() => (window.loadedOnce = true));
    await page.getByRole('link', { name: 'New timer' }).first().click();
    await page.getByLabel('Duration', { exact: true }).fill('2.5s');
    await page.getByText('2 seconds 500 milliseconds').waitFor();
    await page.getByLabel('Name').fill('From the form');
    await page.getByRole('button', { name: 'Use the inbox' }).click();
    await page.getByText('Milestones, message and data').click();
    await page.getByLabel('Milestones').fill('50%, -1s');
    await page.getByLabel('Data').fill('{ "buildId": 123 }');
    await page.getByRole('button', { name: 'Start timer' }).click();

    await page.getByRole('heading', { level: 1, name: 'From the form' }).waitFor();
    const bar = page.getByRole('progressbar');
    const first = Number(await bar.getAttribute('aria-valuenow'));
    const drawn = () => bar.locator('.bar-fill').evaluate((node) => new DOMMatrix(getComputedStyle(node).transform).e);
    const from = await drawn();
    await until('the bar moves', async () => Number(await bar.getAttribute('aria-valuenow')) > first && (await drawn()) > from, 3_000);
    assert.equal(await page.locator('.bar-tick').count(), 2);

    const card = page.getByRole('article', { name: 'Delivery of timer_expired' });
    await card.getByText('Delivered').waitFor();
    assert.equal(await card.locator('.code-badge').textContent(), '200');
    await page.getByText('Expired', { exact: true }).first().waitFor();
    assert.equal(await page.getByRole('article', { name: 'Delivery of timer_progress' }).count(), 2);
    assert.ok(await page.evaluate(() => window.loadedOnce), 'the page was never loaded anew');
  });

  test('an attempt shows the headers that the receiver got, without signatures and without the values of the caller\u2019s own', async (t) => {
    const receiver = await startReceiver(t, 200);
    const page = await open(await watched(t, browser), server);
    const expire = { webhook: receiver.url, headers: { 'X-Own': 'a secret of mine' } };
    const { timer } = await server.call('POST', '/timers', { duration: '100ms', events: { on_expire: expire } });
    await go(page, `/timers/${timer.id}`);
    await page.locator('.attempt summary').click();
    const lines = (await page.locator('.attempt pre').textContent()).split('\n');
    const shown = Object.fromEntries(lines.map((line) => line.split(': ')));
    const got = receiver.received[0].headers;
    const everywhere = ['host', 'accept', 'user-agent', 'content-length', 'connection'];
    assert.deepEqual(Object.keys(shown).sort(), Object.keys(got).filter((name) => !everywhere.includes(name)).sort());
    for (const [name, value] of Object.entries(shown)) {
      if (value.includes('…')) assert.ok(/signature|x-own/.test(name), name);
      else assert.equal(value, got[name], name);
    }
    assert.ok(!(await page.content()).includes(got['webhook-signature']));
  });

  test('an endpoint\u2019s attempts show theirs too', async (t) => {
    const receiver = await startReceiver(t, 200);
    const { data } = await server.call('POST', '/webhooks', { name: 'headers', url: receiver.url, events: ['headers.shown'] });
    await server.call('POST', '/events', { type: 'headers.shown', data: {} });
    const page = await open(await watched(t, browser), server, `/webhooks/${data.id}`);
    await page.locator('.attempt summary').click();
    const lines = (await page.locator('.attempt pre').textContent()).split('\n');
    const got = receiver.received[0].headers;
    for (const [name, value] of lines.map((line) => line.split(': '))) {
      if (!value.includes('…')) assert.equal(value, got[name], name);
    }
    assert.ok(lines.some((line) => line.startsWith('x-webhook-id: evt_')), lines.join('\n'));
  });

  test('a 500 turns into a 200 by replay', async (t) => {
    const receiver = await startReceiver(t, [500, 'not now'], [200, 'thanks']);
    await server.call('POST', '/webhooks', { name: 'once', url: receiver.url, events: ['replay.me'], maxRetries: 0 });
    await server.call('POST', '/events', { type: 'replay.me', data: {} });
    const page = await open(await watched(t, browser), server, '/deliveries');
    const line = page.getByRole('listitem').filter({ hasText: 'replay.me' });
    await line.getByText('The receiver answered 500').waitFor();
    await line.getByRole('link').click();
    const codes = page.locator('.code-badge');
    await codes.getByText('500').waitFor();
    await page.getByText('not now').waitFor();
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByText('Delivered').waitFor();
    assert.deepEqual(await codes.allTextContents(), ['500', '200']);
    await page.getByText('Answer to the last attempt').click();
    await page.getByText('thanks').waitFor();
  });

  test('all that failed is retried at once, after asking', async (t) => {
    const receiver = await startReceiver(t, 500, 500, 500, 200);
    await server.call('POST', '/webhooks', { name: 'three', url: receiver.url, events: ['bulk.failed'], maxRetries: 0 });
    for (let n = 0; n < 3; n += 1) await server.call('POST', '/events', { type: 'bulk.failed', data: { n } });
    const page = await open(await watched(t, browser), server, '/deliveries');
    const lines = page.getByRole('listitem').filter({ hasText: 'bulk.failed' });
    await until('three failed deliveries are listed', async () => (await lines.count()) === 3);
    await page.getByRole('button', { name: 'Retry all failed' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Retry all' }).click();
    await page.getByText('3 failed deliveries are sent again').waitFor();
    await page.getByText('Nothing has failed').waitFor();
    assert.equal(receiver.received.length, 6);
  });

  test('paused, resumed, extended, cancelled with a reason, all by keyboard', async (t) => {
    const { timer } = await server.call('POST', '/timers', { duration: '1h', name: 'Changed by hand' });
    const page = await open(await watched(t, browser), server, `/timers/${timer.id}`);
    const press = async (name, key = 'Enter') => {
      await page.getByRole('button', { name, exact: true }).focus();
      await page.keyboard.press(key);
    };
    await press('Pause');
    await page.getByText('Paused', { exact: true }).first().waitFor();
    await press('Resume', 'Space');
    await page.getByText('Running').waitFor();
    await press('Extend');
    await page.getByLabel('Move the end by').fill('2h');
    await page.keyboard.press('Enter');
    await page.getByText('3h', { exact: true }).waitFor();
    await press('Cancel');
    await page.getByLabel('Reason').fill('no longer <b>needed</b>');
    await page.keyboard.press('Enter');
    await page.getByText('no longer <b>needed</b>').waitFor();
    const read = await server.call('GET', `/timers/${timer.id}`);
    assert.deepEqual([read.timer.status, read.timer.reason, read.timer.duration], ['cancelled', 'no longer <b>needed</b>', 10_800_000]);
  });

  test('fired by hand, and the next retry counts down', async (t) => {
    const receiver = await startReceiver(t, 500);
    const { timer } = await server.call('POST', '/timers', { duration: '1h', webhook: receiver.url });
    const page = await open(await watched(t, browser), server, `/timers/${timer.id}`);
    await page.getByRole('button', { name: 'Fire now' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Fire now' }).click();
    const next = page.locator('.next');
    const left = async () => Number(/Attempt 2 of 5 in ([\d.]+) s/.exec(await next.textContent())?.[1]);
    const first = await until('the next attempt is announced', left);
    await until('it comes nearer', async () => (await left()) < first);
  });

  test('two tabs agree, and the second needs no key', async (t) => {
    const { timer } = await server.call('POST', '/timers', { duration: '1h', name: 'Seen twice' });
    const context = await watched(t, browser);
    const one = await open(context, server, `/timers/${timer.id}`);
    const other = await context.newPage();
    await other.goto(`${server.url}/dashboard`);
    const row = other.getByRole('listitem').filter({ hasText: 'Seen twice' });
    await row.getByText('Running').waitFor();
    // Headless tabs all count as seen, so both go on looking.
    await one.getByRole('button', { name: 'Pause' }).click();
    await row.getByText('Paused').waitFor();
    const [shown, there] = [await one.locator('.clock').textContent(), await row.locator('.row-time').textContent()];
    assert.equal(shown, there);
    await one.getByRole('button', { name: 'Sign out' }).click();
    for (const page of [one, other]) await page.getByLabel('API key').waitFor();
  });

  test('a test is sent to an endpoint and its secret rotated', async (t) => {
    const receiver = await startReceiver(t, 200);
    const page = await open(await watched(t, browser), server, '/webhooks');
    await page.getByRole('button', { name: 'New endpoint' }).click();
    await page.getByLabel('Name').fill('By hand');
    await page.getByLabel('URL').fill(receiver.url);
    await page.getByLabel('Events').fill('session.*, payment.failed');
    await page.getByRole('button', { name: 'Create' }).click();
    const secret = page.getByRole('region', { name: 'Secret' });
    const before = await secret.textContent();
    assert.match(before, /^whsec_/);
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText(/The test was delivered: 200/).waitFor();
    assert.equal(receiver.received[0].headers['x-minoots-event'], 'webhook.test');
    await page.getByRole('button', { name: 'Rotate secret' }).click();
    await page.getByRole('button', { name: 'Rotate', exact: true }).click();
    assert.notEqual(await secret.textContent(), before);
  });

  test('the inbox shows what comes and answers as it is told', async (t) => {
    const page = await open(await watched(t, browser), server, '/inbox');
    await page.getByLabel('Answer to all that comes').selectOption('503');
    await page.getByText('The inbox answers 503 from now on').waitFor();
    const { timer } = await server.call('POST', '/timers', { duration: '100ms', webhook: `${server.url}/inbox/mine`, message: 'into the inbox' });
    const letter = page.locator('.letter').filter({ hasText: '/inbox/mine' }).first();
    await letter.getByText('503', { exact: true }).waitFor();
    await letter.locator('summary').click();
    await letter.getByText('into the inbox').waitFor();
    await letter.getByText(`"${timer.id}"`).waitFor();
    await page.getByLabel('Answer to all that comes').selectOption('200');
    await page.getByRole('button', { name: 'Empty it' }).click();
    await page.getByText('Nothing has come').waitFor();
  });
});
