import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { go, open, startBrowser, watched } from './browser.js';
import { startServer, until } from './server.js';

suite('many timers, and a deployed server', () => {
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

  test('10,000 timers scroll without stutter', async (t) => {
    for (let batch = 0; batch < 100; batch += 1) {
      const timers = Array.from({ length: 100 }, (_, n) => ({ duration: `${1 + batch}h`, name: `Timer ${batch * 100 + n}`, events: { on_progress: { intervals: ['25%', '50%', '75%'] } } }));
      await server.call('POST', '/timers/batch', { timers });
    }
    const page = await open(await watched(t, browser), server);
    const loaded = () => page.evaluate(() => document.querySelector('.rows').clientHeight / 65);
    await until('all are reached by scrolling', async () => {
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
      return (await loaded()) >= 10_000;
    }, 120_000);
    await page.getByText('10,000 timers').waitFor();
    assert.ok((await page.locator('.row-item').count()) < 60, 'only what is on the screen has elements');
    const gaps = await page.evaluate(async () => {
      const frames = [];
      let last = performance.now();
      for (let step = 0; step < 120; step += 1) {
        scrollTo(0, (step * 5_417) % document.body.scrollHeight);
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        frames.push(now - last);
        last = now;
      }
      return frames.sort((one, other) => one - other);
    });
    t.diagnostic(`between two frames while scrolling: median ${gaps[60].toFixed(1)} ms, 95 of 100 within ${gaps[114].toFixed(1)} ms`);
    // A machine that is busy with other things shows fewer; a list that lays out every row shows one a second.
    assert.ok(gaps[60] < 100, `half of the frames take ${gaps[60]} ms`);
    await page.evaluate(() => scrollTo(0, 0));
    await page.getByText('Timer 9999').waitFor();
    const places = await page.locator('.row-item').evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('aria-posinset'))));
    assert.deepEqual(places, [...places].sort((one, other) => one - other), 'rows stand in the order in which they are shown');
    const { timer } = await server.call('POST', '/timers', { duration: '1h', name: 'One more' });
    await page.getByText('One more').waitFor();
    await server.call('DELETE', `/timers/${timer.id}`);
    await page.getByRole('listitem').filter({ hasText: 'One more' }).getByText('Cancelled').waitFor();
  });

  test('behind a gateway\u2019s stage it polls, has no inbox, and asks for the key', async (t) => {
    const context = await watched(t, browser);
    const asked = [];
    // The gateway: it knows the stage, and the server behind it is none for development.
    const answer = async (/** @type {import('playwright-core').Route} */ route) => {
      const url = new URL(route.request().url());
      asked.push(url.pathname);
      assert.match(url.pathname, /^\/prod\//, 'everything is asked for below the stage');
      const response = await route.fetch({ url: server.url + url.pathname.slice('/prod'.length) + url.search });
      const isPage = url.pathname === '/prod/dashboard';
      await route.fulfill({ response, ...(isPage && { body: (await response.text()).replace('data-server="local"', 'data-server="deployed"') }) });
    };
    // A page that polls may ask once more while it is closed: nobody waits for that answer.
    const unlessOver = (/** @type {Error} */ error) => {
      if (!/disposed|closed/.test(error.message)) throw error;
    };
    await context.route(`${server.url}/**`, (route) => answer(route).catch(unlessOver));
    const page = await context.newPage();
    await page.goto(`${server.url}/prod/dashboard`);
    await page.getByLabel('API key').fill(server.key);
    await page.keyboard.press('Enter');
    await page.getByText('Every 5 s').waitFor();
    assert.equal(await page.getByRole('link', { name: 'Inbox' }).count(), 0);
    const { timer } = await server.call('POST', '/timers', { duration: '1h', name: 'Seen by polling' });
    await page.getByText('Seen by polling').waitFor();
    await server.call('POST', `/timers/${timer.id}/pause`);
    await page.getByRole('listitem').filter({ hasText: 'Seen by polling' }).getByText('Paused').waitFor();

    await go(page, '/deliveries');
    await page.getByText('On request').waitFor();
    await page.getByText('Nothing has failed').waitFor();
    // A list that costs the service much is looked at again only on request.
    const looks = () => asked.filter((path) => path === '/prod/deliveries').length;
    const before = looks();
    await page.getByRole('button', { name: 'On request' }).click();
    await until('it looks on request', () => looks() === before + 1);
  });

  test('where the server\u2019s time goes faster, the countdown does too', async (t) => {
    const hasty = await startServer(t, '--speed', '600');
    const { timer } = await hasty.call('POST', '/timers', { duration: '3d' });
    const page = await open(await watched(t, browser), hasty, `/timers/${timer.id}`);
    const left = async () => {
      const [, days = 0, h, m, s] = /^(?:(\d)d )?(\d+):(\d+):(\d+)$/.exec(await page.locator('.clock').textContent()) ?? [];
      return ((Number(days) * 24 + Number(h)) * 60 + Number(m)) * 60 + Number(s);
    };
    await page.waitForFunction(() => /:/.test(document.querySelector('.clock')?.textContent ?? ''));
    const [first, began] = [await left(), Date.now()];
    await until('ten minutes pass', async () => (await left()) < first - 600);
    const real = (Date.now() - began) / 1000;
    assert.ok(real < 8, `ten minutes took ${real} s`);
    const there = (await hasty.call('GET', `/timers/${timer.id}`)).timer.timeRemaining / 1000;
    assert.ok(Math.abs((await left()) - there) < 600, 'the page and the server agree to a second of real time');
  });

  test('a hidden tab asks for nothing', async (t) => {
    const context = await watched(t, browser);
    await context.addInitScript(() => {
      window.hide = (hidden) => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event('visibilitychange'));
      };
    });
    const page = await open(context, server);
    await page.getByText('Live', { exact: true }).waitFor();
    let asked = 0;
    page.on('request', () => (asked += 1));
    await page.evaluate(() => window.hide(true));
    const hidden = asked;
    const { timer } = await server.call('POST', '/timers', { duration: '1h', name: 'Made meanwhile' });
    await server.call('POST', `/timers/${timer.id}/pause`);
    // Another visitor's page, which is seen, learns of it and looks at the clock again; this one was told nothing.
    const other = await open(await watched(t, browser), server);
    await other.getByRole('listitem').filter({ hasText: 'Made meanwhile' }).getByText('Paused').waitFor();
    await other.waitForResponse(/clock/);
    assert.equal(asked, hidden);
    await page.evaluate(() => window.hide(false));
    await page.getByRole('listitem').filter({ hasText: 'Made meanwhile' }).getByText('Paused').waitFor();
  });
});
