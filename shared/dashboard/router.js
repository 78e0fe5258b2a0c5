// Which page an address means. Addresses are fragments, so that the page is loaded once, wherever it is served.

/**
 * @typedef {object} Page
 * @property {string} title
 * @property {Node} node
 * @property {() => Promise<void>} [refresh] looks again at what is shown
 * @property {boolean} [costly] whether looking costs the service much: then it is done on the visitor's word only
 * @property {() => void} [leave] ends what goes on in the page
 */
/** @typedef {{ pattern: RegExp, page: (...params: string[]) => Page, section: string }} Route */

/** @param {string} hash */
export const pathOf = (hash) => hash.replace(/^#/, '') || '/timers';

/**
 * The page for an address, or `null`.
 *
 * @param {Route[]} routes
 * @param {string} path
 */
export function find(routes, path) {
  for (const route of routes) {
    const match = route.pattern.exec(path);
    if (match) return { page: () => route.page(...match.slice(1).map(decodeURIComponent)), section: route.section };
  }
  return null;
}

/** @param {string} path */
export function go(path) {
  location.hash = path;
}
