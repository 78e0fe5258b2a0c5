const FIRST = 500;
const LONGEST = 8_000;

/**
 * Milliseconds to wait after so many failures: doubling, and spread, so that callers who failed together don't come back together.
 *
 * @param {number} failures
 */
export function backoff(failures) {
  const most = Math.min(LONGEST, FIRST * 2 ** failures);
  return most * (0.5 + Math.random() / 2);
}

/**
 * Seconds that a Retry-After header (RFC 9110, section 10.2.3) asks for, as a number or a date.
 *
 * @param {string | null} header
 */
export function retryAfterSeconds(header) {
  if (header === null) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - Date.now()) / 1000);
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} [signal] ends the wait by throwing its reason
 * @returns {Promise<void>}
 */
export function sleep(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
