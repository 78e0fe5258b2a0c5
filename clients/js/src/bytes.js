// Bytes, text and the platform's cryptography, in browsers as in Node.

const UTF8 = new TextEncoder();

/** @param {string} text */
export const utf8 = (text) => UTF8.encode(text);

/** @param {Uint8Array} bytes */
export const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** @param {Uint8Array} bytes */
export const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));

/** @param {string} text */
export const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** @param {Uint8Array[]} parts */
export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * Whether two texts are the same, in a time that depends on their length only.
 *
 * @param {string} one
 * @param {string} other
 */
export function sameText(one, other) {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let at = 0; at < one.length; at += 1) difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  return difference === 0;
}

/** @param {number} count */
export async function randomBytes(count) {
  return (await webCrypto()).getRandomValues(new Uint8Array(count));
}

/**
 * @param {Uint8Array<ArrayBuffer>} key
 * @param {Uint8Array<ArrayBuffer>} message
 */
export async function hmacSha256(key, message) {
  const { subtle } = await webCrypto();
  if (!subtle) throw new Error('no WebCrypto here: browsers have it on https pages and on localhost only');
  const imported = await subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return new Uint8Array(await subtle.sign('HMAC', imported, message));
}

/** @returns {Promise<Crypto>} */
async function webCrypto() {
  if (globalThis.crypto) return globalThis.crypto;
  // Node 18 has it in a module only, whose name is in a variable so that bundlers for browsers don't look for it.
  const node = 'node:crypto';
  return (await import(node)).webcrypto;
}
