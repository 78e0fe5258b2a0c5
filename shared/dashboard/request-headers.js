/**
 * What an attempt was sent with, as far as it is known afterwards: signatures are not kept, and the caller's own values may be
 * secrets, so both are left out.
 *
 * @param {any} delivery
 * @param {any} attempt
 * @param {string[]} own names of the caller's own headers
 * @returns {[string, string][]}
 */
export function requestHeaders(delivery, attempt, own) {
  const seconds = String(Math.floor(Date.parse(attempt.sentAt) / 1000));
  /** @type {[string, string][]} */
  const headers = [
    ['content-type', 'application/json'],
    ['webhook-id', delivery.id],
    ['webhook-timestamp', seconds],
    ['webhook-signature', 'v1,…'],
    ['x-minoots-signature', 'sha256=…'],
    ['x-minoots-attempt', String(attempt.attempt)],
    ['x-minoots-event', delivery.eventType],
    ['x-minoots-delivery', delivery.id],
  ];
  if (delivery.webhookId) {
    headers.push(['x-webhook-signature', '…'], ['x-webhook-timestamp', seconds], ['x-webhook-id', delivery.eventId], ['x-webhook-event', delivery.eventType]);
  }
  for (const name of own) headers.push([name.toLowerCase(), '…']);
  return headers;
}

/**
 * The names of the headers that a timer's own webhook is sent with beside the service's.
 *
 * @param {any} timer
 * @param {string} event
 * @returns {string[]}
 */
export function ownHeaders(timer, event) {
  const events = timer.events ?? {};
  /** @type {Record<string, any>} */
  const told = { timer_expired: events.on_expire, timer_progress: events.on_progress, timer_cancelled: events.on_cancel };
  return Object.keys(told[event]?.headers ?? {});
}
