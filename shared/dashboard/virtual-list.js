// A list of any length of which only what is on the screen has elements.

import { h } from './dom.js';

/** How many rows are kept ready above and below the screen. */
const READY = 6;

/**
 * @template T
 * @typedef {{ node: HTMLElement, update: (item: T) => void, tick?: (now: number) => void }} Row
 */

/**
 * Rows of one height in the page's own scrolling.
 *
 * @template {{ id: string }} T
 */
export class VirtualList {
  /**
   * @param {{ label: string, create: () => Row<T>, end: () => void }} options `end` is called when the last rows come near
   */
  constructor({ label, create, end }) {
    this.node = h('div', { class: 'rows', role: 'list', 'aria-label': label });
    this.create = create;
    this.end = end;
    /** @type {readonly T[]} */
    this.items = [];
    /** @type {Map<string, Row<T>>} */
    this.rows = new Map();
    this.height = 0;
    this.again = () => this.#show();
    addEventListener('scroll', this.again, { passive: true });
    addEventListener('resize', this.again);
    this.node.addEventListener('keydown', (event) => this.#move(event));
  }

  /** @param {readonly T[]} items */
  show(items) {
    this.items = items;
    this.#show();
  }

  /** What has elements now. */
  get shown() {
    return this.items.filter((item) => this.rows.has(item.id));
  }

  /** @param {number} now */
  tick(now) {
    for (const row of this.rows.values()) row.tick?.(now);
  }

  leave() {
    removeEventListener('scroll', this.again);
    removeEventListener('resize', this.again);
  }

  #show() {
    if (!this.node.isConnected) return;
    this.height = parseFloat(getComputedStyle(this.node).getPropertyValue('--row-height'));
    this.node.style.height = `${this.items.length * this.height}px`;
    const top = -this.node.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / this.height) - READY);
    const last = Math.min(this.items.length, Math.ceil((top + innerHeight) / this.height) + READY);
    const wanted = new Set(this.items.slice(first, last).map((item) => item.id));
    for (const [id, row] of this.rows) {
      if (wanted.has(id)) continue;
      row.node.remove();
      this.rows.delete(id);
    }
    for (let index = first; index < last; index += 1) this.#place(/** @type {T} */ (this.items[index]), index, index - first);
    if (last >= this.items.length - READY) this.end();
  }

  /** @param {T} item @param {number} index @param {number} place */
  #place(item, index, place) {
    let row = this.rows.get(item.id);
    if (!row) {
      row = this.create();
      this.rows.set(item.id, row);
    }
    row.update(item);
    row.node.style.transform = `translateY(${index * this.height}px)`;
    row.node.dataset.index = String(index);
    row.node.setAttribute('aria-posinset', String(index + 1));
    row.node.setAttribute('aria-setsize', String(this.items.length));
    // In the order of the list for the keyboard and for screen readers; moving one would take its focus.
    const here = this.node.children[place];
    if (here !== row.node && !row.node.contains(document.activeElement)) this.node.insertBefore(row.node, here ?? null);
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const steps = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1 })[event.key];
    const from = /** @type {HTMLElement} */ (event.target).closest('[data-index]');
    if (!steps || !(from instanceof HTMLElement)) return;
    event.preventDefault();
    const next = Number(from.dataset.index) + steps;
    const row = this.node.querySelector(`[data-index="${next}"]`);
    row?.querySelector('a')?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: 'nearest' });
  }
}
