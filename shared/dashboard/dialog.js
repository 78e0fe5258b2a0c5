import { h } from './dom.js';
import { once } from './notice.js';

/**
 * Asks before something is done. The browser's own dialog keeps the focus inside and gives it back.
 *
 * @param {{ title: string, text?: string, fields?: Node[], confirm: string, danger?: boolean, run: () => Promise<unknown> }} question
 */
export function ask({ title, text, fields = [], confirm, danger = false, run }) {
  const yes = h('button', { type: 'submit', class: `button ${danger ? 'danger' : 'primary'}` }, confirm);
  const dialog = h('dialog', { class: 'dialog', 'aria-label': title },
    h('form', { class: 'form', novalidate: true },
      h('h2', {}, title),
      text && h('p', { class: 'dim' }, text),
      ...fields,
      h('div', { class: 'row end' }, h('button', { type: 'button', class: 'button', on: { click: () => dialog.close() } }, 'Back'), yes)));
  dialog.querySelector('form')?.addEventListener('submit', (event) => {
    event.preventDefault();
    once(yes, async () => {
      await run();
      dialog.close();
    });
  });
  show(dialog);
}

/**
 * Shows something that is to be read or copied now.
 *
 * @param {string} title
 * @param {...import('./dom.js').Child} content
 */
export function tell(title, ...content) {
  const dialog = h('dialog', { class: 'dialog', 'aria-label': title },
    h('h2', {}, title), ...content,
    h('div', { class: 'row end' }, h('button', { type: 'button', class: 'button primary', on: { click: () => dialog.close() } }, 'Done')));
  show(dialog);
}

/** @param {HTMLDialogElement} dialog */
function show(dialog) {
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

let ids = 0;

/**
 * A labelled field with a place for its hint and its fault.
 *
 * @param {string} label
 * @param {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} input
 * @param {{ hint?: string, more?: Node }} [options]
 */
export function field(label, input, { hint, more } = {}) {
  const id = `field-${++ids}`;
  input.id = id;
  const said = h('p', { class: 'hint', id: `${id}-hint` }, hint);
  const fault = h('p', { class: 'fault', id: `${id}-fault` });
  input.setAttribute('aria-describedby', `${said.id} ${fault.id}`);
  const node = h('div', { class: 'field' }, h('label', { for: id }, label), input, more, said, fault);
  return {
    node,
    input,
    /** @param {string} text */
    setHint: (text) => (said.textContent = text),
    /** @param {string} text */
    setFault(text) {
      fault.textContent = text;
      input.setAttribute('aria-invalid', String(text !== ''));
    },
  };
}
