// `minoots dev` on a port and a folder of its own, and receivers for its webhooks.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BINARY = process.env.MINOOTS_BINARY ?? join(ROOT, 'target/release/minoots');

/** Waits until `look` gives something true, and gives that. */
export async function until(promise, look, within = 20_000) {
  const end = Date.now() + within;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    assert.ok(Date.now() < end, `${promise}: not within ${within / 1000} s`);
    await wait(20);
  }
}

/** Starts a server that ends with the tests that `t` stands for. */
export async function startServer(t, ...options) {
  const folder = await mkdtemp(join(tmpdir(), 'minoots-browser-'));
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MINOOTS_')));
  const process_ = spawn(BINARY, ['dev', '--port', '0', '--data-dir', join(folder, 'data'), ...options], { env: own, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [process_.stdout, process_.stderr]) stream.on('data', (text) => (said += text));
  t.after(async () => {
    if (process_.exitCode === null) {
      process_.kill('SIGTERM');
      await once(process_, 'exit');
    }
    await rm(folder, { recursive: true });
  });
  const link = await until('minoots dev prints its dashboard', () => {
    assert.equal(process_.exitCode, null, said);
    return /Dashboard\s+(\S+)/.exec(said)?.[1];
  });
  const url = new URL(link).origin;
  const key = /API key\s+(\S+)/.exec(said)[1];
  return { url, link, key, call: caller(url, key) };
}

/** Calls the API and gives its answer, which must be a success. */
function caller(url, key) {
  return async (method, path, body) => {
    const response = await fetch(url + path, { method, headers: { 'x-api-key': key }, body: body && JSON.stringify(body) });
    const answer = await response.json();
    assert.ok(response.ok, `${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
}

/** A receiver that answers as told, the last answer again and again: statuses, or statuses with bodies. */
export async function startReceiver(t, ...answers) {
  const received = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    received.push({ headers: request.headers, body });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    const [status, text] = Array.isArray(answer) ? answer : [answer, ''];
    response.writeHead(status, { 'content-type': 'text/html' }).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close().closeAllConnections());
  return { url: `http://127.0.0.1:${server.address().port}/hook`, received };
}
