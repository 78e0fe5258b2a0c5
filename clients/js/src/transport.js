// One call of the API: as many attempts as it takes and as are safe.
import { ConnectionError, MinootsError, apiError } from './errors.js';
import { randomBytes, toHex } from './bytes.js';
import { backoff, retryAfterSeconds, sleep } from './waiting.js';

/** An attempt that failed in one of these ways never reached the service. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/**
 * @typedef {object} Call
 * @property {Record<string, unknown>} [query] left out where undefined
 * @property {unknown} [body]
 * @property {boolean} [creates] carries an Idempotency-Key, so that a repetition makes nothing twice
 * @property {boolean} [repeatable] whether doing it twice is as good as once; by default all but POST are
 * @property {import('../index.js').RequestOptions} [options]
 */

/** @typedef {(method: string, path: string, call?: Call) => Promise<any>} Send */

export class Transport {
  #options;

  /** @param {import('../index.js').ClientOptions} options */
  constructor(options) {
    this.#options = { maxRetries: 3, timeout: 30_000, maxRetryWait: 30_000, ...options };
    for (const name of /** @type {const} */ (['maxRetries', 'timeout', 'maxRetryWait'])) {
      if (!(this.#options[name] >= 0)) throw new TypeError(`${name} must be a number of at least 0`);
    }
  }

  /** @type {Send} */
  async send(method, path, { query = {}, body, creates = false, repeatable = method !== 'POST', options = {} } = {}) {
    const url = this.#url(path, query);
    /** @type {Record<string, string>} */
    const headers = { accept: 'application/json', authorization: `Bearer ${this.#apiKey()}` };
    if (body !== undefined) headers['content-type'] = 'application/json';
    // The same key and the same bytes in every attempt.
    if (creates) headers['idempotency-key'] = options.idempotencyKey ?? toHex(await randomBytes(16));
    const request = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };

    for (let failures = 0; ; failures += 1) {
      options.signal?.throwIfAborted();
      const outcome = await this.#attempt(url, request, options.signal);
      if ('answer' in outcome) return outcome.answer;
      const mayRepeat = outcome.untouched || ((repeatable || creates) && outcome.transient);
      const wait = outcome.retryAfter === undefined ? backoff(failures) : outcome.retryAfter * 1000;
      if (!mayRepeat || failures >= this.#options.maxRetries || wait > this.#options.maxRetryWait) throw outcome.error;
      await sleep(wait, options.signal);
    }
  }

  /**
   * @param {string} url
   * @param {RequestInit} request
   * @param {AbortSignal} [signal]
   */
  async #attempt(url, request, signal) {
    const controller = new AbortController();
    const abort = () => controller.abort();
    const { timeout, fetch = globalThis.fetch } = this.#options;
    const timer = setTimeout(abort, timeout);
    signal?.addEventListener('abort', abort);
    try {
      // A redirect is not followed: it would turn a POST into a GET, or take the key elsewhere.
      const response = await fetch(url, { ...request, redirect: 'manual', signal: controller.signal });
      return await read(response);
    } catch (cause) {
      signal?.throwIfAborted();
      const late = controller.signal.aborted && `no whole answer within ${timeout} ms`;
      const error = new ConnectionError(`${request.method} ${url.split('?')[0]}: ${late || reason(cause)}`, { cause });
      return { error, untouched: NEVER_SENT.has(codeOf(cause)), transient: true, retryAfter: undefined };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  #apiKey() {
    const key = this.#options.apiKey ?? environment('MINOOTS_API_KEY');
    if (!key) throw new MinootsError('no API key: pass apiKey, or set MINOOTS_API_KEY in the environment');
    return key;
  }

  /**
   * @param {string} path
   * @param {Record<string, unknown>} query
   */
  #url(path, query) {
    const base = this.#options.baseUrl ?? environment('MINOOTS_BASE_URL') ?? 'http://127.0.0.1:3001';
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = String(new URLSearchParams(given.map(([name, value]) => [name, String(value)])));
    return `${base.replace(/\/+$/, '')}${path}${search && `?${search}`}`;
  }
}

/** @param {Response} response */
async function read(response) {
  const text = await response.text();
  const answer = parsed(text);
  if (response.ok && answer !== undefined) return { answer };
  const { status } = response;
  const retryAfter = retryAfterSeconds(response.headers.get('retry-after'));
  return {
    error: apiError(status, answer, retryAfter),
    // 409 with Retry-After: something else was at it, and this was not done.
    untouched: status === 429 || (status === 409 && retryAfter !== undefined),
    transient: status === 408 || status >= 500,
    retryAfter,
  };
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {any} error */
const codeOf = (error) => error?.cause?.code;

/** @param {any} error */
const reason = (error) => error?.cause?.message || codeOf(error) || error?.message || String(error);

/** @param {string} name */
function environment(name) {
  return /** @type {any} */ (globalThis).process?.env?.[name] || undefined;
}
