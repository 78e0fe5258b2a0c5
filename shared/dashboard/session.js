// The visitor's API key. It stays in this browser's memory of this tab (sessionStorage), is never in a cookie, and so no other
// site's request can carry it. A new tab asks the open ones for it over a channel that only this origin has.

/** Where the API is: the address of this page without `/dashboard`. */
export const BASE = location.pathname.replace(/\/dashboard\/?$/, '');
/** Whether the server is `minoots dev`: it has the inbox, and tells of changes. */
export const IS_LOCAL = document.documentElement.dataset.server === 'local';

const NAME = `minoots-key ${BASE}`;
const channel = new BroadcastChannel(NAME);
/** How long to wait for another tab's answer, in milliseconds. */
const PATIENCE = 250;

/** @type {(why: string) => void} */
let changed = () => {};

channel.addEventListener('message', ({ data }) => {
  const key = currentKey();
  if (data === 'ask' && key) channel.postMessage({ key });
  if (data === 'forget' && key) {
    sessionStorage.removeItem(NAME);
    changed('');
  }
});

/** @returns {string | null} */
export const currentKey = () => sessionStorage.getItem(NAME);

/** @param {string} key */
export function keepKey(key) {
  sessionStorage.setItem(NAME, key);
}

/** Forgets the key, in every tab. @param {string} [why] what to tell the visitor */
export function forgetKey(why = '') {
  sessionStorage.removeItem(NAME);
  channel.postMessage('forget');
  changed(why);
}

/**
 * Calls back when the key was forgotten, here or in another tab.
 *
 * @param {(why: string) => void} callback
 */
export function onForgotten(callback) {
  changed = callback;
}

/** The key from the link that `minoots dev` prints, else this tab's, else another tab's. */
export async function findKey() {
  const linked = /^#key=(.+)$/.exec(location.hash);
  if (linked?.[1]) {
    keepKey(decodeURIComponent(linked[1]));
    history.replaceState(null, '', location.pathname);
  }
  return currentKey() ?? askOtherTabs();
}

/** @returns {Promise<string | null>} */
function askOtherTabs() {
  return new Promise((resolve) => {
    /** @param {string | null} key */
    const end = (key) => {
      clearTimeout(timer);
      channel.removeEventListener('message', listen);
      resolve(key);
    };
    /** @param {MessageEvent} event */
    const listen = ({ data }) => {
      if (typeof data?.key !== 'string') return;
      keepKey(data.key);
      end(data.key);
    };
    const timer = setTimeout(() => end(null), PATIENCE);
    channel.addEventListener('message', listen);
    channel.postMessage('ask');
  });
}
