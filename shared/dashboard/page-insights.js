import { get } from './api.js';
import { fill, h } from './dom.js';
import { count, short, timeOfDay } from './format.js';
import { empty, failure } from './notice.js';
import { figures, legend, plotWidth, scatter, stackedBars } from './plot.js';

const DAYS = 14;
/** How many pages of a hundred deliveries the lateness is worked out from. */
const PAGES = 3;

/** How well time was kept, and what became of deliveries. @returns {import('./router.js').Page} */
export function insightsPage() {
  const content = h('div', { class: 'stack wide-gap' });
  const problem = h('div');
  let shape = '';

  async function refresh() {
    try {
      const [{ usage }, deliveries] = await Promise.all([get(`/account/usage?days=${DAYS}`), recent()]);
      fill(problem);
      const wanted = JSON.stringify([plotWidth(), usage, deliveries.length, deliveries[0]?.id, deliveries[0]?.attempts]);
      // A new drawing would fold up the figures that somebody reads.
      if (wanted === shape || content.querySelector('details[open]')) return;
      shape = wanted;
      fill(content, lateness(deliveries), outcomes(usage.days), activity(usage.days));
    } catch (error) {
      fill(problem, failure(error, refresh));
    }
  }

  const node = h('div', {}, h('div', { class: 'head' }, h('div', { class: 'grow' }, h('h1', {}, 'Insights'), h('p', { class: 'dim' }, 'How well time is kept, and what becomes of webhooks.'))), problem, content);
  return { title: 'Insights', node, refresh, costly: true };
}

/** The last deliveries. */
async function recent() {
  /** @type {any[]} */
  const found = [];
  let cursor = '';
  for (let page = 0; page < PAGES; page += 1) {
    const answer = await get(`/deliveries?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    found.push(...answer.data);
    cursor = answer.nextCursor ?? '';
    if (!cursor) break;
  }
  return found;
}

/** @param {any[]} deliveries */
function lateness(deliveries) {
  const points = deliveries
    .flatMap((delivery) => delivery.attemptLog.slice(0, 1))
    .map((attempt) => ({ at: Date.parse(attempt.sentAt), value: Math.max(0, Date.parse(attempt.sentAt) - Date.parse(attempt.dueAt)), kind: attempt.error === null ? 'good' : 'bad' }));
  if (points.length === 0) return panel('Lateness', '', empty('clock', 'Nothing to plot yet', 'Once a webhook was sent, this shows how long after its due time that was.'));
  const sorted = points.map(({ value }) => value).sort((one, other) => one - other);
  /** @param {number} share */
  const percentile = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const said = `Half of the last ${count(points.length, 'delivery', 'deliveries')} left within ${short(percentile(0.5))} of the due time, 99 of 100 within ${short(percentile(0.99))}.`;
  return panel('Lateness', said,
    scatter(`Lateness of first attempts. ${said}`, points), legend([['good', 'taken'], ['bad', 'not taken']]),
    figures('First attempts, newest first', ['Sent', 'Late', 'Taken'], points.slice(0, 50).map(({ at, value, kind }) => [timeOfDay(at), short(value), kind === 'good' ? 'yes' : 'no'])));
}

/** @param {any[]} days */
function outcomes(days) {
  const [all, failed] = [sum(days, 'deliveries'), sum(days, 'failures')];
  const said = `${count(all, 'delivery', 'deliveries')} in ${DAYS} days, ${failed.toLocaleString()} of them failed.`;
  const stacks = days.map((day) => ({ label: label(day.date), parts: [
    { kind: 'good', name: 'not failed', value: Math.max(0, day.deliveries - day.failures) },
    { kind: 'bad', name: 'failed', value: day.failures },
  ] }));
  return panel('Outcomes', said, stackedBars(`Deliveries a day. ${said}`, stacks), legend([['good', 'delivered or under way'], ['bad', 'failed']]),
    figures('Deliveries a day', ['Day', 'Deliveries', 'Failed'], days.map((day) => [day.date, day.deliveries, day.failures])));
}

/** @param {any[]} days */
function activity(days) {
  const said = `${count(sum(days, 'timers'), 'timer')} and ${count(sum(days, 'events'), 'event')} in ${DAYS} days.`;
  const stacks = days.map((day) => ({ label: label(day.date), parts: [{ kind: 'accent', name: 'timers', value: day.timers }] }));
  return panel('Timers created', said, stackedBars(`Timers a day. ${said}`, stacks),
    figures('Timers and events a day', ['Day', 'Timers', 'Events'], days.map((day) => [day.date, day.timers, day.events])));
}

/** @param {any[]} days @param {string} name @returns {number} */
const sum = (days, name) => days.reduce((total, day) => total + day[name], 0);

/** @param {string} date */
const label = (date) => new Date(`${date}T00:00:00`).toLocaleDateString(undefined, { day: 'numeric', month: 'short' });

/** @param {string} title @param {string} said @param {...Node} content */
function panel(title, said, ...content) {
  return h('section', { class: 'card stack', 'aria-label': title }, h('h2', {}, title), said !== '' && h('p', { class: 'dim' }, said), ...content);
}
