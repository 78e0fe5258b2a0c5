import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { after, before, suite, test } from 'node:test';
import { startBrowser } from './browser.js';
import { startServer } from './server.js';

/** Calls with headers that `fetch` does not let one set. */
function raw(url, method, headers) {
  return new Promise((resolve, reject) => {
    const call = request(url, { method, headers, agent: false }, async (response) => {
      let body = '';
      for await (const piece of response) body += piece;
      resolve({ status: response.statusCode, headers: response.headers, body });
    });
    call.on('error', reject);
    call.end();
  });
}

suite('who may call a local server', () => {
  const all = [];
  const later = { after: (end) => all.unshift(end) };
  let server, browser, port;
  before(async () => {
    server = await startServer(later, '--allow-host', 'minoots.example.com');
    browser = await startBrowser(later);
    port = new URL(server.url).port;
  });
  after(async () => {
    for (const end of all) await end();
  });

  test('a foreign name is refused, whatever is asked for', async () => {
    for (const path of ['/dashboard', '/dashboard/changes', '/inbox', '/health', '/timers', '/no/such/place']) {
      for (const host of ['evil.example', `127.0.0.1.evil.example:${port}`]) {
        const { status, body } = await raw(server.url + path, 'GET', { host, 'x-api-key': server.key });
        assert.equal(status, 403, `${host}${path}`);
        assert.equal(JSON.parse(body).error.code, 'INSUFFICIENT_PERMISSIONS');
      }
    }
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, 'minoots.example.com']) {
      assert.equal((await raw(`${server.url}/dashboard`, 'GET', { host })).status, 200, host);
    }
  });

  test('a foreign origin is refused', async () => {
    for (const origin of ['https://evil.example', 'null', 'http://localhost:1']) {
      for (const [method, path] of [['POST', '/inbox'], ['PUT', '/inbox'], ['POST', '/timers']]) {
        const { status } = await raw(server.url + path, method, { host: `localhost:${port}`, origin, 'x-api-key': server.key });
        assert.equal(status, 403, `${origin} ${method} ${path}`);
      }
    }
  });

  test('another site that is open in the browser reads nothing and changes nothing', async (t) => {
    await server.call('DELETE', '/inbox');
    const site = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<title>other</title><form method="post"></form>'));
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    t.after(() => site.close().closeAllConnections());
    const page = await browser.newPage();
    t.after(() => page.close());
    await page.goto(`http://localhost:${site.address().port}/`);
    const tried = await page.evaluate(async (url) => {
      const outcomes = {};
      const attempt = async (name, options) => {
        outcomes[name] = await fetch(`${url}/inbox`, options).then((answer) => answer.type, () => 'refused');
      };
      await attempt('read', {});
      await attempt('post', { method: 'POST', body: 'x' });
      await attempt('blind', { method: 'POST', body: 'x', mode: 'no-cors' });
      await attempt('put', { method: 'PUT', body: '{"answer":500}' });
      await attempt('delete', { method: 'DELETE' });
      return outcomes;
    }, server.url);
    assert.deepEqual(tried, { read: 'refused', post: 'refused', blind: 'opaque', put: 'refused', delete: 'refused' });
    await page.evaluate((url) => {
      document.forms[0].action = `${url}/inbox`;
      document.forms[0].submit();
    }, server.url);
    await page.getByText('another site').waitFor();
    assert.deepEqual((await server.call('GET', '/inbox')).requests, []);
  });

  test('no other page may frame the dashboard, and a link may lead to it', async (t) => {
    const site = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(`<iframe src="${server.url}/dashboard"></iframe><a href="${server.url}/dashboard">go</a>`));
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    t.after(() => site.close().closeAllConnections());
    const page = await browser.newPage();
    t.after(() => page.close());
    const complaint = page.waitForEvent('console', (message) => /frame-ancestors/.test(message.text()));
    await page.goto(`http://localhost:${site.address().port}/`);
    await complaint;
    await page.getByText('go').click();
    await page.getByLabel('API key').waitFor();
  });

  test('a wrong key is refused in words and a right one opens', async (t) => {
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    await page.goto(`${server.url}/dashboard`);
    await page.getByLabel('API key').fill('mnt_live_wrong');
    await page.keyboard.press('Enter');
    await page.getByText('This API key is unknown or was revoked').waitFor();
    await page.getByLabel('API key').fill(server.key);
    await page.keyboard.press('Enter');
    await page.getByText('No timers yet').waitFor();
    const kept = await page.evaluate(() => [localStorage.length, document.cookie, location.href]);
    assert.deepEqual(kept, [0, '', `${server.url}/dashboard`]);
  });

  test('the link with the key leaves no key in the address, and opens also where the page asks for it', async (t) => {
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    await page.goto(`${server.url}/dashboard`);
    await page.getByLabel('API key').waitFor();
    await page.goto(server.link);
    await page.getByText('No timers yet').waitFor();
    assert.equal(page.url(), `${server.url}/dashboard`);
  });

  test('files say what they are and how long they may be kept', async () => {
    const { headers, body } = await raw(`${server.url}/dashboard`, 'GET', {});
    assert.match(headers['content-type'], /^text\/html/);
    assert.equal(headers['cache-control'], 'no-cache');
    assert.match(headers['content-security-policy'], /default-src 'none'.*require-trusted-types-for 'script'/);
    assert.doesNotMatch(headers['content-security-policy'], /unsafe|\*|data:|http/);
    const again = await raw(`${server.url}/dashboard`, 'GET', { 'if-none-match': headers.etag });
    assert.deepEqual([again.status, again.body], [304, '']);
    const files = [...body.matchAll(/(?:href|src)="(dashboard\/[^"]+)"/g)].map(([, file]) => file);
    assert.ok(files.length > 20);
    const kinds = { js: /^text\/javascript/, css: /^text\/css/, svg: /^image\/svg\+xml$/ };
    let bytes = body.length;
    for (const file of new Set(files)) {
      const served = await raw(`${server.url}/${file}`, 'GET', {});
      assert.equal(served.status, 200, file);
      assert.match(served.headers['content-type'], kinds[file.split('.').pop()], file);
      assert.equal(served.headers['cache-control'], 'public, max-age=31536000, immutable');
      assert.equal(served.headers['x-content-type-options'], 'nosniff');
      assert.equal((await raw(`${server.url}/${file}`, 'GET', { 'if-none-match': served.headers.etag })).status, 304);
      bytes += served.body.length;
    }
    assert.ok(bytes < 150_000, `${bytes} bytes`);
    const of_another_version = files[0].replace(/[0-9a-f]{16}/, '0123456789abcdef');
    assert.equal((await raw(`${server.url}/${of_another_version}`, 'GET', {})).headers['cache-control'], 'no-store');
    assert.equal((await raw(`${server.url}/dashboard/x/nothing.js`, 'GET', {})).status, 404);
    const slash = await raw(`${server.url}/dashboard/`, 'GET', {});
    assert.deepEqual([slash.status, new URL(slash.headers.location, `${server.url}/dashboard/`).pathname], [308, '/dashboard']);
    assert.equal((await raw(`${server.url}/api/dashboard`, 'HEAD', {})).status, 200);
  });
});
