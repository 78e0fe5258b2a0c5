const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** @param {number} n @param {number} [digits] */
const two = (n, digits = 2) => String(n).padStart(digits, '0');

/**
 * What remains, as a clock shows it: `2d 03:12:44`, `3:12:44`, `12:44`, and below a minute with tenths. Never zero before it is.
 *
 * @param {number} ms
 */
export function remaining(ms) {
  if (ms <= 0) return '0.0 s';
  if (ms < MINUTE) return `${(Math.ceil(ms / 100) / 10).toFixed(1)} s`;
  const seconds = Math.ceil(ms / SECOND);
  const [s, m, h, d] = [seconds % 60, Math.floor(seconds / 60) % 60, Math.floor(seconds / 3600) % 24, Math.floor(seconds / 86_400)];
  if (d > 0) return `${d}d ${two(h)}:${two(m)}:${two(s)}`;
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** @type {[number, string][]} */
const UNITS = [[DAY, 'day'], [HOUR, 'hour'], [MINUTE, 'minute'], [SECOND, 'second'], [1, 'millisecond']];

/**
 * A length in words: `6 hours 30 minutes`.
 *
 * @param {number} ms
 */
export function words(ms) {
  const parts = [];
  let rest = ms;
  for (const [unit, name] of UNITS) {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    if (count > 0) parts.push(`${count} ${name}${count === 1 ? '' : 's'}`);
  }
  return parts.join(' ') || '0 milliseconds';
}

/**
 * A length as short as it can be said: `6h 30m`, `1.5 s`, `12 ms`.
 *
 * @param {number} ms
 */
export function short(ms) {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${trim(ms / SECOND)} s`;
  const parts = [];
  let rest = ms;
  for (const [unit, name] of UNITS.slice(0, 4)) {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    if (count > 0) parts.push(`${count}${name[0]}`);
  }
  return parts.slice(0, 3).join(' ');
}

/** @param {number} n */
const trim = (n) => String(Math.round(n * 10) / 10);

const FULL = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

/** @param {number | string} at */
const epoch = (at) => (typeof at === 'number' ? at : Date.parse(at));

/** An instant in the visitor's time zone. @param {number | string} at */
export const instant = (at) => FULL.format(epoch(at));
/** The same with all that can be said. @param {number | string} at */
export const exactly = (at) => EXACT.format(epoch(at));
/** The time of day, with milliseconds. @param {number | string} at */
export const timeOfDay = (at) => `${TIME.format(epoch(at))}.${two(epoch(at) % 1000, 3)}`;

/**
 * How long ago: `just now`, `5 min ago`.
 *
 * @param {number | string} at
 * @param {number} now
 */
export function ago(at, now) {
  const past = now - epoch(at);
  if (past < 5 * SECOND) return 'just now';
  if (past < MINUTE) return `${Math.floor(past / SECOND)} s ago`;
  if (past < HOUR) return `${Math.floor(past / MINUTE)} min ago`;
  if (past < DAY) return `${Math.floor(past / HOUR)} h ago`;
  return past < 14 * DAY ? `${Math.floor(past / DAY)} d ago` : instant(at);
}

/**
 * `1 timer`, `2 timers`.
 *
 * @param {number} n
 * @param {string} one
 * @param {string} [many]
 */
export const count = (n, one, many = `${one}s`) => `${n.toLocaleString()} ${n === 1 ? one : many}`;

/** JSON as people read it. @param {unknown} value */
export const json = (value) => JSON.stringify(value, null, 2);

/** Text that is JSON, indented, and any other as it is. @param {string} text */
export function readable(text) {
  try {
    return json(JSON.parse(text));
  } catch {
    return text;
  }
}

/** A text with a capital first. @param {string} text */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
