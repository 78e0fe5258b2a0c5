import { part } from './api.js';
import { bar } from './bar.js';
import { now, onTick } from './clock.js';
import { fill, h, say, set } from './dom.js';
import { ago, count, remaining, sentence } from './format.js';
import { icon } from './icons.js';
import { timeLeft } from './milestones.js';
import { empty, failure } from './notice.js';
import { TimerFeed } from './timer-feed.js';
import { VirtualList } from './virtual-list.js';

const STATUSES = ['', 'running', 'paused', 'expired', 'cancelled'];
/** Which the visitor looked at last. */
let status = '';

/** @returns {import('./router.js').Page} */
export function timersPage() {
  let feed = new TimerFeed(status);
  let sought = '';
  const list = new VirtualList({ label: 'Timers', create: row, end: more });
  const problem = h('div');
  const summary = h('p', { class: 'dim', 'aria-live': 'polite' });
  const search = h('input', { type: 'search', placeholder: 'Find by name, id, agent or team', 'aria-label': 'Find timers', on: { input: () => find(search.value) } });
  const filters = STATUSES.map((wanted) => h('button', { type: 'button', 'aria-pressed': String(wanted === status), on: { click: () => filter(wanted) } }, wanted ? sentence(wanted) : 'All'));
  const node = h('div', {},
    h('div', { class: 'head' }, h('div', { class: 'grow' }, h('h1', {}, 'Timers'), summary), h('a', { class: 'button primary', href: '#/new' }, icon('plus'), 'New timer')),
    h('div', { class: 'tools' }, h('div', { class: 'segments', role: 'group', 'aria-label': 'Status' }, ...filters), search),
    problem, list.node);

  /** @param {string} wanted */
  function filter(wanted) {
    status = wanted;
    filters.forEach((button, index) => set(button, { 'aria-pressed': String(STATUSES[index] === wanted) }));
    feed = new TimerFeed(status);
    refresh();
  }

  /** @param {string} text */
  function find(text) {
    sought = text.trim().toLowerCase();
    show();
  }

  async function refresh() {
    const asked = feed;
    try {
      await asked.refresh(list.shown);
      if (asked === feed) show();
    } catch (error) {
      if (asked === feed) fill(problem, failure(error, refresh));
    }
  }

  function more() {
    // What is sought may be anywhere, but is not worth reading everything by itself.
    if (feed.loading || !feed.hasMore || !feed.begun) return;
    feed.more().then(show, (error) => fill(problem, failure(error, more)));
  }

  function show() {
    const found = sought ? feed.timers.filter((timer) => says(timer).includes(sought)) : feed.timers;
    fill(problem, found.length === 0 && (sought ? nothing(feed) : none()));
    say(summary, `${count(found.length, 'timer')}${feed.hasMore ? ' so far, more as you scroll' : ''}`);
    list.show(found);
    list.tick(now());
  }

  const stop = onTick((time) => list.tick(time));
  return {
    title: 'Timers',
    node,
    refresh,
    leave() {
      stop();
      list.leave();
    },
  };
}

/** @param {any} timer */
const says = (timer) => [timer.name, timer.id, timer.agentId, timer.team, timer.scenario].join(' ').toLowerCase();

function none() {
  const button = h('a', { class: 'button primary', href: '#/new' }, icon('plus'), 'New timer');
  if (status) return empty('timers', `No timer is ${status}`, 'Choose another status to see the rest.');
  return empty('timers', 'No timers yet', 'A timer counts down, and calls your webhook at the second that you asked for.', button);
}

/** @param {TimerFeed} feed */
function nothing(feed) {
  return empty('timers', 'Nothing found', feed.hasMore ? 'Only what was loaded is searched: scroll down in the whole list to load more.' : 'No timer has this in its name, id, agent or team.');
}

/** A timer in the list. */
function row() {
  const name = h('span', { class: 'row-name' });
  const detail = h('span', { class: 'row-detail' });
  const time = h('span', { class: 'row-time' });
  const badge = timerBadge();
  const way = bar();
  const link = h('a', { class: 'row-link' }, h('span', { class: 'row-what' }, name, detail), way.node, h('span', { class: 'row-when' }, time, badge.node));
  const node = h('div', { class: 'row-item', role: 'listitem' }, link);
  /** @type {any} */
  let timer = null;
  return {
    node,
    /** @param {any} next */
    update(next) {
      timer = next;
      link.href = `#/timers/${part(timer.id)}`;
      say(name, timer.name);
      say(detail, [timer.agentId, timer.team].filter(Boolean).join(' · ') || (timer.name === timer.id ? '' : timer.id));
      badge.update(timer.status);
      way.update(timer);
    },
    /** @param {number} at */
    tick(at) {
      if (!timer) return;
      way.tick(at);
      say(time, when(timer, at));
    },
  };
}

/** @param {any} timer @param {number} at */
function when(timer, at) {
  if (timer.status === 'running' || timer.status === 'paused') return remaining(timeLeft(timer, at));
  return ago(timer.expiredAt ?? timer.cancelledAt ?? timer.updatedAt, at);
}

/** A timer's status as a badge. */
export function timerBadge() {
  const node = h('span', { class: 'badge' });
  const kinds = /** @type {Record<string, string>} */ ({ running: 'active', paused: 'warn', expired: 'good', cancelled: 'idle' });
  return {
    node,
    /** @param {string} now */
    update(now) {
      say(node, sentence(now));
      set(node, { 'data-kind': kinds[now] ?? 'idle' });
    },
  };
}

