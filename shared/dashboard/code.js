import { h } from './dom.js';
import { icon } from './icons.js';
import { notice } from './notice.js';

/** @param {string} text @param {string} what */
export async function copy(text, what) {
  await navigator.clipboard.writeText(text).then(
    () => notice(`${what} copied`),
    () => notice('The browser does not let this page copy: select the text instead', 'bad'),
  );
}

/**
 * A button that copies what it is told then.
 *
 * @param {() => string} text
 * @param {string} what
 */
export function copyButton(text, what) {
  return h('button', { type: 'button', class: 'button ghost small', 'aria-label': `Copy ${what}`, title: `Copy ${what}`, on: { click: () => copy(text(), what) } }, icon('copy'));
}

/** Text in the type of programs, that can be scrolled with the keyboard. @param {string} text @param {string} label */
export function pre(text, label) {
  return h('pre', { class: 'code', tabindex: 0, role: 'region', 'aria-label': label }, text);
}

/** An id that can be copied. @param {string} id @param {string} what */
export function idText(id, what) {
  return h('span', { class: 'id' }, h('code', {}, id), copyButton(() => id, what));
}
