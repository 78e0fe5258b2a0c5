import { post } from './api.js';
import { now, onTick } from './clock.js';
import { copyButton, pre } from './code.js';
import { field } from './dialog.js';
import { fill, h, say, set } from './dom.js';
import { parseDuration } from './duration.js';
import { exactly, words } from './format.js';
import { icon } from './icons.js';
import { milestone } from './milestones.js';
import { notice, once } from './notice.js';
import { go } from './router.js';
import { BASE, IS_LOCAL } from './session.js';
import { snippets } from './snippets.js';

const QUICK = ['10s', '1m', '15m', '1h', '6h30m', '1d', '2w'];
/** The language that was looked at last. */
let chosen = 'curl';

/** @returns {import('./router.js').Page} */
export function createPage() {
  const inbox = `${location.origin}/inbox`;
  /** @param {Record<string, any>} [more] */
  const input = (more = {}) => h('input', { autocomplete: 'off', spellcheck: 'false', ...more });
  const quick = h('div', { class: 'row wrap' }, ...QUICK.map((text) => h('button', { type: 'button', class: 'chip', on: { click: () => put(f.duration.input, text) } }, text)));
  const useInbox = IS_LOCAL && h('div', { class: 'row wrap' },
    h('button', { type: 'button', class: 'chip', on: { click: () => put(f.webhook.input, inbox) } }, 'Use the inbox'),
    h('button', { type: 'button', class: 'chip', on: { click: () => put(f.webhook.input, `${inbox}?answer=500`) } }, 'One that fails'));
  const f = {
    duration: field('Duration', input({ value: '15m', class: 'big', required: true }), { more: quick }),
    name: field('Name', input({ placeholder: 'Build timeout', maxlength: 256 })),
    webhook: field('Webhook', input({ type: 'url', placeholder: 'https://…' }), { hint: 'Called when the timer ends, and at its milestones.', more: useInbox || undefined }),
    intervals: field('Milestones', input({ placeholder: '25%, 50%, -1m' }), { hint: 'Shares of the way, or times before the end.' }),
    message: field('Message', input({ placeholder: 'Too long!' })),
    data: field('Data', h('textarea', { rows: 4, spellcheck: 'false', placeholder: '{ "buildId": 123 }' }), { hint: 'A JSON object that the webhook carries.' }),
    agent_id: field('Agent', input({ maxlength: 256 })),
    team: field('Team', input({ maxlength: 256 })),
  };
  const means = h('p', { class: 'means', 'aria-live': 'polite' });
  const ends = h('p', { class: 'dim' });
  const ticks = h('div', { class: 'bar-ticks' });
  const preview = h('div', { class: 'bar labelled', 'aria-hidden': 'true' }, h('div', { class: 'bar-track' }, ticks));
  const tabs = h('div', { class: 'segments', role: 'tablist', 'aria-label': 'Language' });
  const code = h('div', { class: 'with-copy', role: 'tabpanel', 'aria-label': 'The request as code' });
  const submit = h('button', { type: 'submit', class: 'button primary' }, icon('play'), 'Start timer');
  const form = h('form', { class: 'form card', novalidate: true, on: { input: show, submit: send } },
    h('div', { class: 'field' }, f.duration.node, means, ends), f.name.node, f.webhook.node,
    h('details', { class: 'fold' }, h('summary', {}, 'Milestones, message and data'), h('div', { class: 'form' }, f.intervals.node, preview, f.message.node, f.data.node, f.agent_id.node, f.team.node)),
    h('div', { class: 'row end' }, h('a', { class: 'button', href: '#/timers' }, 'Back'), submit));
  const node = h('div', {},
    h('div', { class: 'head' }, h('h1', {}, 'New timer')),
    h('div', { class: 'columns even' }, form,
      h('section', { class: 'card stack', 'aria-label': 'As code' }, h('h2', {}, 'The same from code'), tabs, code)));

  /** @param {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} target @param {string} text */
  function put(target, text) {
    target.value = text;
    target.focus();
    show();
  }

  /** The request's body; what can't be read is left out and marked. */
  function body() {
    const { data, fault } = readData(f.data.input.value);
    f.data.setFault(fault);
    const webhook = f.webhook.input.value.trim() || undefined;
    const intervals = f.intervals.input.value.split(/[,;]|\s(?=-|\d)/).map((text) => text.trim()).filter(Boolean);
    const message = f.message.input.value || undefined;
    const expire = webhook || message || data ? { webhook, message, data } : undefined;
    const events = expire || intervals.length > 0 ? { on_expire: expire, on_progress: intervals.length > 0 ? { webhook, intervals } : undefined } : undefined;
    return clean({
      duration: f.duration.input.value.trim(),
      name: f.name.input.value || undefined,
      agent_id: f.agent_id.input.value || undefined,
      team: f.team.input.value || undefined,
      events,
    });
  }

  function show() {
    const read = parseDuration(f.duration.input.value);
    const request = body();
    const length = 'ms' in read ? read.ms : NaN;
    set(means, { 'data-kind': 'ms' in read ? 'good' : 'bad' });
    say(means, 'ms' in read ? words(read.ms) : `This ${read.fault}`);
    f.duration.input.setAttribute('aria-invalid', String(!('ms' in read)));
    const wanted = request.events?.on_progress?.intervals ?? [];
    const found = wanted.map((/** @type {string} */ text) => milestone(text, length));
    f.intervals.setFault(wanted.some((/** @type {string} */ _, /** @type {number} */ i) => found[i] === null) ? 'each must lie strictly within the timer' : '');
    preview.hidden = !found.some(Boolean);
    fill(ticks, ...found.filter(Boolean).map((/** @type {any} */ one) => {
      const tick = h('span', { class: 'bar-tick' }, h('span', { class: 'bar-tick-label' }, one.label));
      tick.style.insetInlineStart = `${one.at * 100}%`;
      return tick;
    }));
    showCode(request);
    tick(now());
  }

  /** @param {Record<string, any>} request */
  function showCode(request) {
    const all = snippets(location.origin + BASE, request);
    const snippet = all.find(({ name }) => name === chosen) ?? all[0];
    if (!snippet) return;
    const names = all.map(({ name }) => name);
    if (tabs.children.length === 0) {
      tabs.append(...names.map((name) => h('button', { type: 'button', role: 'tab', on: { click: () => choose(name), keydown: (/** @type {KeyboardEvent} */ event) => walk(event, names) } }, name)));
    }
    for (const tab of tabs.children) set(tab, { 'aria-selected': String(tab.textContent === chosen), tabindex: tab.textContent === chosen ? 0 : -1 });
    fill(code, pre(snippet.text, `The request in ${snippet.name}`), copyButton(() => snippet.text, `the ${snippet.name} code`));
  }

  /** @param {string} name */
  function choose(name) {
    chosen = name;
    show();
    /** @type {HTMLElement | null} */ (tabs.querySelector('[aria-selected=true]'))?.focus();
  }

  /** @param {KeyboardEvent} event @param {string[]} names */
  function walk(event, names) {
    const step = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowLeft: -1 })[event.key];
    if (step) choose(names.at((names.indexOf(chosen) + step) % names.length) ?? chosen);
  }

  /** @param {number} at */
  function tick(at) {
    const read = parseDuration(f.duration.input.value);
    say(ends, 'ms' in read ? `Started now, it ends ${exactly(at + read.ms)}` : 'For example 90s, 6h30m, 1w 2d or PT15M');
  }

  /** @param {Event} event */
  function send(event) {
    event.preventDefault();
    once(submit, async () => {
      for (const one of Object.values(f)) one.setFault('');
      const request = body();
      if (f.data.input.getAttribute('aria-invalid') === 'true') return f.data.input.focus();
      try {
        const { timer } = await post('/timers', request);
        notice('The timer runs');
        go(`/timers/${encodeURIComponent(timer.id)}`);
      } catch (error) {
        blame(error);
      }
    });
  }

  /** Puts each fault beside its field. @param {any} error */
  function blame(error) {
    /** @type {Record<string, keyof typeof f>} */
    const fields = { duration: 'duration', name: 'name', agent_id: 'agent_id', team: 'team', webhook: 'webhook', intervals: 'intervals', message: 'message', data: 'data' };
    let placed = 0;
    for (const { path, message } of error.details ?? []) {
      const name = fields[path.replace(/\[.*|\.\d+$/g, '').split('.').pop()];
      if (!name) continue;
      placed += 1;
      f[name].setFault(message);
      const fold = f[name].node.closest('details');
      if (fold) fold.open = true;
      if (placed === 1) f[name].input.focus();
    }
    if (placed === 0) throw error;
  }

  show();
  return { title: 'New timer', node, leave: onTick(tick) };
}

/** @param {string} text @returns {{ data?: any, fault: string }} */
function readData(text) {
  if (text.trim() === '') return { fault: '' };
  try {
    const data = JSON.parse(text);
    const isObject = data !== null && typeof data === 'object' && !Array.isArray(data);
    return isObject ? { data, fault: '' } : { fault: 'must be an object: { … }' };
  } catch (error) {
    return { fault: `is not JSON: ${error instanceof Error ? error.message : error}` };
  }
}

/** Without what is not given. @param {any} value @returns {any} */
function clean(value) {
  return JSON.parse(JSON.stringify(value));
}
