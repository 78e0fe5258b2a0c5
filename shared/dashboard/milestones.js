// A timer's milestones, as shares of its way.

import { parseDuration } from './duration.js';

/** @typedef {{ label: string, at: number }} Milestone `at` is the share of the way, 0 to 1 */

/**
 * The milestones of a timer of this length that lie within it, in order.
 *
 * @param {unknown} intervals as a caller gave them
 * @param {number} duration in milliseconds
 * @returns {Milestone[]}
 */
export function milestones(intervals, duration) {
  if (!Array.isArray(intervals)) return [];
  return intervals
    .map((interval) => milestone(interval, duration))
    .filter((found) => found !== null)
    .sort((one, other) => one.at - other.at);
}

/**
 * One milestone, or `null` for what is none.
 *
 * @param {unknown} interval
 * @param {number} duration
 * @returns {Milestone | null}
 */
export function milestone(interval, duration) {
  const at = share(interval, duration);
  if (!(at > 0 && at < 1)) return null;
  const label = typeof interval === 'number' || /^[\d.]+$/.test(String(interval)) ? `${interval}%` : String(interval).trim();
  return { label, at };
}

/** @param {unknown} interval @param {number} duration */
function share(interval, duration) {
  if (typeof interval === 'number') return interval / 100;
  if (typeof interval !== 'string') return NaN;
  const text = interval.trim();
  if (text.startsWith('-')) {
    const before = parseDuration(text.slice(1).trimStart());
    return 'ms' in before ? 1 - before.ms / duration : NaN;
  }
  const percent = text.replace(/\s*%$/, '');
  return /^[0-9]+(\.[0-9]+)?$/.test(percent) ? Number(percent) / 100 : NaN;
}

/** How far a timer is at this instant, 0 to 1. @param {any} timer @param {number} now */
export function progress(timer, now) {
  if (timer.status !== 'running') return timer.progress;
  const way = timer.endTime - timer.startTime;
  return way > 0 ? Math.min(1, Math.max(0, (now - timer.startTime) / way)) : 1;
}

/** What remains of a timer at this instant, in milliseconds. @param {any} timer @param {number} now */
export function timeLeft(timer, now) {
  return timer.status === 'running' ? Math.max(0, timer.endTime - now) : timer.timeRemaining;
}
