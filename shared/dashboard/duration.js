// Durations as the service reads them (shared/src/domain/duration.rs): the same grammar, as exact, so that the form can say what is
// meant while it is typed. A test compares the two.

/** The longest a timer may run: 366 days, in milliseconds. */
export const LONGEST = 366 * 86_400_000;

const SCALE = 10n ** 12n;
/** @type {Record<string, bigint>} */
const UNITS = { ms: 1n, s: 1_000n, m: 60_000n, h: 3_600_000n, d: 86_400_000n, w: 604_800_000n };
const FORMS = 'milliseconds (900000), terms such as 6h30m, 1w 2d or 1.5h (units ms, s, m, h, d, w), or ISO 8601 such as PT15M';
const BLANKS = /^\p{White_Space}+/u;

/**
 * Milliseconds, or what is wrong.
 *
 * @param {string} text
 * @returns {{ ms: number } | { fault: string }}
 */
export function parseDuration(text) {
  const trimmed = trimmedOf(text);
  if (trimmed.startsWith('-')) return { fault: 'must be positive' };
  const read = length(trimmed.startsWith('+') ? trimmed.slice(1) : trimmed);
  if ('fault' in read) return read;
  if (read.ms === 0n) return { fault: 'must be at least 1 ms' };
  return read.ms > BigInt(LONGEST) ? { fault: 'must be at most 366 days' } : { ms: Number(read.ms) };
}

/** @param {string} text @returns {{ ms: bigint } | { fault: string }} */
function length(text) {
  if (text === '') return { fault: `is empty: use ${FORMS}` };
  const unreadable = { fault: `is not a duration: use ${FORMS}` };
  if (new TextEncoder().encode(text).length > 128) return unreadable;
  if (/^[0-9]+$/.test(text)) return { ms: BigInt(text) };
  const iso = /^p/i.test(text);
  if (iso && /^[^t]*[ym]/i.test(text)) {
    return { fault: 'has ISO 8601 years or months, which have no fixed length: use weeks, days or smaller units' };
  }
  const parts = iso ? isoParts(text.slice(1)) : terms(text);
  return parts === null ? unreadable : { ms: (parts + SCALE - 1n) / SCALE };
}

/** `<number><unit>` once or more, blanks allowed anywhere between. @param {string} text */
function terms(text) {
  let rest = trimmedOf(text);
  let total = 0n;
  while (rest !== '') {
    const number = decimal(rest, '.');
    if (!number) return null;
    const after = number.rest.replace(BLANKS, '');
    const letters = /^[A-Za-z]*/.exec(after)?.[0] ?? '';
    const unit = Object.hasOwn(UNITS, letters.toLowerCase()) ? UNITS[letters.toLowerCase()] : undefined;
    if (unit === undefined) return null;
    total += number.amount * unit;
    rest = after.slice(letters.length).replace(BLANKS, '');
  }
  return total;
}

/** What follows the `P`: `[nW][nD][T[nH][nM][nS]]`, in this order. @param {string} text */
function isoParts(text) {
  const upper = text.replace(/[a-z]/g, (letter) => letter.toUpperCase());
  const [date = '', ...times] = upper.split('T');
  const time = times.join('T');
  if ((times.length > 0 && time === '') || (date === '' && time === '')) return null;
  const days = isoPart(date, [['W', 604_800_000n], ['D', 86_400_000n]]);
  const hours = isoPart(time, [['H', 3_600_000n], ['M', 60_000n], ['S', 1_000n]]);
  return days === null || hours === null ? null : days + hours;
}

/** @param {string} text @param {[string, bigint][]} units */
function isoPart(text, units) {
  let rest = text;
  let total = 0n;
  let next = 0;
  while (rest !== '') {
    const number = decimal(rest, '.,');
    if (!number) return null;
    const found = units.findIndex(([letter], index) => index >= next && number.rest.startsWith(letter));
    const unit = units[found];
    if (!unit) return null;
    total += number.amount * unit[1];
    next = found + 1;
    rest = number.rest.slice(1);
  }
  return total;
}

/**
 * A decimal number at the start of a text, times the scale, and what follows it. Digits beyond the scale round up.
 *
 * @param {string} text
 * @param {string} points
 */
function decimal(text, points) {
  const whole = /^[0-9]{1,20}(?![0-9])/.exec(text)?.[0];
  if (whole === undefined) return null;
  const rest = text.slice(whole.length);
  if (rest === '' || !points.includes(rest.charAt(0))) return { amount: BigInt(whole) * SCALE, rest };
  const digits = /^[0-9]+/.exec(rest.slice(1))?.[0];
  if (digits === undefined) return null;
  const beyond = digits.slice(12).replaceAll('0', '').length;
  const amount = BigInt(whole) * SCALE + BigInt(digits.slice(0, 12).padEnd(12, '0')) + BigInt(beyond);
  return { amount, rest: rest.slice(1 + digits.length) };
}

/** Without the blanks around it, of Unicode's kind and not JavaScript's. @param {string} text */
function trimmedOf(text) {
  return text.replace(BLANKS, '').replace(/\p{White_Space}+$/u, '');
}
