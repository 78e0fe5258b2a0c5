// The list of timers as far as it was looked at: newest first, more at its end as one scrolls, and what is on the screen looked at again.

import { get } from './api.js';

const PAGE = 100;
/** After so many pages of new timers the list begins anew: whoever made them does not scroll back to before them. */
const MOST_NEW = 5;

/** @typedef {{ timers: any[], nextCursor?: string }} Answer */

/** The timers in one state, or all. */
export class TimerFeed {
  /** @param {string} status empty for all */
  constructor(status) {
    this.status = status;
    /** @type {any[]} newest first */
    this.timers = [];
    /** @type {string | undefined} where the list goes on */
    this.next = undefined;
    this.begun = false;
    /** @type {Map<string, string>} id to the cursor of the page it was on */
    this.pages = new Map();
    this.loading = false;
  }

  /** Whether there is more at the end. */
  get hasMore() {
    return !this.begun || this.next !== undefined;
  }

  /** Reads the next page at the end. */
  async more() {
    if (this.loading || !this.hasMore) return;
    this.loading = true;
    try {
      const cursor = this.next ?? '';
      const answer = await this.#page(cursor);
      this.#take(answer.timers, cursor);
      this.next = answer.nextCursor;
      this.begun = true;
    } finally {
      this.loading = false;
    }
  }

  /**
   * Looks again: for new timers, and at those that are on the screen.
   *
   * @param {any[]} shown
   */
  async refresh(shown) {
    if (!this.begun) return this.more();
    await this.#newest();
    const cursors = new Set(shown.map((timer) => this.pages.get(timer.id)).filter((cursor) => cursor));
    for (const cursor of cursors) {
      const answer = await this.#page(/** @type {string} */ (cursor));
      this.#replace(answer.timers, shown.filter((timer) => this.pages.get(timer.id) === cursor), /** @type {string} */ (cursor));
    }
  }

  async #newest() {
    const known = new Set(this.timers.map((timer) => timer.id));
    /** @type {any[]} */
    const found = [];
    let cursor = '';
    for (let pages = 0; pages < MOST_NEW; pages += 1) {
      const answer = await this.#page(cursor);
      found.push(...answer.timers);
      const meets = answer.timers.some((timer) => known.has(timer.id));
      if (meets || answer.nextCursor === undefined) {
        const last = answer.timers.at(-1);
        const stale = this.timers.filter((timer) => !last || answer.nextCursor === undefined || isBefore(timer, last));
        this.#replace(found, stale, '');
        return;
      }
      cursor = answer.nextCursor;
    }
    this.timers = [];
    this.pages.clear();
    this.#take(found, '');
    this.next = cursor;
  }

  /**
   * Puts what was found in the place of what was known of the same stretch.
   *
   * @param {any[]} found
   * @param {any[]} stale
   * @param {string} cursor
   */
  #replace(found, stale, cursor) {
    const ids = new Set(found.map((timer) => timer.id));
    const gone = new Set(stale.filter((timer) => !ids.has(timer.id)).map((timer) => timer.id));
    if (gone.size > 0) this.timers = this.timers.filter((timer) => !gone.has(timer.id));
    this.#take(found, cursor);
  }

  /** @param {any[]} found @param {string} cursor */
  #take(found, cursor) {
    const places = new Map(this.timers.map((timer, index) => [timer.id, index]));
    const fresh = [];
    for (const timer of found) {
      const place = places.get(timer.id);
      if (place === undefined) fresh.push(timer);
      else this.timers[place] = timer;
      if (place === undefined || !this.pages.has(timer.id)) this.pages.set(timer.id, cursor);
    }
    if (fresh.length === 0) return;
    const last = this.timers.at(-1);
    const atEnd = last !== undefined && fresh.every((timer) => isBefore(last, timer));
    this.timers.push(...fresh);
    if (!atEnd) this.timers.sort((one, other) => (isBefore(one, other) ? -1 : 1));
  }

  /** @param {string} cursor @returns {Promise<Answer>} */
  #page(cursor) {
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (this.status) query.set('status', this.status);
    if (cursor) query.set('cursor', cursor);
    return get(`/timers?${query}`);
  }
}

/** Whether a timer stands before another: the newer one does. @param {any} one @param {any} other */
function isBefore(one, other) {
  return one.createdAt === other.createdAt ? one.id > other.id : one.createdAt > other.createdAt;
}
