import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { go, open, startBrowser, watched } from './browser.js';
import { startReceiver, startServer, until } from './server.js';

const MARKUP = '<img src=x onerror="window.taken=1"><script>window.taken=1</script><svg onload="window.taken=1">';

suite('what others say stays text', () => {
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

  test('a hostile answer, name, label, message, reason, path and metadata run nothing on any page', async (t) => {
    const receiver = await startReceiver(t, [500, `${MARKUP}\u202e\u0000 answered`], [200, MARKUP]);
    const webhook = await server.call('POST', '/webhooks', { name: MARKUP.slice(0, 90), url: `${receiver.url}?x=${encodeURIComponent(MARKUP)}`, events: ['hostile.said'], maxRetries: 0, description: MARKUP });
    await server.call('POST', '/events', { type: 'hostile.said', data: { said: MARKUP } });
    const { timer } = await server.call('POST', '/timers', {
      duration: '200ms', name: MARKUP, agent_id: MARKUP, team: MARKUP, metadata: { [MARKUP]: MARKUP, __proto__: null, constructor: MARKUP },
      events: { on_expire: { webhook: `${server.url}/inbox/${encodeURIComponent(MARKUP)}`, message: MARKUP, data: { said: MARKUP }, headers: { 'X-Said': MARKUP } } },
    });
    const cancelled = await server.call('POST', '/timers', { duration: '1h', name: 'javascript:window.taken=1' });
    await server.call('DELETE', `/timers/${cancelled.timer.id}`, { reason: MARKUP });
    const page = await open(await watched(t, browser), server);
    const failed = await until('the delivery failed', async () => (await server.call('GET', '/deliveries?status=FAILED')).data[0]);

    const paths = ['/timers', `/timers/${timer.id}`, `/timers/${cancelled.timer.id}`, '/webhooks', `/webhooks/${webhook.data.id}`, '/deliveries', `/deliveries/${failed.id}`, '/insights', '/inbox'];
    for (const path of paths) {
      await go(page, path);
      await page.locator('main h1, main h2').first().waitFor();
      await page.evaluate(() => document.querySelectorAll('details').forEach((node) => (node.open = true)));
      await page.waitForLoadState('networkidle').catch(() => {});
      const found = await page.evaluate(() => [window.taken, document.querySelectorAll('main img, main script, main iframe, [onerror], [onload], a[href^="javascript:" i]').length]);
      assert.deepEqual(found, [undefined, 0], path);
    }
    await go(page, `/deliveries/${failed.id}`);
    await page.locator('.answer pre').getByText('<img src=x onerror="window.taken=1">').waitFor();
  });

  test('what is not there, and a service that does not answer, are said with what to do', async (t) => {
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await open(context, server, `/timers/${encodeURIComponent(MARKUP)}`);
    await page.getByRole('alert').getByText('Its record may have been deleted').waitFor();
    assert.equal(await page.evaluate(() => window.taken), undefined);
    await go(page, '/no/such/page');
    await page.getByText('There is no such page.').waitFor();
    await context.route('**/webhooks?*', (route) => route.abort());
    await go(page, '/webhooks');
    await page.getByText('The server does not answer.').waitFor();
    await context.unroute('**/webhooks?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('link', { name: MARKUP.slice(0, 30) }).waitFor();
  });

  test('the page refuses markup and code by policy too', async (t) => {
    const page = await open(await watched({ after: () => {} }, browser), server);
    for (const attack of ["document.createElement('div').innerHTML = '<b>x</b>'", "document.createElement('script').src = 'https://other.example/x.js'", "trustedTypes.createPolicy('any', {})", "document.createElement('iframe').srcdoc = '<b>x</b>'"]) {
      await assert.rejects(page.evaluate(attack), /TypeError/, attack);
    }
    await assert.rejects(page.evaluate("fetch('https://other.example/')"), /Failed to fetch/);
    await page.context().close();
  });
});
