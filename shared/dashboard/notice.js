// What is said to the visitor: notices that go by, and states of a page.

import { h } from './dom.js';
import { icon } from './icons.js';

const SHOWN_FOR = 5_000;
const polite = h('div', { class: 'notices', role: 'status', 'aria-live': 'polite' });

/** Puts the place of notices into the page. */
export function installNotices() {
  document.body.append(polite);
}

/**
 * Says something for a few seconds.
 *
 * @param {string} text
 * @param {'good' | 'bad'} [kind]
 */
export function notice(text, kind = 'good') {
  const node = h('div', { class: `notice ${kind}` }, icon(kind === 'good' ? 'check' : 'cross'), h('span', {}, text));
  polite.append(node);
  while (polite.children.length > 3) polite.firstChild?.remove();
  setTimeout(() => node.remove(), kind === 'good' ? SHOWN_FOR : 2 * SHOWN_FOR);
}

/** What to do about an error, by its code. @type {Record<string, string>} */
const ADVICE = {
  UNREACHABLE: 'Check that it runs and that this machine is online. The page goes on by itself once it answers.',
  INVALID_API_KEY: 'Sign in with a key that is in force.',
  RATE_LIMIT_EXCEEDED: 'Wait a few seconds.',
  TIMER_NOT_FOUND: 'Its record may have been deleted after its retention, or it belongs to the other mode: a test key sees test data only.',
  WEBHOOK_NOT_FOUND: 'It may have been deleted, or it belongs to the other mode: a test key sees test data only.',
  DELIVERY_NOT_FOUND: 'Its record may have been deleted after its retention.',
  SERVICE_UNAVAILABLE: 'Nothing is lost. Try again in a moment.',
};

/**
 * A page or a part of it that could not be shown, with what to do.
 *
 * @param {any} error
 * @param {() => void} [retry]
 */
export function failure(error, retry) {
  return h('div', { class: 'state bad', role: 'alert' },
    h('div', { class: 'state-icon' }, icon('cross')),
    h('h2', {}, error?.message ?? String(error)),
    h('p', {}, ADVICE[error?.code] ?? 'Try again; if it stays, the service\u2019s log says more.'),
    retry && h('button', { class: 'button', on: { click: retry } }, 'Try again'));
}

/**
 * A place where there is nothing yet.
 *
 * @param {import('./icons.js').Icon} picture
 * @param {string} title
 * @param {string} text
 * @param {...import('./dom.js').Child} more
 */
export function empty(picture, title, text, ...more) {
  return h('div', { class: 'state' }, h('div', { class: 'state-icon' }, icon(picture)), h('h2', {}, title), h('p', {}, text), ...more);
}

/**
 * A button that does one thing at a time and says what went wrong.
 *
 * @param {{ label: string, picture?: import('./icons.js').Icon, kind?: string, title?: string, run: () => Promise<unknown> }} button
 */
export function action({ label, picture, kind = '', title, run }) {
  const node = h('button', { type: 'button', class: `button ${kind}`, title }, picture && icon(picture), h('span', {}, label));
  node.addEventListener('click', () => once(node, run));
  return node;
}

/**
 * Runs something while a button is out of use.
 *
 * @param {HTMLButtonElement} button
 * @param {() => Promise<unknown>} run
 */
export async function once(button, run) {
  if (button.getAttribute('aria-busy') === 'true') return;
  // Not `disabled`: that would take the keyboard's focus away.
  button.setAttribute('aria-busy', 'true');
  try {
    await run();
  } catch (error) {
    notice(error instanceof Error ? error.message : String(error), 'bad');
  } finally {
    button.removeAttribute('aria-busy');
  }
}
