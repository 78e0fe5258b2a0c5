import { get, part } from './api.js';
import { deliveryCard } from './attempts.js';
import { onTick } from './clock.js';
import { idText } from './code.js';
import { fill, h } from './dom.js';
import { icon } from './icons.js';
import { failure } from './notice.js';
import { ownHeaders } from './request-headers.js';

/**
 * One delivery, with a way back to what it came from.
 *
 * @param {string} id
 * @returns {import('./router.js').Page}
 */
export function deliveryPage(id) {
  const problem = h('div');
  const place = h('div', { class: 'stack' });
  const source = h('p');
  /** @type {ReturnType<typeof deliveryCard> | null} */
  let card = null;
  /** @type {string[]} */
  let own = [];

  async function refresh() {
    try {
      const { data } = await get(`/deliveries/${part(id)}`);
      fill(problem);
      if (!card) {
        own = await namesOfOwnHeaders(data);
        card = deliveryCard(data, { own: () => own, changed: refresh });
        fill(place, card.node);
        fill(source, ...from(data));
      }
      card.update(data);
    } catch (error) {
      fill(problem, failure(error, refresh));
    }
  }

  const node = h('div', {},
    h('a', { class: 'back', href: '#/deliveries' }, icon('back'), 'Deliveries'),
    h('div', { class: 'head' }, h('div', { class: 'grow' }, h('h1', {}, 'Delivery'), idText(id, 'the id'), source)), problem, place);
  return { title: 'Delivery', node, refresh, leave: onTick((at) => card?.tick(at)) };
}

/** @param {any} delivery */
async function namesOfOwnHeaders(delivery) {
  try {
    if (delivery.timerId) return ownHeaders((await get(`/timers/${part(delivery.timerId)}`)).timer, delivery.eventType);
    return Object.keys((await get(`/webhooks/${part(delivery.webhookId)}`)).data.headers);
  } catch {
    // What it came from is gone.
    return [];
  }
}

/** @param {any} delivery */
function from(delivery) {
  const [kind, id] = delivery.timerId ? ['timers', delivery.timerId] : ['webhooks', delivery.webhookId];
  return ['Of the ', kind === 'timers' ? 'timer ' : 'endpoint ', h('a', { href: `#/${kind}/${part(id)}` }, id)];
}
