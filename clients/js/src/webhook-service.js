import { minoots } from './client.js';

export class WebhookService {
  /**
   * @param {string} _userId
   * @returns {import('../index.js').Minoots}
   */
  static clientFor(_userId) {
    return minoots;
  }

  /** @param {import('../index.js').TriggeredEvent} event */
  static async triggerEvent({ eventType, userId, data, id }) {
    return this.clientFor(userId).events.send({ type: eventType, data, id });
  }
}
