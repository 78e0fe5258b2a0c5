import { BASE, IS_LOCAL, currentKey, forgetKey } from './session.js';
import { learn } from './clock.js';

/** What the service refused, or why it could not be asked. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {{ status?: number, code?: string, details?: { path: string, message: string }[] }} [more]
   */
  constructor(message, { status = 0, code = 'UNREACHABLE', details = [] } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/**
 * Calls the API with the visitor's key and gives the answer's JSON.
 *
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {string | null} [key]
 * @returns {Promise<any>}
 * @throws {ApiError}
 */
export async function call(method, path, body, key = currentKey()) {
  const headers = new Headers();
  if (key) headers.set('x-api-key', key);
  if (body !== undefined) headers.set('content-type', 'application/json');
  const content = body === undefined ? undefined : JSON.stringify(body);
  // `minoots dev` has the inbox at the root only.
  const base = IS_LOCAL ? '' : BASE;
  const response = await fetch(base + path, { method, headers, body: content, cache: 'no-store' }).catch(() => {
    throw new ApiError('The server does not answer.');
  });
  const answer = await response.json().catch(() => {
    throw new ApiError(`The answer (${response.status}) is not JSON.`, { status: response.status, code: 'UNREADABLE' });
  });
  if (response.ok) {
    learnTime(answer);
    return answer;
  }
  const { code = 'INTERNAL_ERROR', message = answer.detail ?? response.statusText, details = [] } = answer.error ?? {};
  if (response.status === 401 && key && key === currentKey()) forgetKey(message);
  throw new ApiError(message, { status: response.status, code, details });
}

/** @param {string} path */
export const get = (path) => call('GET', path);

/**
 * @param {string} path
 * @param {unknown} [body]
 */
export const post = (path, body) => call('POST', path, body);

/** An id as a part of a path. @param {string} id */
export const part = (id) => encodeURIComponent(id);

/** A running timer says what time it is on the server: its end less what remains. @param {any} answer */
function learnTime(answer) {
  /** @type {any[]} */
  const timers = answer.timers ?? (answer.timer ? [answer.timer] : []);
  const running = timers.find((timer) => timer.status === 'running' && timer.timeRemaining > 0);
  if (running) learn(running.endTime - running.timeRemaining);
  else if (answer.status === 'healthy') learn(Date.parse(answer.timestamp));
  else if (typeof answer.speed === 'number') learn(Date.parse(answer.now), answer.speed);
}
