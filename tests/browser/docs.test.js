import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, suite, test } from 'node:test';
import { startBrowser, watched } from './browser.js';
import { startServer } from './server.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

suite('/docs renders the OpenAPI document', () => {
  const all = [];
  const later = { after: (end) => all.unshift(end) };
  let server, browser, document_, operations;
  before(async () => {
    server = await startServer(later);
    browser = await startBrowser(later);
    document_ = await (await fetch(`${server.url}/openapi.json`)).json();
    operations = [document_.paths, document_.webhooks].flatMap((paths) => Object.values(paths).flatMap((methods) => Object.values(methods)));
  });
  after(async () => {
    for (const end of all) await end();
  });

  async function docs(t, { path = '/docs', ...options } = {}) {
    const page = await (await watched(t, browser, { reducedMotion: 'reduce', ...options })).newPage();
    await page.goto(server.url + path);
    await page.locator('article').first().waitFor();
    return page;
  }

  for (const path of ['/docs', '/api/docs']) {
    test(`every operation, webhook and error is on ${path}, and in its list`, async (t) => {
      const page = await docs(t, { path });
      const shown = await page.locator('article').evaluateAll((articles) => articles.map(({ id }) => id));
      assert.deepEqual(shown.toSorted(), operations.map(({ operationId }) => operationId).toSorted());
      const listed = await page.locator('nav a').evaluateAll((links) => links.map((link) => link.hash.slice(1)));
      assert.deepEqual(listed.filter((id) => id !== 'codes').toSorted(), shown.toSorted());
      for (const { operationId, summary } of operations) {
        assert.equal(await page.locator(`#${operationId} h3`).textContent(), summary);
      }
      const errors = await page.locator('#codes').textContent();
      for (const code of document_.components.schemas.ErrorCode.enum) assert.ok(errors.includes(code), code);
    });
  }

  test('the first curl of each operation that needs no id works as copied', async (t) => {
    const page = await docs(t, { permissions: ['clipboard-read', 'clipboard-write'] });
    let run = 0;
    for (const { operationId } of operations) {
      const curl = page.getByRole('button', { name: 'Copy: curl' }).and(page.locator(`#${operationId} button`));
      if (!(await curl.count())) continue;
      await curl.click();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      assert.ok(copied.startsWith('curl '), copied);
      // An id in the body or the path would have to exist.
      if (/\$ID|whk_/.test(copied) || operationId === 'rotateWebhookSecret') continue;
      const said = execFileSync('sh', ['-c', `${copied} --silent`], { env: { ...process.env, MINOOTS_API_KEY: server.key }, encoding: 'utf8' });
      const answer = JSON.parse(said);
      assert.ok(answer.success || answer.status === 'healthy', `${copied}\n${said}`);
      run += 1;
    }
    assert.ok(run >= 15, `${run} were run`);
  });

  test('the field above narrows the list, and Enter goes to what is left', async (t) => {
    const page = await docs(t);
    await page.keyboard.press('/');
    await page.keyboard.type('post pauseTimer');
    assert.equal(await page.locator('nav li:visible').count(), 1);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => location.hash === '#pauseTimer');
    await page.locator('#pauseTimer h3').waitFor();
    assert.ok(await page.locator('#pauseTimer').evaluate((article) => Math.abs(article.getBoundingClientRect().top) < 200));
  });

  test('fields of fields and errors with their examples open on demand', async (t) => {
    const page = await docs(t);
    const create = page.locator('#createTimer');
    await create.getByText('Fields of events').click();
    await create.getByText('Fields of on_progress').click();
    await create.getByText('intervals', { exact: true }).first().waitFor();
    await create.locator('summary', { hasText: 'QUOTA_EXCEEDED' }).click();
    await create.getByText('Retry-After', { exact: true }).last().waitFor();
    await create.getByLabel('Answer: which example').selectOption('QUOTA_EXCEEDED');
    assert.match(await create.locator('.answers pre').last().textContent(), /"code": "QUOTA_EXCEEDED"/);
  });

  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1440, 800, 390]) {
      test(`axe finds nothing serious, and nothing is wider than the screen: ${colorScheme}, ${width}`, async (t) => {
        const page = await docs(t, { colorScheme, viewport: { width, height: 900 } });
        // One of each kind with everything open: all of them would take minutes.
        await page.evaluate(() => document.querySelectorAll('#createTimer details, #listWebhooks details').forEach((node) => (node.open = true)));
        await page.locator('#createTimer .answers pre').last().waitFor();
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
        assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].target} ${nodes[0].failureSummary}`), []);
        const [wide, there] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(wide <= there, `the page is ${wide} wide on a screen of ${there}`);
      });
    }
  }
});
