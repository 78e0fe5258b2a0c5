import { call } from './api.js';
import { field } from './dialog.js';
import { h } from './dom.js';
import { sentence } from './format.js';
import { once } from './notice.js';
import { IS_LOCAL, keepKey } from './session.js';

/**
 * Asks for the API key.
 *
 * @param {() => void} done
 * @param {string} why it is asked for again, if it is
 * @returns {import('./router.js').Page}
 */
export function signInPage(done, why) {
  const key = h('input', { type: 'password', autocomplete: 'off', spellcheck: 'false', placeholder: 'mnt_live_…', required: true });
  const asked = field('API key', key, { hint: 'Kept in this tab until you close it. It is sent to this server only.' });
  const button = h('button', { type: 'submit', class: 'button primary wide' }, 'Open the dashboard');
  const form = h('form', { class: 'form', novalidate: true }, asked.node, button);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    once(button, () => enter());
  });

  async function enter() {
    const text = key.value.trim();
    if (!/^[!-~]+$/.test(text)) return refuse(text ? 'It has characters that no key has' : 'Give a key');
    try {
      await call('GET', '/health', undefined, text);
      keepKey(text);
      done();
    } catch (error) {
      refuse(sentence(error instanceof Error ? error.message : String(error)));
    }
  }

  /** @param {string} fault */
  function refuse(fault) {
    asked.setFault(fault);
    key.focus();
  }

  asked.setFault(sentence(why));
  const where = IS_LOCAL
    ? 'Sign in with the API key that minoots dev prints when it starts. The Dashboard link above it opens this page without asking.'
    : 'Sign in with an API key, as callers send it in x-api-key. The first one was printed when the account was opened.';
  return { title: 'Sign in', node: h('div', { class: 'sign-in' }, h('span', { class: 'mark', 'aria-hidden': 'true' }), h('h1', {}, 'Minoots'), h('p', { class: 'dim' }, where), form) };
}
