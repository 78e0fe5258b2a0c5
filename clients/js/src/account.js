import { segment } from './path.js';

/** @typedef {import('../index.js').RequestOptions} RequestOptions */

export class Account {
  #send;

  /** @param {import('./transport.js').Send} send */
  constructor(send) {
    this.#send = send;
  }

  /**
   * @param {{ name?: string, mode?: import('../index.js').Mode }} [key]
   * @param {RequestOptions} [options]
   * @returns {Promise<import('../index.js').CreatedApiKey>}
   */
  async createApiKey(key = {}, options) {
    const { success, ...created } = await this.#send('POST', '/account/api-keys', { body: key, creates: true, options });
    return created;
  }

  /**
   * @param {RequestOptions} [options]
   * @returns {Promise<import('../index.js').ApiKey[]>}
   */
  async apiKeys(options) {
    return (await this.#send('GET', '/account/api-keys', { options })).apiKeys;
  }

  /**
   * @param {string} id
   * @param {string | null} name
   * @param {RequestOptions} [options]
   * @returns {Promise<import('../index.js').ApiKey[]>}
   */
  async renameApiKey(id, name, options) {
    return (await this.#send('PUT', `/account/api-keys/${segment(id)}`, { body: { name }, options })).apiKeys;
  }

  /**
   * @param {string} id
   * @param {RequestOptions} [options]
   * @returns {Promise<import('../index.js').ApiKey[]>}
   */
  async revokeApiKey(id, options) {
    return (await this.#send('DELETE', `/account/api-keys/${segment(id)}`, { options })).apiKeys;
  }

  /**
   * @param {RequestOptions} [options]
   * @returns {Promise<import('../index.js').WebhookSecret>}
   */
  async webhookSecret(options) {
    return (await this.#send('GET', '/account/webhook-secret', { options })).data;
  }

  /**
   * @param {{ overlap?: import('../index.js').Duration }} [rotation]
   * @param {RequestOptions} [options]
   * @returns {Promise<import('../index.js').WebhookSecret>}
   */
  async rotateWebhookSecret({ overlap } = {}, options) {
    const body = overlap === undefined ? undefined : { overlap };
    return (await this.#send('POST', '/account/webhook-secret/rotate', { body, options })).data;
  }

  /**
   * @param {{ days?: number }} [which]
   * @param {RequestOptions} [options]
   * @returns {Promise<import('../index.js').UsageDay[]>}
   */
  async usage({ days } = {}, options) {
    return (await this.#send('GET', '/account/usage', { query: { days }, options })).usage.days;
  }
}
