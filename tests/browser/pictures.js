// Makes the README's pictures anew: `node tests/browser/pictures.js`. They are of a server with timers of all kinds, a minute old.

import { fileURLToPath } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';
import { go, open, startBrowser } from './browser.js';
import { startReceiver, startServer, until } from './server.js';

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const all = [];
const later = { after: (end) => all.unshift(end) };

const server = await startServer(later);
const browser = await startBrowser(later);
const receiver = await startReceiver(later, [503, '{"error":"deploy in progress"}'], [503, '{"error":"deploy in progress"}'], [200, '{"ok":true}']);
const inbox = `${server.url}/inbox`;

/** Creates a timer. */
async function timer(name, duration, { agent, team, intervals, webhook = inbox, ...expire } = {}) {
  const events = { on_expire: { webhook, ...expire }, ...(intervals && { on_progress: { webhook, intervals } }) };
  return (await server.call('POST', '/timers', { name, duration, agent_id: agent, team, events })).timer;
}

await timer('Nightly report', '4s', { agent: 'reporting', team: 'data' });
await timer('Session of u_381', '9s', { agent: 'session-gc', team: 'identity' });
const cancelled = await timer('Merge freeze', '45m', { agent: 'release-bot', team: 'platform' });
await server.call('DELETE', `/timers/${cancelled.id}`, { reason: 'lifted by hand' });
await timer('Trial ends: Acme', '13d 4h', { team: 'growth', intervals: ['50%', '-3d', '-1d'] });
await timer('Research run 17', '6m', { agent: 'gpt-researcher', team: 'lab', intervals: ['25%', '50%', '75%'] });
const paused = await timer('Approval by legal', '2m', { agent: 'contracts', team: 'legal', intervals: ['25%', '50%', '75%'] });
await timer('Checkout reminder', '80s', { agent: 'shop', team: 'payments' });
await timer('Cache refresh', '3m', { agent: 'edge', team: 'platform' });
await timer('Stand-up', '100s', { team: 'platform', intervals: ['-30s'] });
const build = await timer('Build timeout', '75s', { agent: 'build-agent', team: 'platform', webhook: receiver.url, intervals: ['25%', '50%', '-10s'], message: 'Too long!', data: { buildId: 123 } });
await wait(26_000);
await server.call('POST', `/timers/${paused.id}/pause`);
await wait(16_000);
// Its first milestone was taken only after two refusals.
await until('the milestone is delivered', async () => (await server.call('GET', `/timers/${build.id}`)).deliveries.some(({ attempts }) => attempts > 1));

for (const colorScheme of ['light', 'dark']) {
  const context = await browser.newContext({ viewport: { width: 1240, height: 760 }, colorScheme });
  const page = await open(context, server);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.screenshot({ path: `${IMAGES}dashboard-${colorScheme}.png` });
  await go(page, `/timers/${build.id}`);
  await page.locator('.attempt').first().waitFor();
  await page.screenshot({ path: `${IMAGES}timer-${colorScheme}.png` });
  await context.close();
}
for (const end of all) await end();
