import { get, part, post } from './api.js';
import { now } from './clock.js';
import { copyButton, pre } from './code.js';
import { ask, field, tell } from './dialog.js';
import { fill, h, keyed, say, set } from './dom.js';
import { ago, count } from './format.js';
import { icon } from './icons.js';
import { empty, failure } from './notice.js';
import { go } from './router.js';
import { IS_LOCAL } from './session.js';

/** @returns {import('./router.js').Page} */
export function webhooksPage() {
  const summary = h('p', { class: 'dim' });
  const problem = h('div');
  const list = h('ul', { class: 'cards' });
  const show = keyed(list, (/** @type {any} */ webhook) => webhook.id, webhookCard);
  const node = h('div', {},
    h('div', { class: 'head' },
      h('div', { class: 'grow' }, h('h1', {}, 'Webhooks'), summary),
      h('button', { type: 'button', class: 'button primary', on: { click: create } }, icon('plus'), 'New endpoint')),
    problem, list);

  async function refresh() {
    try {
      const { data } = await get('/webhooks?includeInactive=true');
      fill(problem, data.length === 0 && empty('webhooks', 'No endpoints yet', 'An endpoint subscribes to events: your own, and those of all timers. Each has its own secret.'));
      say(summary, data.length === 0 ? '' : count(data.length, 'endpoint'));
      show(data);
    } catch (error) {
      fill(problem, failure(error, refresh));
    }
  }

  return { title: 'Webhooks', node, refresh };
}

function webhookCard() {
  const name = h('a', {});
  const state = h('span', { class: 'badge' });
  const url = h('p', { class: 'dim break' });
  const events = h('p', { class: 'row wrap' });
  const last = h('p', { class: 'dim small' });
  const node = h('li', { class: 'card' }, h('header', {}, h('h2', { class: 'grow' }, name), state), url, events, last);
  return {
    node,
    /** @param {any} webhook */
    update(webhook) {
      name.href = `#/webhooks/${part(webhook.id)}`;
      say(name, webhook.name);
      say(state, webhook.active ? 'Active' : 'Inactive');
      set(state, { 'data-kind': webhook.active ? 'good' : 'idle' });
      say(url, webhook.url);
      fill(events, ...webhook.events.map((/** @type {string} */ event) => h('code', { class: 'tag' }, event)));
      say(last, webhook.disabledReason ?? (webhook.lastTriggeredAt ? `Last called ${ago(webhook.lastTriggeredAt, now())}` : 'Not called yet'));
    },
  };
}

function create() {
  const name = field('Name', h('input', { autocomplete: 'off', maxlength: 100 }));
  const url = field('URL', h('input', { type: 'url', autocomplete: 'off', placeholder: 'https://…', value: IS_LOCAL ? `${location.origin}/inbox/endpoint` : '' }));
  const events = field('Events', h('input', { autocomplete: 'off', spellcheck: 'false', value: 'timer.*' }), { hint: 'With commas between: types, families such as session.*, or * for all.' });
  ask({
    title: 'New endpoint',
    fields: [name.node, url.node, events.node],
    confirm: 'Create',
    async run() {
      const wanted = events.input.value.split(/[\s,]+/).filter(Boolean);
      const { data } = await post('/webhooks', { name: name.input.value, url: url.input.value, events: wanted });
      go(`/webhooks/${part(data.id)}`);
      showSecret('The endpoint was created', data.secret);
    },
  });
}

/** Shows a secret, once. @param {string} title @param {string} secret */
export function showSecret(title, secret) {
  tell(title, h('p', { class: 'dim' }, 'This is its secret. It is shown only now: keep it where the receiver verifies signatures.'),
    h('div', { class: 'with-copy' }, pre(secret, 'Secret'), copyButton(() => secret, 'the secret')));
}
