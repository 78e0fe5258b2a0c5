import { get, part } from './api.js';
import { deliveryBadge, isOpen, replay, replayFailed } from './attempts.js';
import { now, onTick } from './clock.js';
import { ask } from './dialog.js';
import { fill, h, keyed, say, set } from './dom.js';
import { ago, count, remaining, sentence } from './format.js';
import { action, empty, failure } from './notice.js';

const STATUSES = /** @type {const} */ ([['FAILED', 'Failed'], ['RETRYING', 'Retrying'], ['SUCCESS', 'Delivered'], ['', 'All']]);
let status = 'FAILED';

/** @returns {import('./router.js').Page} */
export function deliveriesPage() {
  const tiles = h('dl', { class: 'tiles' });
  const problem = h('div');
  const list = h('div', { class: 'lines', role: 'list', 'aria-label': 'Deliveries' });
  const more = action({ label: 'Show more', run: async () => ((pages += 1), refresh()) });
  const bulk = action({ label: 'Retry all failed', picture: 'replay', kind: 'primary', run: async () => retryAll(refresh) });
  const filters = STATUSES.map(([wanted, text]) => h('button', { type: 'button', 'aria-pressed': String(wanted === status), on: { click: () => filter(wanted) } }, text));
  const show = keyed(list, (/** @type {any} */ delivery) => delivery.id, () => line(refresh, ticking));
  /** @type {Set<(at: number) => void>} */
  const ticking = new Set();
  let pages = 1;
  const node = h('div', {},
    h('div', { class: 'head' }, h('div', { class: 'grow' }, h('h1', {}, 'Deliveries'), h('p', { class: 'dim' }, 'Webhooks on their way, of timers and to endpoints.')), bulk),
    tiles, h('div', { class: 'tools' }, h('div', { class: 'segments', role: 'group', 'aria-label': 'Status' }, ...filters)),
    problem, list, h('div', { class: 'row center' }, more));

  /** @param {string} wanted */
  function filter(wanted) {
    status = wanted;
    pages = 1;
    filters.forEach((button, index) => set(button, { 'aria-pressed': String(STATUSES[index]?.[0] === wanted) }));
    refresh();
  }

  async function refresh() {
    const asked = status;
    try {
      const [{ data: queue }, found] = await Promise.all([get('/webhooks/queue/stats'), read(asked, pages)]);
      if (asked !== status) return;
      fill(tiles, ...figures(queue));
      bulk.hidden = queue.failed === 0;
      more.hidden = found.next === undefined;
      show(found.deliveries);
      fill(problem, found.deliveries.length === 0 && none(asked));
    } catch (error) {
      fill(problem, failure(error, refresh));
    }
  }

  const stop = onTick((at) => ticking.forEach((tick) => tick(at)));
  return { title: 'Deliveries', node, refresh, costly: true, leave: stop };
}

/** The newest pages. @param {string} wanted @param {number} pages */
async function read(wanted, pages) {
  const deliveries = [];
  /** @type {string | undefined} */
  let next;
  for (let page = 0; page < pages && (page === 0 || next); page += 1) {
    const query = new URLSearchParams({ ...(wanted && { status: wanted }), ...(next && { cursor: next }) });
    const answer = await get(`/deliveries?${query}`);
    deliveries.push(...answer.data);
    next = answer.nextCursor;
  }
  return { deliveries, next };
}

/** @param {any} queue */
function figures(queue) {
  /** @type {[string, number, string?][]} */
  const tiles = [['Waiting', queue.waiting], ['Under way', queue.active], ['Retrying', queue.delayed, queue.delayed ? 'warn' : ''], ['Delivered', queue.completed], ['Failed', queue.failed, queue.failed ? 'bad' : '']];
  return tiles.map(([what, value, kind]) => h('div', { class: 'tile', 'data-kind': kind }, h('dt', {}, what), h('dd', {}, value.toLocaleString())));
}

/** @param {() => Promise<void>} changed */
function retryAll(changed) {
  const run = () => replayFailed().then(changed);
  ask({ title: 'Retry all that failed?', text: 'Every failed delivery of this key\u2019s account is sent again, with a new plan of attempts.', confirm: 'Retry all', run });
}

/** @param {string} wanted */
function none(wanted) {
  if (wanted === 'FAILED') return empty('check', 'Nothing has failed', 'A delivery stands here once its attempts are used up, until it is replayed.');
  return empty('deliveries', 'None', wanted === 'RETRYING' ? 'No delivery waits for another attempt.' : 'Webhooks appear here as they are sent.');
}

/** @param {() => Promise<void>} changed @param {Set<(at: number) => void>} ticking */
function line(changed, ticking) {
  const badge = deliveryBadge();
  const name = h('a', {});
  const url = h('span', { class: 'dim break' });
  const why = h('span', { class: 'line-why' });
  const when = h('span', { class: 'dim' });
  /** @type {any} */
  let delivery = null;
  const again = action({ label: 'Replay', picture: 'replay', kind: 'small', run: () => replay(delivery).then(changed) });
  const node = h('div', { class: 'line', role: 'listitem' }, badge.node, h('span', { class: 'line-what' }, name, url), why, when, again);
  ticking.add((at) => {
    if (!delivery || !node.isConnected) return;
    const left = delivery.nextRetryAt ? Date.parse(delivery.nextRetryAt) - at : 0;
    say(when, left > 0 ? `again in ${remaining(left)}` : ago(delivery.lastAttemptAt ?? delivery.createdAt, at));
  });
  return {
    node,
    /** @param {any} next */
    update(next) {
      delivery = next;
      badge.update(next.status);
      name.href = `#/deliveries/${part(next.id)}`;
      say(name, next.eventType);
      say(url, next.url);
      say(why, [next.errorMessage && sentence(next.errorMessage), count(next.attempts, 'attempt')].filter(Boolean).join(' · '));
      say(when, ago(next.lastAttemptAt ?? next.createdAt, now()));
      again.hidden = isOpen(next.status);
    },
  };
}
