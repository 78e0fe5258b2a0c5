import { Listing } from './listing.js';
import { segment } from './path.js';

/**
 * @typedef {import('../index.js').Delivery} Delivery
 * @typedef {import('../index.js').RequestOptions} RequestOptions
 * @typedef {import('../index.js').Webhook} Webhook
 * @typedef {import('./transport.js').Call} Call
 */

/** Calls whose answer is in `data`. */
class Resource {
  /** @param {import('./transport.js').Send} send */
  constructor(send) {
    /** @protected */
    this.call = send;
  }

  /**
   * @protected
   * @param {string} method
   * @param {string} path
   * @param {Call} [call]
   */
  async data(method, path, call) {
    return (await this.call(method, path, call)).data;
  }
}

export class Webhooks extends Resource {
  /**
   * @param {import('../index.js').NewWebhook} webhook
   * @param {RequestOptions} [options]
   * @returns {Promise<import('../index.js').CreatedWebhook>}
   */
  create(webhook, options) {
    return this.data('POST', '/webhooks', { body: webhook, creates: true, options });
  }

  /**
   * @param {string} id
   * @param {RequestOptions} [options]
   * @returns {Promise<Webhook>}
   */
  async get(id, options) {
    return this.data('GET', `/webhooks/${segment(id)}`, { options });
  }

  /**
   * @param {{ includeInactive?: boolean }} [which]
   * @param {RequestOptions} [options]
   * @returns {Promise<Webhook[]>}
   */
  list({ includeInactive } = {}, options) {
    return this.data('GET', '/webhooks', { query: { includeInactive }, options });
  }

  /**
   * @param {string} id
   * @param {import('../index.js').WebhookChanges} changes
   * @param {RequestOptions} [options]
   * @returns {Promise<Webhook>}
   */
  async update(id, changes, options) {
    return this.data('PATCH', `/webhooks/${segment(id)}`, { body: changes, options });
  }

  /**
   * @param {string} id
   * @param {RequestOptions} [options]
   */
  async delete(id, options) {
    await this.call('DELETE', `/webhooks/${segment(id)}`, { options });
  }

  /**
   * @param {string} id
   * @param {{ overlap?: import('../index.js').Duration }} [rotation]
   * @param {RequestOptions} [options]
   * @returns {Promise<{ webhookId: string, secret: string }>}
   */
  async regenerateSecret(id, { overlap } = {}, options) {
    const body = overlap === undefined ? undefined : { overlap };
    return this.data('POST', `/webhooks/${segment(id)}/regenerate-secret`, { body, options });
  }

  /**
   * @param {string} id
   * @param {RequestOptions} [options]
   * @returns {Promise<import('../index.js').TestResult>}
   */
  async test(id, options) {
    return this.data('POST', `/webhooks/${segment(id)}/test`, { options });
  }

  /**
   * @param {string} id
   * @param {import('../index.js').DeliveryFilters} [filters]
   * @param {RequestOptions} [options]
   * @returns {import('../index.js').Listing<Delivery>}
   */
  deliveries(id, { cursor: start, ...filters } = {}, options) {
    const path = `/webhooks/${segment(id)}/deliveries`;
    return new Listing(async (cursor) => {
      const { data, nextCursor } = await this.call('GET', path, { query: { ...filters, cursor }, options });
      return { data, nextCursor };
    }, start);
  }

  /**
   * @param {string} id
   * @param {RequestOptions} [options]
   * @returns {Promise<import('../index.js').WebhookStats>}
   */
  async stats(id, options) {
    return this.data('GET', `/webhooks/${segment(id)}/stats`, { options });
  }

  /**
   * @param {RequestOptions} [options]
   * @returns {Promise<import('../index.js').EventDescription[]>}
   */
  events(options) {
    return this.data('GET', '/webhooks/events', { options });
  }

  /**
   * @param {RequestOptions} [options]
   * @returns {Promise<import('../index.js').QueueStats>}
   */
  queueStats(options) {
    return this.data('GET', '/webhooks/queue/stats', { options });
  }

  /**
   * @param {{ webhookId?: string }} [which]
   * @param {RequestOptions} [options]
   * @returns {Promise<{ retried: number, more?: boolean }>}
   */
  retryFailed({ webhookId } = {}, options) {
    const body = webhookId === undefined ? undefined : { webhookId };
    return this.data('POST', '/webhooks/queue/retry-failed', { body, options });
  }
}

export class Deliveries extends Resource {
  /**
   * @param {import('../index.js').DeliveryFilters} [filters]
   * @param {RequestOptions} [options]
   * @returns {import('../index.js').Listing<Delivery>}
   */
  list({ cursor: start, ...filters } = {}, options) {
    return new Listing(async (cursor) => {
      const { data, nextCursor } = await this.call('GET', '/deliveries', { query: { ...filters, cursor }, options });
      return { data, nextCursor };
    }, start);
  }

  /**
   * @param {string} id
   * @param {RequestOptions} [options]
   * @returns {Promise<Delivery>}
   */
  async get(id, options) {
    return this.data('GET', `/deliveries/${segment(id)}`, { options });
  }

  /**
   * @param {string} id
   * @param {RequestOptions} [options]
   * @returns {Promise<Delivery>}
   */
  async retry(id, options) {
    return this.data('POST', `/deliveries/${segment(id)}/retry`, { options });
  }
}

export class Events extends Resource {
  /**
   * @param {import('../index.js').NewEvent} event
   * @param {RequestOptions} [options]
   * @returns {Promise<import('../index.js').SentEvent>}
   */
  send(event, options) {
    return this.data('POST', '/events', { body: event, creates: true, options });
  }
}
