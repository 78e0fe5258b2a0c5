// A delivery with all its attempts.

import { call, part, post } from './api.js';
import { copyButton, pre } from './code.js';
import { fill, h, keyed, say, set } from './dom.js';
import { ago, exactly, readable, remaining, sentence, short, timeOfDay } from './format.js';
import { action, notice } from './notice.js';
import { now } from './clock.js';
import { requestHeaders } from './request-headers.js';

/** Of the bulk retry: each goes on for some seconds. */
const MOST_CALLS = 40;

/** @type {Record<string, [string, string]>} */
const STATUSES = {
  PENDING: ['Waiting', 'idle'],
  SENDING: ['Sending', 'active'],
  RETRYING: ['Retrying', 'warn'],
  SUCCESS: ['Delivered', 'good'],
  FAILED: ['Failed', 'bad'],
};

/** @param {string} status */
export const isOpen = (status) => ['PENDING', 'SENDING', 'RETRYING'].includes(status);

/** A delivery's status as a badge. */
export function deliveryBadge() {
  const node = h('span', { class: 'badge' });
  return {
    node,
    /** @param {string} status */
    update(status) {
      const [text, kind] = STATUSES[status] ?? [status, 'idle'];
      say(node, text);
      set(node, { 'data-kind': kind });
    },
  };
}

/**
 * Sends all that failed again, or all of one endpoint's: as often as the service says that there may be more.
 *
 * @param {{ webhookId?: string }} [which]
 */
export async function replayFailed(which) {
  let sent = 0;
  for (let calls = 0; calls < MOST_CALLS; calls += 1) {
    const { data } = await post('/webhooks/queue/retry-failed', which);
    sent += data.retried;
    if (!data.more) break;
  }
  notice(sent === 1 ? '1 failed delivery is sent again' : `${sent.toLocaleString()} failed deliveries are sent again`);
}

/** Sends a delivery again. @param {any} delivery */
export async function replay(delivery) {
  await call('POST', `/deliveries/${part(delivery.id)}/retry`);
  notice('Sent again');
}

/**
 * A delivery's card.
 *
 * @param {any} first
 * @param {{ own?: (delivery: any) => string[], changed: () => void }} options `own` names the caller's own headers
 */
export function deliveryCard(first, { own = () => [], changed }) {
  let delivery = first;
  const badge = deliveryBadge();
  const next = h('p', { class: 'next' });
  const attempts = h('ol', { class: 'attempts' });
  const said = h('div', { class: 'answer' });
  const again = action({ label: 'Replay', picture: 'replay', kind: 'small', title: 'Send it again, with a new plan of attempts', run: () => replay(delivery).then(changed) });
  const show = keyed(attempts, (/** @type {any} */ attempt) => String(attempt.attempt), (attempt) => ({ node: attemptRow(delivery, attempt, own(delivery)) }));
  const node = h('article', { class: 'card delivery', 'aria-label': `Delivery of ${first.eventType}` },
    h('header', {},
      h('div', { class: 'grow' }, h('h3', {}, h('a', { href: `#/deliveries/${part(first.id)}` }, first.eventType)), h('p', { class: 'dim break' }, first.url)),
      badge.node, again),
    attempts, next, said);
  let answer = '';

  return {
    node,
    /** @param {any} told */
    update(told) {
      delivery = told;
      badge.update(told.status);
      again.hidden = isOpen(told.status);
      show(told.attemptLog);
      const wanted = JSON.stringify([told.responseBody, told.errorMessage, told.status]);
      if (wanted === answer) return;
      answer = wanted;
      fill(said, ...answerOf(told));
    },
    /** @param {number} time */
    tick(time) {
      say(next, nextAttempt(delivery, time));
    },
  };
}

/** @param {any} delivery @param {number} time */
function nextAttempt(delivery, time) {
  if (delivery.status === 'SENDING') return `Attempt ${delivery.attempts + 1} is under way`;
  if (!isOpen(delivery.status)) return '';
  if (!delivery.nextRetryAt) return 'The first attempt is about to be made';
  const left = Date.parse(delivery.nextRetryAt) - time;
  return left > 0 ? `Attempt ${delivery.attempts + 1} of ${delivery.maxAttempts} in ${remaining(left)}` : `Attempt ${delivery.attempts + 1} is due`;
}

/** @param {any} delivery */
function answerOf(delivery) {
  const failed = delivery.errorMessage && delivery.status !== 'SUCCESS';
  const body = delivery.responseBody;
  return [
    failed && h('p', { class: 'text-bad' }, sentence(delivery.errorMessage)),
    body !== null && body !== '' && h('details', { class: 'fold', open: delivery.status !== 'SUCCESS' },
      h('summary', {}, 'Answer to the last attempt', body.length >= 10_000 && h('span', { class: 'dim' }, ' · its first 10,000 characters')),
      h('div', { class: 'with-copy' }, pre(readable(body), 'Body of the answer'), copyButton(() => body, 'the answer'))),
  ];
}

/** @param {any} delivery @param {any} attempt @param {string[]} own */
function attemptRow(delivery, attempt, own) {
  const late = Math.max(0, Date.parse(attempt.sentAt) - Date.parse(attempt.dueAt));
  const taken = attempt.error === null;
  const headers = requestHeaders(delivery, attempt, own).map(([name, value]) => `${name}: ${value}`).join('\n');
  return h('li', { class: 'attempt', 'data-kind': taken ? 'good' : 'bad' },
    h('details', { class: 'fold' },
      h('summary', {},
        h('span', { class: 'attempt-number' }, `#${attempt.attempt}`),
        h('span', { class: 'code-badge' }, attempt.responseCode ?? 'no answer'),
        h('span', { class: 'grow', title: exactly(attempt.sentAt) }, timeOfDay(attempt.sentAt)),
        figure('late', short(late)), figure('took', short(attempt.durationMs))),
      attempt.error && h('p', { class: 'text-bad' }, sentence(attempt.error)),
      h('p', { class: 'dim' }, `Due ${timeOfDay(attempt.dueAt)}, sent ${timeOfDay(attempt.sentAt)}, ${ago(attempt.sentAt, now())}. Request headers, without signatures and the values of your own:`),
      pre(headers, `Request headers of attempt ${attempt.attempt}`)));
}

/** @param {string} name @param {string} value */
function figure(name, value) {
  return h('span', { class: 'figure' }, h('span', { class: 'dim' }, `${name} `), value);
}
