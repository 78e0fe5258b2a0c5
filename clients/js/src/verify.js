import { fromBase64, hmacSha256, joined, sameText, toBase64, toHex, utf8 } from './bytes.js';
import { WebhookVerificationError } from './errors.js';

/**
 * A way of signing: where the signature is, what it is worked out from, and how it is written.
 *
 * @typedef {object} Scheme
 * @property {string} signature
 * @property {string} [timestamp]
 * @property {string} [id]
 * @property {(secret: string) => Uint8Array<ArrayBuffer>} key
 * @property {(digest: Uint8Array) => string} written
 * @property {boolean} [several] whether the header may list more than one, with blanks between
 */

/** @type {Record<import('../index.js').SignatureScheme, Scheme>} */
const SCHEMES = {
  standard: {
    id: 'webhook-id',
    timestamp: 'webhook-timestamp',
    signature: 'webhook-signature',
    key: standardKey,
    written: (digest) => `v1,${toBase64(digest)}`,
    several: true,
  },
  'x-webhook': {
    timestamp: 'x-webhook-timestamp',
    signature: 'x-webhook-signature',
    key: utf8,
    written: toHex,
  },
  'x-minoots': {
    signature: 'x-minoots-signature',
    key: utf8,
    written: (digest) => `sha256=${toHex(digest)}`,
  },
};

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * The bytes behind `whsec_`; of a secret that an operator chose, its text.
 *
 * @param {string} secret
 */
function standardKey(secret) {
  const encoded = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : '';
  return encoded && BASE64.test(encoded) ? fromBase64(encoded) : utf8(secret);
}

/**
 * @param {import('../index.js').RawBody} body
 * @param {import('../index.js').HeadersLike} headers
 * @param {string | readonly string[]} secrets
 * @param {import('../index.js').VerifyOptions} [options]
 * @returns {Promise<any>}
 */
export async function verifyWebhook(body, headers, secrets, { scheme = 'standard', tolerance = 300 } = {}) {
  const bytes = rawBytes(body);
  const keys = checkedSecrets(secrets);
  const how = SCHEMES[scheme];
  if (!how) throw new TypeError(`scheme must be one of ${Object.keys(SCHEMES).join(', ')}`);
  // NaN would compare as within any tolerance.
  if (!(tolerance >= 0)) throw new TypeError('tolerance must be a number of seconds, at least 0');

  const given = required(headers, how.signature);
  const before = [how.id, how.timestamp].filter((name) => name !== undefined).map((name) => `${required(headers, name)}.`);
  if (how.timestamp) checkAge(required(headers, how.timestamp), tolerance);

  const candidates = how.several ? given.split(' ') : [given];
  const message = joined([utf8(before.join('')), bytes]);
  let matches = false;
  for (const key of keys) {
    const expected = how.written(await hmacSha256(how.key(key), message));
    for (const candidate of candidates) matches = sameText(candidate, expected) || matches;
  }
  if (!matches) throw new WebhookVerificationError('NO_MATCHING_SIGNATURE', `${how.signature} is not by any of the secrets given`);
  return payload(bytes);
}

/** @param {import('../index.js').RawBody} body */
function rawBytes(body) {
  if (typeof body === 'string') return utf8(body);
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  throw new TypeError('the body must be as it came, text or bytes: what was parsed and written again may differ from what was signed');
}

/** @param {string | readonly string[]} secrets */
function checkedSecrets(secrets) {
  const list = Array.isArray(secrets) ? secrets : [secrets];
  const usable = list.length > 0 && list.every((secret) => typeof secret === 'string' && secret !== '');
  // An unset variable must not become a key that anybody can guess.
  if (!usable) throw new TypeError('a secret is required: a text that is not empty, or several of them');
  return list;
}

/**
 * @param {import('../index.js').HeadersLike} headers
 * @param {string} name in lower case
 */
function required(headers, name) {
  const value = header(headers, name);
  if (typeof value !== 'string' || value === '') throw new WebhookVerificationError('MISSING_HEADER', `the request has no ${name}`);
  return value;
}

/**
 * @param {any} headers
 * @param {string} name
 */
function header(headers, name) {
  if (typeof headers?.get === 'function') return headers.get(name) ?? undefined;
  const found = Object.keys(headers ?? {}).find((key) => key.toLowerCase() === name);
  return found === undefined ? undefined : headers[found];
}

/**
 * @param {string} timestamp
 * @param {number} tolerance
 */
function checkAge(timestamp, tolerance) {
  if (!/^\d{1,15}$/.test(timestamp)) throw new WebhookVerificationError('BAD_TIMESTAMP', `not unix seconds: ${timestamp}`);
  const age = Math.floor(Date.now() / 1000) - Number(timestamp);
  if (Math.abs(age) <= tolerance) return;
  const said = age > 0 ? `${age} s old` : `${-age} s ahead of this clock`;
  throw new WebhookVerificationError('TIMESTAMP_OUT_OF_TOLERANCE', `the request is ${said}; ${tolerance} s are tolerated`);
}

/** @param {Uint8Array} bytes */
function payload(bytes) {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new WebhookVerificationError('NOT_JSON', 'the body is signed, but is not JSON', { cause });
  }
}
