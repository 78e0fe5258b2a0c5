import { Account } from './account.js';
import { Projects } from './projects.js';
import { Deliveries, Events, Webhooks } from './webhooks.js';
import { Timers } from './timers.js';
import { Transport } from './transport.js';

export class Minoots {
  #transport;

  /** @param {import('../index.js').ClientOptions} [options] */
  constructor(options = {}) {
    this.#transport = new Transport(options);
    /** @type {import('./transport.js').Send} */
    const send = (method, path, call) => this.#transport.send(method, path, call);
    this.timers = new Timers(send);
    this.webhooks = new Webhooks(send);
    this.deliveries = new Deliveries(send);
    this.events = new Events(send);
    this.projects = new Projects(send);
    this.account = new Account(send);
  }

  /**
   * @param {import('../index.js').RequestOptions} [options]
   * @returns {Promise<import('../index.js').Health>}
   */
  health(options) {
    return this.#transport.send('GET', '/health', { options });
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {import('../index.js').RawCall} [call]
   */
  request(method, path, { query, body, ...options } = {}) {
    // A key is harmless where the route does not take one, but only where it does is a repetition safe.
    const creates = options.idempotencyKey !== undefined;
    return this.#transport.send(method.toUpperCase(), path, { query, body, creates, options });
  }
}

// Reads the environment when it is first called, so that importing it needs no configuration.
export const minoots = new Minoots();
