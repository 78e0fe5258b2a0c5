import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { parseDuration } from '../../shared/dashboard/duration.js';
import { milestone } from '../../shared/dashboard/milestones.js';
import { snippets } from '../../shared/dashboard/snippets.js';
import { open, startBrowser, watched } from './browser.js';
import { startServer } from './server.js';

/** What the tests of shared/src/domain/duration.rs read and refuse, and more that lies near. */
const TEXTS = [
  '900000', '30s', '15m', '6h30m', '2w', '1w 2d', '1.5h', '480.0s', ' 1 H  5 M ', '250ms', '1D', '0.0001ms', '0.00000000000000000001ms', '30m1h', 'PT15M', 'P1W', 'P1DT2H3.5S', 'pt0,5s', '366d',
  '', ' ', '0', '0s', '-5m', '5', 'h', '5x', '5 minutes', '1..5h', '.5h', '5.h', '1h30', 'P', 'PT', 'P1Y', 'P1M', 'P1H', 'PT1M1H', 'PT1H2', '366d1ms', '99999999999999999999999d', '٣m', '1e3s', '5m\0', '367d', 'NaN', '∞',
  '+5m', '+ 5m', '- 5m', '--5m', '\u00855m\u0085', '\ufeff5m', '\u00a05\u2003m', '1h\u2028 2m', 'P1DT', 'PT1H1H', 'P1D1W', 'P1W1D', 'PTT1H', 'p1dt1h', 'K', '1\u212a', '1ſ', 'PT1,S', 'PT,1S', '1,5h', '5constructor', '5__proto__', '0.9999999999999999ms', `${'1'.repeat(129)}`, `${'0'.repeat(120)}1`, `1${' '.repeat(130)}h`,
];
const PIECES = ['1', '7', '0', '12', '.', ',', '5h', '1.5d', 'ms', 's', 'm', 'h', 'd', 'w', 'H', 'M', 'P', 'T', 'PT', 'p', 't', 'Y', ' ', '+', '-', '\u00a0', '0.', '999999', 'x'];
const NUMBERS = ['1', '30', '1.5', '0.0001', '007', '99999999', '2,5', '.5'];
const UNITS = ['ms', 's', 'm', 'h', 'd', 'w', 'S', 'M', 'H', 'D', 'W', ' h ', 'y'];

/** Texts made of a duration's pieces, every second one with numbers and units in turn; the same ones in every run. */
function* madeUp(count) {
  let seed = 20261124;
  // mulberry32
  const next = (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
  const some = (most, piece) => Array.from({ length: 1 + next(most) }, piece).join('');
  const one = (list) => list[next(list.length)];
  for (let n = 0; n < count; n += 1) {
    if (n % 2) yield some(7, () => one(PIECES));
    else yield one(['', '', 'P', 'PT', '+']) + some(3, () => one(NUMBERS) + one(UNITS));
  }
}

suite('the form', () => {
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

  /** What the service makes of timers, a hundred at a time. */
  async function made(timers) {
    const results = [];
    for (let from = 0; from < timers.length; from += 100) results.push(...(await server.call('POST', '/timers/batch', { timers: timers.slice(from, from + 100) })).results);
    return results;
  }

  test('reads and refuses every duration as the service does', async () => {
    const texts = [...TEXTS, ...madeUp(2_000)];
    const results = await made(texts.map((duration) => ({ duration })));
    let read = 0;
    texts.forEach((text, index) => {
      const here = parseDuration(text);
      const there = results[index].timer?.duration ?? 'refused';
      assert.equal('ms' in here ? here.ms : 'refused', there, JSON.stringify(text));
      read += 'ms' in here ? 1 : 0;
    });
    assert.ok(read > 150 && read < texts.length - 150, `${read} of ${texts.length} are durations`);
  });

  test('reads and refuses milestones as the service does', async () => {
    const texts = ['25%', '25', 25, 0.5, '99.9%', '-1m', '-59m59s', '- 5m', ' 50 % ', '100%', '0%', 0, 100, -5, '-1h', '-2h', 'half', '', '%', '1e1', '-PT5M', '+5m'];
    const results = await made(texts.map((text) => ({ duration: '1h', events: { on_progress: { intervals: [text] } } })));
    texts.forEach((text, index) => assert.equal(milestone(text, 3_600_000) !== null, results[index].timer !== undefined, JSON.stringify(text)));
  });

  test('says while one types what a duration means, when it ends, and what is wrong', async (t) => {
    const page = await open(await watched(t, browser, {}, ['400 (Bad Request)', '400 (Bad Request)']), server, '/new');
    const duration = page.getByLabel('Duration', { exact: true });
    await duration.fill('6h30m');
    await page.getByText('6 hours 30 minutes').waitFor();
    const ends = /ends (.*)/.exec(await page.getByText(/Started now, it ends/).textContent())[1];
    const off = Date.parse(ends.replace(' at', '')) - Date.now() - 23_400_000;
    assert.ok(Math.abs(off) < 5_000, `${ends} is ${off} ms off`);
    await duration.fill('6 fortnights');
    await page.getByText(/This is not a duration/).waitFor();
    await page.getByRole('button', { name: 'Start timer' }).click();
    await page.getByText(/"6 fortnights" is not a duration/).waitFor();
    assert.equal(await duration.evaluate((node) => node === document.activeElement), true);
    await duration.fill('5m');
    await page.getByText('Milestones, message and data').click();
    await page.getByLabel('Milestones').fill('-10m');
    await page.getByText('each must lie strictly within the timer').waitFor();
    await page.getByLabel('Milestones').fill('');
    await page.getByLabel('Data').fill('{ "a": ');
    await page.getByText(/is not JSON/).waitFor();
    await page.getByLabel('Webhook').fill('ftp://example.com/');
    await page.getByLabel('Data').fill('');
    await page.getByRole('button', { name: 'Start timer' }).click();
    await page.locator('.fault').getByText(/https/).waitFor();
  });

  test('copies the request as code', async (t) => {
    const context = await watched(t, browser, { permissions: ['clipboard-read', 'clipboard-write'] });
    const page = await open(context, server, '/new');
    await page.getByRole('tab', { name: 'curl' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('button', { name: 'Copy the JavaScript code' }).click();
    await page.getByText('the JavaScript code copied').waitFor();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^const response = await fetch\(/);
  });

  const HARD = { duration: '1h', name: `O'Brien "says" \\ $HOME \`id\` é💥 "# \n`, events: { on_expire: { message: "it's", data: { ok: true, none: null, list: [1, 2.5, -3e-7, 1e21, 4294967296], 'a-b': {}, ['__proto__']: 'kept', deep: { '"##': false } } } } };
  const RUN = {
    curl: async (folder, text, env) => promisify(execFile)('bash', ['-c', text], { cwd: folder, env }),
    JavaScript: async (folder, text, env) => {
      await writeFile(join(folder, 'snippet.mjs'), text);
      return promisify(execFile)(process.execPath, ['snippet.mjs'], { cwd: folder, env });
    },
    Python: async (folder, text, env) => {
      await writeFile(join(folder, 'snippet.py'), text);
      return promisify(execFile)('python3', ['snippet.py'], { cwd: folder, env });
    },
    Rust: async (folder, text, env) => {
      await cp(join(import.meta.dirname, 'snippet'), folder, { recursive: true });
      await writeFile(join(folder, 'snippet.rs'), text);
      const target = join(import.meta.dirname, '../../target/snippet');
      return promisify(execFile)('cargo', ['run', '--quiet', '--locked'], { cwd: folder, env: { ...env, CARGO_TARGET_DIR: target } });
    },
  };
  for (const [name, run] of Object.entries(RUN)) {
    test(`the ${name} code makes just this timer`, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'minoots-snippet-'));
      t.after(() => rm(folder, { recursive: true }));
      for (const body of [{ duration: '15m' }, HARD]) {
        const { text } = snippets(server.url, body).find((snippet) => snippet.name === name);
        const { stdout } = await run(folder, text, { ...process.env, MINOOTS_API_KEY: server.key });
        const [id] = /timer_[0-9a-f]+/.exec(stdout);
        const { timer } = await server.call('GET', `/timers/${id}`);
        assert.equal(timer.name, body.name ?? id);
        assert.deepEqual(timer.events, body.events ?? {});
      }
    });
  }
});
