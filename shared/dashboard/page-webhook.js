import { call, get, part, post } from './api.js';
import { deliveryCard, replayFailed } from './attempts.js';
import { onTick } from './clock.js';
import { idText } from './code.js';
import { ask, field } from './dialog.js';
import { fill, h, keyed, say, set } from './dom.js';
import { short } from './format.js';
import { icon } from './icons.js';
import { action, empty, failure, notice } from './notice.js';
import { showSecret } from './page-webhooks.js';
import { go } from './router.js';

/**
 * An endpoint: its figures and its last deliveries.
 *
 * @param {string} id
 * @returns {import('./router.js').Page}
 */
export function webhookPage(id) {
  const path = `/webhooks/${part(id)}`;
  const name = h('h1', { class: 'break' }, id);
  const badge = h('span', { class: 'badge' });
  const url = h('p', { class: 'dim break' });
  const events = h('p', { class: 'row wrap' });
  const tiles = h('dl', { class: 'tiles' });
  const buttons = h('div', { class: 'row wrap', role: 'group', 'aria-label': 'Change this endpoint' });
  const deliveries = h('div', { class: 'stack' });
  const problem = h('div');
  const nothing = h('div');
  /** @type {Map<string, ReturnType<typeof deliveryCard>>} */
  const cards = new Map();
  /** @type {any} */
  let webhook = null;
  const show = keyed(deliveries, (/** @type {any} */ delivery) => delivery.id, (delivery) => {
    const card = deliveryCard(delivery, { own: () => Object.keys(webhook?.headers ?? {}), changed: refresh });
    cards.set(delivery.id, card);
    return card;
  });
  const toggle = action({ label: 'Deactivate', run: () => call('PATCH', path, { active: !webhook.active }).then(refresh) });
  buttons.append(
    action({ label: 'Send a test', picture: 'send', kind: 'primary', run: test }),
    action({ label: 'Rotate secret', picture: 'key', run: async () => rotate(path) }),
    toggle,
    action({ label: 'Retry its failed', picture: 'replay', run: () => replayFailed({ webhookId: id }).then(refresh) }),
    action({ label: 'Delete', picture: 'trash', kind: 'quiet-danger', run: async () => remove(path) }));
  const body = h('div', { class: 'stack' }, h('section', { class: 'card stack' }, url, events, buttons), tiles, h('h2', {}, 'Last deliveries'), deliveries, nothing);
  body.hidden = true;

  async function refresh() {
    try {
      const [one, figures] = await Promise.all([get(path), get(`${path}/stats`)]);
      webhook = one.data;
      fill(problem);
      body.hidden = false;
      say(name, webhook.name);
      say(badge, webhook.active ? 'Active' : 'Inactive');
      set(badge, { 'data-kind': webhook.active ? 'good' : 'idle' });
      say(url, webhook.disabledReason ? `${webhook.url} · ${webhook.disabledReason}` : webhook.url);
      fill(events, ...webhook.events.map((/** @type {string} */ event) => h('code', { class: 'tag' }, event)));
      say(/** @type {Node} */ (toggle.lastChild), webhook.active ? 'Deactivate' : 'Activate');
      fill(tiles, ...statistics(figures.data));
      show(figures.data.recentDeliveries);
      fill(nothing, figures.data.recentDeliveries.length === 0 && empty('deliveries', 'Nothing sent yet', 'Send a test to see how the receiver answers.'));
    } catch (error) {
      fill(problem, failure(error, refresh));
    }
  }

  async function test() {
    const { data } = await post(`${path}/test`);
    const how = [data.responseCode ?? data.error, data.durationMs === undefined ? null : short(data.durationMs)].filter(Boolean).join(', ');
    notice(`${data.success ? 'The test was delivered' : 'The test was not delivered'}: ${how}`, data.success ? 'good' : 'bad');
    await refresh();
  }

  const stop = onTick((at) => cards.forEach((card) => card.tick(at)));
  const node = h('div', {},
    h('a', { class: 'back', href: '#/webhooks' }, icon('back'), 'Webhooks'),
    h('div', { class: 'head' }, h('div', { class: 'grow' }, name, idText(id, 'the id')), badge), problem, body);
  return { title: 'Webhook', node, refresh, leave: stop };
}

/** @param {any} figures */
function statistics(figures) {
  /** @type {[string, string, string?][]} */
  const tiles = [
    ['Delivered', figures.totalDeliveries === 0 ? '–' : `${figures.successRate} %`],
    ['In all', figures.totalDeliveries.toLocaleString()],
    ['Failed', figures.failedDeliveries.toLocaleString(), figures.failedDeliveries > 0 ? 'bad' : ''],
    ['Under way', figures.pendingDeliveries.toLocaleString()],
    ['Median answer', figures.latency.p50 === null ? '–' : short(figures.latency.p50)],
    ['99 % within', figures.latency.p99 === null ? '–' : short(figures.latency.p99)],
  ];
  return tiles.map(([what, value, kind]) => h('div', { class: 'tile', 'data-kind': kind }, h('dt', {}, what), h('dd', {}, value)));
}

/** @param {string} path */
function rotate(path) {
  const overlap = field('Keep the old secret for', h('input', { value: '24h', autocomplete: 'off' }), { hint: 'During this time webhook-signature carries both. At most 7d.' });
  ask({
    title: 'Rotate the secret?',
    text: 'A new secret signs from now on.',
    fields: [overlap.node],
    confirm: 'Rotate',
    run: async () => {
      const { data } = await post(`${path}/regenerate-secret`, { overlap: overlap.input.value });
      showSecret('The secret was rotated', data.secret);
    },
  });
}

/** @param {string} path */
function remove(path) {
  ask({ title: 'Delete the endpoint?', text: 'Its open deliveries end as failed. Its history stays readable by its id.', confirm: 'Delete', danger: true, run: () => call('DELETE', path).then(() => go('/webhooks')) });
}
