// Against a running server: every method does what index.d.ts says of it.
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  AuthenticationError,
  ConflictError,
  InvalidRequestError,
  Minoots,
  MinootsError,
  NotFoundError,
  WEBHOOK_EVENTS,
  WebhookService,
  default as byDefault,
  minoots,
  verifyWebhook,
} from '../index.js';
import { receiver, running, unique, until } from './support.js';

const client = running();

async function all(listing) {
  const found = [];
  for await (const each of listing) found.push(each);
  return found;
}

/** An endpoint of its own for the test, subscribed to an event type of its own unless told otherwise. */
async function endpoint(t, fields) {
  const webhook = await client.webhooks.create({ name: 'test', events: [`${unique()}.happened`], ...fields });
  t.after(() => client.webhooks.delete(webhook.id).catch(() => {}));
  return webhook;
}

test('a timer lives its life', async () => {
  const name = unique();
  const timer = await client.timers.create({ name, duration: '1h', metadata: { a: 1 } });
  assert.deepEqual([timer.name, timer.duration, timer.status], [name, 3_600_000, 'running']);
  assert.equal((await client.timers.update(timer.id, { extend: '30m', name: `${name}!` })).duration, 5_400_000);
  assert.equal((await client.timers.pause(timer.id)).status, 'paused');
  assert.equal((await client.timers.resume(timer.id)).status, 'running');
  assert.equal((await client.timers.fire(timer.id)).status, 'expired');
  const found = await client.timers.get(timer.id);
  assert.deepEqual([found.name, found.status, found.deliveries], [`${name}!`, 'expired', []]);
});

test('a cancellation tells its reason, may be repeated, and comes too late for what has expired', async () => {
  const { id } = await client.timers.create({ duration: '1h' });
  const cancelled = await client.timers.cancel(id, { reason: 'done early' });
  assert.deepEqual([cancelled.status, cancelled.reason], ['cancelled', 'done early']);
  assert.equal((await client.timers.cancel(id)).reason, 'done early');
  const expired = await client.timers.fire((await client.timers.create({ duration: '1h' })).id);
  await assert.rejects(client.timers.cancel(expired.id), (error) => error instanceof ConflictError && error.code === 'INVALID_TIMER_STATUS');
});

test('an instant may be a Date', async () => {
  const expiresAt = new Date(Date.now() + 3_600_000);
  assert.equal((await client.timers.create({ expiresAt })).expiresAt, expiresAt.toISOString());
});

test('a batch gives a result for each, in order', async () => {
  const [first, second] = await client.timers.createBatch([{ duration: '1h', name: 'fine' }, { duration: 'soon' }]);
  assert.deepEqual([first.status, first.timer.name], [201, 'fine']);
  assert.deepEqual([second.status, second.error.code], [400, 'INVALID_DURATION']);
});

test('a list is one page when awaited, and everything, by timers or by pages, when iterated over', async () => {
  const team = unique();
  const made = await client.timers.createBatch(Array.from({ length: 5 }, (_, n) => ({ duration: '1h', name: `${n}`, team })));
  const newestFirst = made.map(({ timer }) => timer.id).reverse();
  const ids = (timers) => timers.map(({ id }) => id);

  const page = await client.timers.list({ team, limit: 2 });
  assert.deepEqual(ids(page.data), newestFirst.slice(0, 2));
  const next = await client.timers.list({ team, limit: 2, cursor: page.nextCursor });
  assert.deepEqual(ids(next.data), newestFirst.slice(2, 4));

  assert.deepEqual(ids(await all(client.timers.list({ team, limit: 2 }))), newestFirst);
  assert.deepEqual(ids(await all(client.timers.list({ team, limit: 2, cursor: page.nextCursor }))), newestFirst.slice(2));
  const pages = await all(client.timers.list({ team, limit: 2 }).pages());
  assert.deepEqual(pages.flatMap(({ data }) => ids(data)), newestFirst);
  assert.ok(pages.every(({ data }) => data.length <= 2));
  assert.deepEqual(await all(client.timers.list({ team, status: 'paused' })), []);
  await assert.rejects(all(client.timers.list({ status: 'done' })), InvalidRequestError);
});

test('a lost answer makes no second timer', async () => {
  const team = unique();
  let calls = 0;
  const losesTheFirst = async (...request) => {
    const response = await fetch(...request);
    await response.text();
    calls += 1;
    if (calls === 1) throw new TypeError('fetch failed');
    return fetch(...request);
  };
  await new Minoots({ fetch: losesTheFirst }).timers.create({ duration: '1h', team });
  assert.equal(calls, 2);
  assert.equal((await client.timers.list({ team })).data.length, 1);
});

test('errors carry status, code and every invalid field', async () => {
  const refused = (call) => call.then(() => assert.fail('it was taken'), (error) => error);
  const invalid = await refused(client.timers.create({ duration: 'soon', name: 5 }));
  assert.ok(invalid instanceof InvalidRequestError);
  assert.equal(invalid.status, 400);
  assert.deepEqual(invalid.details.map(({ path }) => path).sort(), ['duration', 'name']);
  const missing = await refused(client.timers.get('timer_none'));
  assert.ok(missing instanceof NotFoundError);
  assert.equal(missing.code, 'TIMER_NOT_FOUND');
  assert.equal((await refused(client.webhooks.get('whk_none'))).code, 'WEBHOOK_NOT_FOUND');
  assert.equal((await refused(client.deliveries.get('del_none'))).code, 'DELIVERY_NOT_FOUND');
  const stranger = await refused(new Minoots({ apiKey: 'mnt_live_nobody' }).timers.get('a'));
  assert.ok(stranger instanceof AuthenticationError);
  assert.equal(stranger.code, 'INVALID_API_KEY');
});

test('without a key nothing is sent, and the error says what to do', async (t) => {
  const key = process.env.MINOOTS_API_KEY;
  t.after(() => (process.env.MINOOTS_API_KEY = key));
  delete process.env.MINOOTS_API_KEY;
  await assert.rejects(new Minoots().timers.list(), (error) => error instanceof MinootsError && /MINOOTS_API_KEY/.test(error.message));
});

test('the instance from the environment is exported by name and by default', async () => {
  assert.equal(byDefault, minoots);
  assert.equal((await minoots.timers.create({ duration: '1h' })).status, 'running');
});

test('other routes are called by path', async () => {
  assert.equal((await client.request('GET', '/account/usage', { query: { days: 1 } })).success, true);
  const made = await client.request('POST', '/account/api-keys', { body: { mode: 'test' }, idempotencyKey: unique() });
  assert.match(made.apiKey, /^mnt_test_/);
});

test('a key is made, shown without its text, renamed and revoked', async () => {
  const made = await client.account.createApiKey({ name: 'first', mode: 'test' });
  assert.match(made.apiKey, /^mnt_test_/);
  assert.equal('success' in made, false);
  const shown = (await client.account.apiKeys()).find(({ id }) => id === made.id);
  assert.deepEqual([shown.name, shown.mode, 'apiKey' in shown], ['first', 'test', false]);
  assert.ok((await client.account.renameApiKey(made.id, 'second')).some(({ name }) => name === 'second'));
  assert.ok((await client.account.revokeApiKey(made.id)).every(({ id }) => id !== made.id));
});

test('the account shows its secret and its usage, and the service its health', async () => {
  const { secret } = await client.account.webhookSecret();
  const rotated = await client.account.rotateWebhookSecret({ overlap: '1h' });
  assert.notEqual(rotated.secret, secret);
  assert.ok(rotated.previousExpiresAt);
  assert.equal((await client.account.webhookSecret()).secret, rotated.secret);
  assert.equal((await client.account.usage({ days: 2 })).length, 2);
  assert.equal((await client.health()).account.mode, 'live');
});

test('a project and a quick timer are made', async () => {
  assert.deepEqual((await client.projects.create({ name: 'Apollo', settings: { a: 1 } })).settings, { a: 1 });
  assert.equal((await client.timers.quickWait({ duration: '1h', agent_id: 'a' })).agentId, 'a');
});

test('an endpoint is made, read, listed, changed and deleted', async (t) => {
  const { url } = await receiver(t);
  const made = await endpoint(t, { url, description: 'first', retryDelay: 7 });
  assert.match(made.secret, /^whsec_/);
  assert.deepEqual([made.active, made.retryDelay, made.maxRetries], [true, 7, 4]);
  const { secret, ...shown } = made;
  assert.deepEqual(await client.webhooks.get(made.id), shown);
  const changed = await client.webhooks.update(made.id, { active: false });
  assert.deepEqual([changed.active, changed.description], [false, 'first']);
  const listed = async (which) => (await client.webhooks.list(which)).some(({ id }) => id === made.id);
  assert.deepEqual([await listed(), await listed({ includeInactive: true })], [false, true]);
  assert.equal(await client.webhooks.delete(made.id), undefined);
  await assert.rejects(client.webhooks.get(made.id), NotFoundError);
});

test('an event reaches its endpoint, verifies in all three schemes, and is in the history', async (t) => {
  const { url, hits } = await receiver(t);
  const type = `${unique()}.happened`;
  const webhook = await endpoint(t, { url, events: [type] });
  const sent = await client.events.send({ type, data: { text: 'Grüße 🚀' } });
  assert.equal(sent.triggered, 1);
  const [{ headers, body }] = await until(() => hits.length > 0 && hits, 'the webhook');
  for (const scheme of ['standard', 'x-webhook', 'x-minoots']) {
    const payload = await verifyWebhook(body, headers, webhook.secret, { scheme });
    assert.deepEqual([payload.id, payload.type, payload.data], [sent.eventId, type, { text: 'Grüße 🚀' }]);
    await assert.rejects(verifyWebhook(`${body} `, headers, webhook.secret, { scheme }), { code: 'NO_MATCHING_SIGNATURE' });
  }
  const [delivery] = await until(() => all(client.webhooks.deliveries(webhook.id, { status: 'SUCCESS' })).then((found) => found.length && found), 'a delivery');
  assert.deepEqual([delivery.eventId, delivery.attempts, delivery.attemptLog.length], [sent.eventId, 1, 1]);
  assert.deepEqual(await client.deliveries.get(delivery.id), delivery);
  assert.ok((await all(client.deliveries.list({ status: 'SUCCESS' }))).some(({ id }) => id === delivery.id));
  const stats = await client.webhooks.stats(webhook.id);
  assert.deepEqual([stats.totalDeliveries, stats.successRate], [1, 100]);
  assert.equal((await client.deliveries.retry(delivery.id)).id, delivery.id);
  await until(() => hits.length === 2, 'the delivery once more');
  assert.equal(hits[1].headers['webhook-id'], headers['webhook-id']);
});

test('an event of the same id is sent once', async (t) => {
  const { url } = await receiver(t);
  const type = `${unique()}.happened`;
  await endpoint(t, { url, events: [type] });
  const id = unique();
  assert.deepEqual(await client.events.send({ type, data: {}, id }), { eventId: id, triggered: 1 });
  assert.deepEqual(await client.events.send({ type, data: {}, id }), { eventId: id, triggered: 0 });
  await assert.rejects(client.events.send({ type, data: { other: 1 }, id }), ConflictError);
});

test('a test send is a result whether or not it was taken', async (t) => {
  const good = await endpoint(t, { url: (await receiver(t)).url });
  const bad = await endpoint(t, { url: (await receiver(t, 500)).url });
  const taken = await client.webhooks.test(good.id);
  assert.deepEqual([taken.success, taken.responseCode], [true, 200]);
  const refused = await client.webhooks.test(bad.id);
  assert.deepEqual([refused.success, refused.responseCode], [false, 500]);
  assert.match(refused.deliveryId, /^del_/);
});

test('a rotated secret signs beside the old one', async (t) => {
  const { url, hits } = await receiver(t);
  const webhook = await endpoint(t, { url });
  const rotated = await client.webhooks.regenerateSecret(webhook.id, { overlap: '1h' });
  assert.equal(rotated.webhookId, webhook.id);
  assert.notEqual(rotated.secret, webhook.secret);
  await client.webhooks.test(webhook.id);
  for (const secret of [webhook.secret, rotated.secret]) assert.ok(await verifyWebhook(hits[0].body, hits[0].headers, secret));
});

test('failed deliveries are retried, of one endpoint or of all, and counted in the queue', async (t) => {
  const { url } = await receiver(t, 500);
  const type = `${unique()}.happened`;
  const webhook = await endpoint(t, { url, events: [type], maxRetries: 0 });
  await client.events.send({ type, data: {} });
  const failed = () => all(client.webhooks.deliveries(webhook.id, { status: 'FAILED' }));
  await until(async () => (await failed()).length === 1, 'it fails');
  const before = await client.webhooks.queueStats();
  assert.deepEqual(Object.keys(before).sort(), ['active', 'completed', 'delayed', 'failed', 'total', 'waiting']);
  assert.ok(before.failed >= 1);
  assert.deepEqual(await client.webhooks.retryFailed({ webhookId: webhook.id }), { retried: 1 });
  assert.ok((await client.webhooks.retryFailed()).retried >= 0);
  await assert.rejects(client.webhooks.retryFailed({ webhookId: 'whk_none' }), NotFoundError);
});

test('WEBHOOK_EVENTS is the catalogue of the service', async () => {
  const catalogue = await client.webhooks.events();
  assert.deepEqual(Object.values(WEBHOOK_EVENTS).sort(), catalogue.map(({ event }) => event).sort());
  assert.ok(catalogue.every(({ description }) => description.length > 0));
  for (const [name, type] of Object.entries(WEBHOOK_EVENTS)) assert.equal(name, type.toUpperCase().replace('.', '_'));
});

test('WebhookService triggers events for the account of a user', async (t) => {
  const { url, hits } = await receiver(t);
  await endpoint(t, { url, events: [WEBHOOK_EVENTS.PROJECT_UPDATED] });
  const data = { id: 'p1', createdAt: new Date(0) };
  const sent = await WebhookService.triggerEvent({ eventType: WEBHOOK_EVENTS.PROJECT_UPDATED, userId: 'u1', data });
  assert.equal(sent.triggered, 1);
  const [{ body }] = await until(() => hits.length > 0 && hits, 'the webhook');
  assert.deepEqual(JSON.parse(body).data, { id: 'p1', createdAt: '1970-01-01T00:00:00.000Z' });

  class Tenants extends WebhookService {
    static clientFor(userId) {
      return userId === 'u2' ? new Minoots({ apiKey: 'mnt_live_nobody' }) : super.clientFor(userId);
    }
  }
  const event = { eventType: WEBHOOK_EVENTS.USER_UPDATED, data: {} };
  assert.equal((await Tenants.triggerEvent({ ...event, userId: 'u1' })).triggered, 0);
  await assert.rejects(Tenants.triggerEvent({ ...event, userId: 'u2' }), AuthenticationError);
});
