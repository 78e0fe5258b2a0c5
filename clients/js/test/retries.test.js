// Against a server that misbehaves: what is tried again, when, and what the caller learns.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import test from 'node:test';
import { ApiError, ConflictError, ConnectionError, Minoots, NotFoundError, RateLimitError, ServerError } from '../index.js';
import { ok, problem, scripted } from './support.js';

const TIMER = ok({ timer: { id: 'timer_1' } });
const waits = ({ requests }) => requests.slice(1).map(({ at }, before) => at - requests[before].at);

for (const failure of ['cut', 'half', problem(500, 'INTERNAL_ERROR'), problem(503, 'SERVICE_UNAVAILABLE'), { status: 502, body: 'Bad Gateway' }]) {
  const name = failure.status ?? failure;
  test(`a creation that meets ${name} is repeated under the same idempotency key with the same bytes`, async (t) => {
    const server = await scripted(t, failure, TIMER);
    assert.deepEqual(await server.client().timers.create({ duration: '1h' }), { id: 'timer_1' });
    const [first, second] = server.requests;
    assert.equal(server.requests.length, 2);
    assert.match(first.headers['idempotency-key'], /^[0-9a-f]{32}$/);
    assert.equal(second.headers['idempotency-key'], first.headers['idempotency-key']);
    assert.equal(second.body, first.body);
    assert.ok(waits(server)[0] >= 240, 'not at once');
  });

  test(`a firing that meets ${name} is not repeated: it may have been done`, async (t) => {
    const server = await scripted(t, failure, TIMER);
    await assert.rejects(server.client().timers.fire('timer_1'), name === 'cut' || name === 'half' ? ConnectionError : ServerError);
    assert.equal(server.requests.length, 1);
  });
}

test('each creation has an idempotency key of its own, or the one given', async (t) => {
  const server = await scripted(t, TIMER);
  const { timers } = server.client();
  await timers.create({ duration: '1h' });
  await timers.create({ duration: '1h' });
  await timers.create({ duration: '1h' }, { idempotencyKey: 'order-7' });
  const [first, second, third] = server.requests.map(({ headers }) => headers['idempotency-key']);
  assert.notEqual(first, second);
  assert.equal(third, 'order-7');
});

test('every call that creates carries an idempotency key, and no other does', async (t) => {
  const server = await scripted(t, ok({ timer: {}, results: [], data: {} }));
  const client = server.client();
  await client.timers.createBatch([]);
  await client.webhooks.create({ name: 'n', url: 'https://example.com', events: ['*'] });
  await client.events.send({ type: 'a.b', data: {} });
  assert.ok(server.requests.every(({ headers }) => headers['idempotency-key']));
  server.requests.length = 0;
  await client.timers.get('a');
  await client.timers.update('a', { extend: '1m' });
  await client.timers.cancel('a');
  await client.webhooks.regenerateSecret('a');
  await client.webhooks.test('a');
  assert.ok(server.requests.every(({ headers }) => headers['idempotency-key'] === undefined));
});

for (const code of [429, 503]) {
  test(`Retry-After on ${code} is waited for`, async (t) => {
    const server = await scripted(t, problem(code, 'X', { 'retry-after': '1' }), TIMER);
    await server.client().timers.create({ duration: '1h' });
    assert.ok(waits(server)[0] >= 995, `came again after ${waits(server)[0]} ms`);
  });

  test(`a Retry-After on ${code} longer than the longest wait is thrown at once, with its seconds`, async (t) => {
    const server = await scripted(t, problem(code, 'X', { 'retry-after': '60' }), TIMER);
    await assert.rejects(server.client().timers.get('a'), (error) => error instanceof ApiError && error.retryAfter === 60);
    assert.equal(server.requests.length, 1);
  });
}

test('Retry-After may be a date', async (t) => {
  const server = await scripted(t, problem(429, 'X', { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() }), TIMER);
  const error = await server.client().timers.get('a').catch((error) => error);
  assert.ok(Math.abs(error.retryAfter - 3600) <= 2, `${error.retryAfter}`);
});

test('what was refused with 429 was not done, so even a firing is repeated', async (t) => {
  const server = await scripted(t, problem(429, 'RATE_LIMIT_EXCEEDED', { 'retry-after': '0' }), TIMER);
  await server.client().timers.fire('a');
  assert.equal(server.requests.length, 2);
});

test('409 is repeated when the service says when to come again, and thrown when not', async (t) => {
  const busy = await scripted(t, problem(409, 'CONFLICT', { 'retry-after': '0' }), TIMER);
  await busy.client().timers.create({ duration: '1h' });
  assert.equal(busy.requests.length, 2);
  const taken = await scripted(t, problem(409, 'CONFLICT'), TIMER);
  await assert.rejects(taken.client().timers.create({ duration: '1h', id: 'a' }), ConflictError);
  assert.equal(taken.requests.length, 1);
});

test('retries end after maxRetries, with the last error, and wait longer each time', async (t) => {
  const server = await scripted(t, problem(503, 'SERVICE_UNAVAILABLE'));
  const error = await server.client({ maxRetries: 2 }).timers.get('a').catch((error) => error);
  assert.ok(error instanceof ServerError);
  assert.equal(server.requests.length, 3);
  const [first, second] = waits(server);
  assert.ok(first >= 240 && first < 700 && second >= 490 && second < 1200, `${first}, ${second}`);
  await assert.rejects(server.client({ maxRetries: 0 }).timers.get('a'));
  assert.equal(server.requests.length, 4);
});

test('what the caller got wrong is not repeated', async (t) => {
  const server = await scripted(t, problem(404, 'TIMER_NOT_FOUND'));
  const error = await server.client().timers.get('a').catch((error) => error);
  assert.ok(error instanceof NotFoundError);
  assert.deepEqual([error.name, error.status, error.code, error.message], ['NotFoundError', 404, 'TIMER_NOT_FOUND', 'it is TIMER_NOT_FOUND']);
  assert.deepEqual(error.details, [{ path: 'name', message: 'is odd' }]);
  assert.equal(server.requests.length, 1);
});

test('to extend a timer twice is not the same as once, so a lost answer is told', async (t) => {
  const server = await scripted(t, 'cut', TIMER);
  await assert.rejects(server.client().timers.update('a', { extend: '15m' }), ConnectionError);
  assert.equal(server.requests.length, 1);
  const other = await scripted(t, 'cut', TIMER);
  await other.client().timers.update('a', { duration: '15m' });
  assert.equal(other.requests.length, 2);
});

test('an attempt ends after the time limit, and its cause is told', async (t) => {
  const server = await scripted(t, 'hang', TIMER);
  await server.client({ timeout: 150 }).timers.get('a');
  assert.equal(server.requests.length, 2);
  const hanging = await scripted(t, 'hang');
  const error = await hanging.client({ timeout: 150, maxRetries: 0 }).timers.get('a').catch((error) => error);
  assert.ok(error instanceof ConnectionError);
  assert.match(error.message, /within 150 ms/);
});

/** An address where a server was, and is no more. */
async function abandoned() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

test('where nobody listens, even a firing is repeated, since it was never sent', async () => {
  let calls = 0;
  const fetch = (...args) => {
    calls += 1;
    return globalThis.fetch(...args);
  };
  const client = new Minoots({ apiKey: 'k', baseUrl: await abandoned(), fetch, maxRetries: 1 });
  await assert.rejects(client.timers.fire('a'), (error) => error instanceof ConnectionError && /ECONNREFUSED/.test(error.message));
  assert.equal(calls, 2);
});

test('a signal ends an attempt and a wait at once, with its reason', async (t) => {
  const reason = new Error('enough');
  for (const step of ['hang', problem(503, 'X', { 'retry-after': '20' })]) {
    const server = await scripted(t, step);
    const controller = new AbortController();
    const call = server.client().timers.get('a', { signal: controller.signal });
    const began = Date.now();
    setTimeout(() => controller.abort(reason), 100);
    await assert.rejects(call, reason);
    assert.ok(Date.now() - began < 2_000);
    assert.equal(server.requests.length, 1);
  }
  const server = await scripted(t, TIMER);
  await assert.rejects(server.client().timers.get('a', { signal: AbortSignal.abort(reason) }), reason);
  assert.equal(server.requests.length, 0);
});

test('a redirect is not followed: the key stays here', async (t) => {
  const elsewhere = await scripted(t, TIMER);
  const server = await scripted(t, { status: 307, headers: { location: elsewhere.url } });
  await assert.rejects(server.client().timers.create({ duration: '1h' }), (error) => error instanceof ApiError && error.status === 307);
  assert.equal(elsewhere.requests.length, 0);
});

test('an answer that is not the API\'s is an error that says so', async (t) => {
  for (const answer of [{ status: 200, body: '<html>' }, { status: 418, body: '{"teapot":true}' }]) {
    const server = await scripted(t, answer);
    const error = await server.client().timers.get('a').catch((error) => error);
    assert.deepEqual([error.status, error.code, error.details], [answer.status, 'UNKNOWN', []]);
    assert.match(error.message, /baseUrl/);
  }
});

test('an id stays within its place in the path, and what is none is refused before anything is sent', async (t) => {
  const server = await scripted(t, TIMER);
  const { timers, webhooks } = server.client();
  await timers.get('a/b?c=d#e é');
  assert.equal(server.requests[0].url, '/timers/a%2Fb%3Fc%3Dd%23e%20%C3%A9');
  for (const id of ['', '.', '..', undefined, null, 7]) {
    await assert.rejects(async () => timers.get(id), TypeError);
    await assert.rejects(async () => webhooks.delete(id), TypeError);
  }
  assert.equal(server.requests.length, 1);
});

test('a rate limit is a RateLimitError once the retries are used up', async (t) => {
  const server = await scripted(t, problem(429, 'RATE_LIMIT_EXCEEDED', { 'retry-after': '0' }));
  await assert.rejects(server.client({ maxRetries: 1 }).timers.get('a'), RateLimitError);
  assert.equal(server.requests.length, 2);
});
