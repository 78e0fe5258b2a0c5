import { fill, h } from './dom.js';
import { icon } from './icons.js';

const NAME = 'minoots-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

const chosen = () => localStorage.getItem(NAME);
const isDark = () => (chosen() ?? (dark.matches ? 'dark' : 'light')) === 'dark';

/** Puts the visitor's choice in force; without one the system's holds. */
export function applyTheme() {
  const choice = chosen();
  if (choice) document.documentElement.dataset.theme = choice;
}

/** The button that turns light into dark and back. */
export function themeButton() {
  const button = h('button', { type: 'button', class: 'button ghost', on: { click: turn } });
  function show() {
    const next = isDark() ? 'light' : 'dark';
    button.setAttribute('aria-label', `Use ${next} colours`);
    button.title = `Use ${next} colours`;
    fill(button, icon(isDark() ? 'sun' : 'moon'));
  }
  function turn() {
    localStorage.setItem(NAME, isDark() ? 'light' : 'dark');
    applyTheme();
    show();
  }
  dark.addEventListener('change', show);
  show();
  return button;
}
