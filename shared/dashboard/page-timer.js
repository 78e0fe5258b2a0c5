import { call, get, part, post } from './api.js';
import { deliveryCard } from './attempts.js';
import { bar } from './bar.js';
import { now, onTick } from './clock.js';
import { idText, pre } from './code.js';
import { ask, field } from './dialog.js';
import { fill, h, keyed, say } from './dom.js';
import { exactly, instant, json, remaining, short, words } from './format.js';
import { icon } from './icons.js';
import { milestones, progress, timeLeft } from './milestones.js';
import { action, empty, failure, notice } from './notice.js';
import { timerBadge } from './page-timers.js';
import { ownHeaders } from './request-headers.js';

/**
 * A timer with all that became of it.
 *
 * @param {string} id
 * @returns {import('./router.js').Page}
 */
export function timerPage(id) {
  const path = `/timers/${part(id)}`;
  const name = h('h1', { class: 'break' }, id);
  const badge = timerBadge();
  const clock = h('p', { class: 'clock', role: 'timer', 'aria-live': 'off' });
  const until = h('p', { class: 'dim' });
  const way = bar({ labels: true });
  const buttons = h('div', { class: 'row wrap', role: 'group', 'aria-label': 'Change this timer' });
  const facts = h('dl', { class: 'facts' });
  const told = h('ol', { class: 'history' });
  const deliveries = h('div', { class: 'stack' });
  const nothing = h('div');
  const body = h('div', { class: 'timer' },
    h('section', { class: 'card hero', 'aria-label': 'Countdown' }, clock, until, way.node, buttons),
    h('div', { class: 'columns' },
      h('div', { class: 'stack' }, h('h2', {}, 'Deliveries'), deliveries, nothing),
      h('aside', { class: 'stack' }, h('h2', {}, 'History'), told, h('h2', {}, 'Details'), facts)));
  const problem = h('div');
  const node = h('div', {},
    h('a', { class: 'back', href: '#/timers' }, icon('back'), 'Timers'),
    h('div', { class: 'head' }, h('div', { class: 'grow' }, name, idText(id, 'the id')), badge.node),
    problem, body);
  body.hidden = true;

  /** @type {any} */
  let timer = null;
  /** @type {Map<string, { summary: string, delivery: any }>} */
  const known = new Map();
  /** @type {Map<string, ReturnType<typeof deliveryCard>>} */
  const cards = new Map();
  let shape = '';

  const showDeliveries = keyed(deliveries, (/** @type {any} */ delivery) => delivery.id, (delivery) => {
    const card = deliveryCard(delivery, { own: (of) => ownHeaders(timer, of.eventType), changed: refresh });
    cards.set(delivery.id, card);
    return card;
  });

  async function refresh() {
    try {
      const answer = await get(path);
      const found = await Promise.all(answer.deliveries.map(whole));
      fill(problem);
      body.hidden = false;
      show(answer.timer, found);
    } catch (error) {
      if (!timer) body.hidden = true;
      fill(problem, failure(error, refresh));
    }
  }

  /** A delivery with its attempts, asked for again only if its summary says something new. @param {any} summary */
  async function whole(summary) {
    const text = JSON.stringify(summary);
    const before = known.get(summary.id);
    if (before?.summary === text) return before.delivery;
    const { data } = await get(`/deliveries/${part(summary.id)}`);
    known.set(summary.id, { summary: text, delivery: data });
    return data;
  }

  /** @param {any} next @param {any[]} found */
  function show(next, found) {
    timer = next;
    say(name, timer.name);
    badge.update(timer.status);
    way.update(timer);
    showDeliveries(found);
    fill(nothing, found.length === 0 && noDeliveries(timer));
    fill(told, ...history(timer));
    const wanted = JSON.stringify([timer.status, timer.metadata, timer.events, timer.duration, timer.endTime]);
    if (wanted !== shape) {
      shape = wanted;
      fill(facts, ...factsOf(timer));
      if (!buttons.contains(document.activeElement)) fill(buttons, ...controls(timer));
      else setTimeout(() => fill(buttons, ...controls(timer)));
    }
    tick(now());
  }

  /** @param {number} at */
  function tick(at) {
    for (const card of cards.values()) card.tick(at);
    if (!timer) return;
    way.tick(at);
    say(clock, timer.status === 'expired' ? 'Expired' : timer.status === 'cancelled' ? 'Cancelled' : remaining(timeLeft(timer, at)));
    clock.classList.toggle('over', timer.status === 'expired' || timer.status === 'cancelled');
    say(until, ending(timer, at));
  }

  /** @param {any} of */
  function controls(of) {
    const open = of.status === 'running' || of.status === 'paused';
    if (!open) return [h('p', { class: 'dim' }, 'This timer has ended. Its deliveries can be replayed.')];
    /** @param {() => Promise<unknown>} step */
    const then = (step) => () => step().then(refresh);
    return [
      of.status === 'running'
        ? action({ label: 'Pause', picture: 'pause', run: then(() => post(`${path}/pause`)) })
        : action({ label: 'Resume', picture: 'play', kind: 'primary', run: then(() => post(`${path}/resume`)) }),
      action({ label: 'Extend', picture: 'plus', run: async () => extend(path, refresh) }),
      action({ label: 'Fire now', picture: 'bolt', run: async () => fire(path, refresh) }),
      action({ label: 'Cancel', picture: 'cross', kind: 'quiet-danger', run: async () => cancel(path, refresh) }),
    ];
  }

  return { title: 'Timer', node, refresh, leave: onTick(tick) };
}

/** @param {string} path @param {() => Promise<void>} changed */
function extend(path, changed) {
  const by = h('input', { value: '15m', autocomplete: 'off', spellcheck: 'false' });
  const choices = ['1m', '15m', '1h', '1d', '-5m'].map((text) => h('button', { type: 'button', class: 'chip', on: { click: () => ((by.value = text), by.focus()) } }, text));
  const asked = field('Move the end by', by, { hint: 'A duration; with a minus sign the timer ends earlier.', more: h('div', { class: 'row wrap' }, ...choices) });
  ask({ title: 'Extend the timer', fields: [asked.node], confirm: 'Extend', run: () => call('PATCH', path, { extend: by.value }).then(() => notice('The end was moved')).then(changed) });
}

/** @param {string} path @param {() => Promise<void>} changed */
function fire(path, changed) {
  ask({ title: 'Fire it now?', text: 'The timer expires at once and its webhook is sent. Milestones not reached yet are skipped.', confirm: 'Fire now', run: () => post(`${path}/fire`).then(changed) });
}

/** @param {string} path @param {() => Promise<void>} changed */
function cancel(path, changed) {
  const reason = h('input', { autocomplete: 'off', maxlength: 256 });
  const asked = field('Reason', reason, { hint: 'Optional; the webhook carries it.' });
  const run = () => call('DELETE', path, reason.value ? { reason: reason.value } : undefined).then(changed);
  ask({ title: 'Cancel the timer?', text: 'It can\u2019t be started again. Its webhook is told of the cancellation.', fields: [asked.node], confirm: 'Cancel the timer', danger: true, run });
}

/** @param {any} timer @param {number} at */
function ending(timer, at) {
  const percent = `${Math.floor(progress(timer, at) * 100)} %`;
  if (timer.status === 'running') return `${percent} · ends ${instant(timer.endTime)}`;
  if (timer.status === 'paused') return `${percent} · paused; the rest begins when it is resumed`;
  return timer.status === 'expired' ? instant(timer.expiredAt) : `${instant(timer.cancelledAt)}${timer.reason ? ` · ${timer.reason}` : ''}`;
}

/** What happened and will happen, in order. @param {any} timer */
function history(timer) {
  const at = now();
  const far = progress(timer, at);
  /** @type {[string, string | number | null, boolean][]} */
  const steps = [['Created', timer.createdAt, true]];
  for (const milestone of milestones(timer.events?.on_progress?.intervals, timer.duration)) {
    const when = timer.endTime ? timer.startTime + milestone.at * timer.duration : null;
    const reached = milestone.at <= far;
    if (reached || timer.status === 'running' || timer.status === 'paused') steps.push([`Milestone ${milestone.label}`, when, reached]);
  }
  if (timer.status === 'paused') steps.push(['Paused', timer.updatedAt, true]);
  if (timer.status === 'running') steps.push(['Expires', timer.endTime, false]);
  if (timer.expiredAt) steps.push(['Expired', timer.expiredAt, true]);
  if (timer.cancelledAt) steps.push(['Cancelled', timer.cancelledAt, true]);
  return steps.map(([what, when, done]) => h('li', { 'data-done': String(done) }, h('span', { class: 'grow' }, what), when !== null && h('time', { class: 'dim', title: exactly(when), datetime: new Date(when).toISOString() }, instant(when))));
}

/** @param {any} timer */
function factsOf(timer) {
  const expire = timer.events?.on_expire ?? {};
  /** @type {[string, import('./dom.js').Child][]} */
  const rows = [
    ['Duration', h('span', { title: words(timer.duration) }, short(timer.duration))],
    ['Webhook', expire.webhook ?? null],
    ['Message', expire.message ?? null],
    ['Agent', timer.agentId],
    ['Team', timer.team],
    ['Scenario', timer.scenario],
    ['Organization', timer.organizationId],
    ['Project', timer.projectId],
  ];
  const shown = rows.filter(([, value]) => value !== undefined && value !== null);
  return [
    ...shown.map(([what, value]) => h('div', { class: 'fact' }, h('dt', {}, what), h('dd', { class: 'break' }, value))),
    ...folded('Data', expire.data),
    ...folded('Metadata', timer.metadata),
  ];
}

/** @param {string} what @param {any} value */
function folded(what, value) {
  if (!value || Object.keys(value).length === 0) return [];
  return [h('div', { class: 'fact tall' }, h('dt', {}, what), h('dd', {}, pre(json(value), what)))];
}

/** @param {any} timer */
function noDeliveries(timer) {
  const events = timer.events ?? {};
  const silent = !['on_expire', 'on_progress', 'on_cancel'].some((event) => events[event]?.webhook);
  return silent
    ? empty('deliveries', 'No webhook', 'This timer calls nobody by itself. Endpoints that subscribe to timer.* are told of it.')
    : empty('deliveries', 'Nothing sent yet', 'Each attempt appears here as it is made.');
}
