import { Listing } from './listing.js';
import { segment } from './path.js';

/**
 * @typedef {import('../index.js').Timer} Timer
 * @typedef {import('../index.js').RequestOptions} RequestOptions
 */

export class Timers {
  #send;

  /** @param {import('./transport.js').Send} send */
  constructor(send) {
    this.#send = send;
  }

  /**
   * @param {import('../index.js').NewTimer} timer
   * @param {RequestOptions} [options]
   * @returns {Promise<Timer>}
   */
  async create(timer, options) {
    return (await this.#send('POST', '/timers', { body: timer, creates: true, options })).timer;
  }

  /**
   * @param {import('../index.js').QuickWait} wait
   * @param {RequestOptions} [options]
   * @returns {Promise<Timer>}
   */
  async quickWait(wait, options) {
    return (await this.#send('POST', '/quick/wait', { body: wait, creates: true, options })).timer;
  }

  /**
   * @param {import('../index.js').NewTimer[]} timers
   * @param {RequestOptions} [options]
   * @returns {Promise<import('../index.js').BatchResult[]>}
   */
  async createBatch(timers, options) {
    return (await this.#send('POST', '/timers/batch', { body: { timers }, creates: true, options })).results;
  }

  /**
   * @param {string} id
   * @param {RequestOptions} [options]
   * @returns {Promise<import('../index.js').TimerWithDeliveries>}
   */
  async get(id, options) {
    const { timer, deliveries } = await this.#send('GET', `/timers/${segment(id)}`, { options });
    return { ...timer, deliveries };
  }

  /**
   * @param {import('../index.js').TimerFilters} [filters]
   * @param {RequestOptions} [options]
   * @returns {import('../index.js').Listing<Timer>}
   */
  list({ cursor: start, ...filters } = {}, options) {
    return new Listing(async (cursor) => {
      const { timers, nextCursor } = await this.#send('GET', '/timers', { query: { ...filters, cursor }, options });
      return { data: timers, nextCursor };
    }, start);
  }

  /**
   * @param {string} id
   * @param {import('../index.js').TimerChanges} changes
   * @param {RequestOptions} [options]
   * @returns {Promise<Timer>}
   */
  async update(id, changes, options) {
    // To extend twice is not the same as once.
    const repeatable = changes.extend === undefined;
    return (await this.#send('PATCH', `/timers/${segment(id)}`, { body: changes, repeatable, options })).timer;
  }

  /**
   * @param {string} id
   * @param {{ reason?: string }} [why]
   * @param {RequestOptions} [options]
   * @returns {Promise<Timer>}
   */
  async cancel(id, { reason } = {}, options) {
    const body = reason === undefined ? undefined : { reason };
    return (await this.#send('DELETE', `/timers/${segment(id)}`, { body, options })).timer;
  }

  /**
   * @param {string} id
   * @param {RequestOptions} [options]
   * @returns {Promise<Timer>}
   */
  async pause(id, options) {
    return (await this.#send('POST', `/timers/${segment(id)}/pause`, { repeatable: true, options })).timer;
  }

  /**
   * @param {string} id
   * @param {RequestOptions} [options]
   * @returns {Promise<Timer>}
   */
  async resume(id, options) {
    return (await this.#send('POST', `/timers/${segment(id)}/resume`, { repeatable: true, options })).timer;
  }

  /**
   * @param {string} id
   * @param {RequestOptions} [options]
   * @returns {Promise<Timer>}
   */
  async fire(id, options) {
    return (await this.#send('POST', `/timers/${segment(id)}/fire`, { options })).timer;
  }
}
