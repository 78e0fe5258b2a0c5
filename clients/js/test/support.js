import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { Minoots } from '../index.js';

/** A client of the server that the tests are run against: `minoots dev`, with its key in the environment. */
export function running() {
  for (const name of ['MINOOTS_BASE_URL', 'MINOOTS_API_KEY']) {
    if (!process.env[name]) throw new Error(`${name} is not set: these tests talk to a running server`);
  }
  return new Minoots();
}

/** Starts a server on a free port of this machine for the rest of the test `t`; gives its address. */
export async function serving(t, handle) {
  const server = createServer(handle);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** Keeps the webhooks that come, and answers each with `status`. */
export async function receiver(t, status = 200) {
  const hits = [];
  const url = await serving(t, async (request, response) => {
    hits.push({ headers: request.headers, body: await text(request) });
    response.writeHead(status).end();
  });
  return { url, hits };
}

/**
 * Does as told with the n-th request, and as told last with all further ones: answers `{ status, headers, body }`, cuts the
 * connection (`'cut'`), cuts it in the middle of an answer (`'half'`), or never answers (`'hang'`).
 */
export async function scripted(t, ...steps) {
  const requests = [];
  const url = await serving(t, async (request, response) => {
    const step = steps[Math.min(requests.length, steps.length - 1)];
    const { method, url, headers } = request;
    requests.push({ at: Date.now(), method, url, headers, body: await text(request) });
    if (step === 'cut') request.socket.destroy();
    else if (step === 'half') response.writeHead(200, { 'content-length': 1000 }).write('{"success":', () => request.socket.destroy());
    else if (step !== 'hang') response.writeHead(step.status, step.headers).end(step.body);
  });
  return { requests, url, client: (options) => new Minoots({ apiKey: 'mnt_test_scripted', baseUrl: url, ...options }) };
}

export const ok = (answer) => ({ status: 200, body: JSON.stringify({ success: true, ...answer }) });

export const problem = (status, code, headers) => {
  const error = { code, message: `it is ${code}`, details: [{ path: 'name', message: 'is odd' }] };
  return { status, headers, body: JSON.stringify({ success: false, status, error, message: error.message }) };
};

/** Waits until `probe` gives something true, and gives it. */
export async function until(probe, promise) {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`not within 5 s: ${promise}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A name that nothing else on the server has. */
export const unique = () => `t${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
