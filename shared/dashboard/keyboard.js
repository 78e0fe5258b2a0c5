import { tell } from './dialog.js';
import { h } from './dom.js';
import { go } from './router.js';

/** @type {Record<string, [string, () => void]>} */
const KEYS = {
  n: ['New timer', () => go('/new')],
  t: ['Timers', () => go('/timers')],
  w: ['Webhooks', () => go('/webhooks')],
  d: ['Deliveries', () => go('/deliveries')],
  i: ['Insights', () => go('/insights')],
  '/': ['Search', () => /** @type {HTMLElement | null} */ (document.querySelector('[type=search]'))?.focus()],
  '?': ['This list', () => help()],
};

/** Single keys go to pages, unless somebody is writing. */
export function installKeys() {
  addEventListener('keydown', (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const writes = target.closest?.('input, textarea, select, dialog');
    if (writes || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = KEYS[event.key];
    if (!key) return;
    event.preventDefault();
    key[1]();
  });
}

function help() {
  const rows = Object.entries(KEYS).map(([key, [what]]) => h('div', { class: 'fact' }, h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)));
  tell('Keys', h('dl', { class: 'facts' }, ...rows, h('div', { class: 'fact' }, h('dt', {}, h('kbd', {}, '↑ ↓')), h('dd', {}, 'Move in the list of timers'))));
}
