// Looking again when something has changed: when the server says so where it does, else every few seconds. Not while the tab is hidden.

import { get } from './api.js';
import { IS_LOCAL } from './session.js';

/** Between two looks, where the server does not tell of changes, in milliseconds; longer once nobody has touched the page for a while. */
const POLL = 5_000;
const POLL_UNATTENDED = 30_000;
const UNATTENDED_AFTER = 120_000;
/** Between two looks at the server's clock. */
const CLOCK = 4_000;

/** @typedef {'live' | 'polling' | 'asked' | 'away'} State how the page is kept up to date: `asked`, only on the visitor's word */

/** Keeps one page up to date. */
export class Live {
  /** @param {(state: State) => void} show */
  constructor(show) {
    this.show = show;
    /** @type {(() => Promise<void>) | null} */
    this.refresh = null;
    this.costly = false;
    this.under_way = false;
    this.again = false;
    this.touched = Date.now();
    /** @type {EventSource | null} */
    this.source = null;
    this.timer = 0;
    document.addEventListener('visibilitychange', () => this.#follow(true));
    for (const event of ['pointerdown', 'keydown']) addEventListener(event, () => (this.touched = Date.now()), { passive: true });
    if (!IS_LOCAL) return;
    const lookAtClock = () => document.hidden || get('/dev/clock').catch(() => {});
    lookAtClock();
    setInterval(lookAtClock, CLOCK);
  }

  /**
   * From now on keeps this page up to date. What costs the service much to answer is not asked for unbidden.
   *
   * @param {{ refresh?: () => Promise<void>, costly?: boolean }} page
   */
  follow({ refresh, costly = false }) {
    this.refresh = refresh ?? null;
    this.costly = costly;
    this.#follow(false);
  }

  /** Looks again now; what is asked for meanwhile is one more look afterwards. */
  async look() {
    if (this.under_way) {
      this.again = true;
      return;
    }
    this.under_way = true;
    do {
      this.again = false;
      await this.refresh?.().catch(() => {});
    } while (this.again);
    this.under_way = false;
  }

  /** @param {boolean} returned */
  #follow(returned) {
    clearTimeout(this.timer);
    if (document.hidden || !this.refresh) {
      this.source?.close();
      this.source = null;
      return;
    }
    if (returned) this.look();
    if (IS_LOCAL) this.#listen();
    else if (this.costly) this.show('asked');
    else this.#poll();
  }

  #listen() {
    if (this.source) return;
    let opened = false;
    this.source = new EventSource('/dashboard/changes');
    this.source.onopen = () => {
      this.show('live');
      if (opened) this.look();
      opened = true;
    };
    this.source.onmessage = () => this.look();
    this.source.onerror = () => this.show('away');
  }

  #poll() {
    this.show('polling');
    const wait = Date.now() - this.touched > UNATTENDED_AFTER ? POLL_UNATTENDED : POLL;
    this.timer = setTimeout(() => this.look().then(() => this.#follow(false)), wait);
  }
}
