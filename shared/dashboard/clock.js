// The server's time, which need not be this machine's, nor go at its pace: `minoots dev` can be told to hurry.

/** @type {{ server: number, at: number } | null} */
let anchor = null;
let pace = 1;

/** The server's time, in epoch milliseconds. */
export function now() {
  return anchor ? anchor.server + (performance.now() - anchor.at) * pace : Date.now();
}

/**
 * Takes in what time it is on the server, and how fast it goes there if that was said.
 *
 * @param {number} server
 * @param {number} [speed]
 */
export function learn(server, speed = pace) {
  if (!Number.isFinite(server)) return;
  pace = speed;
  anchor = { server, at: performance.now() };
}

const calm = matchMedia('(prefers-reduced-motion: reduce)');
/** @type {Set<(now: number) => void>} */
const watchers = new Set();
let last = 0;
let asked = false;

/**
 * Calls back with the server's time while the page is looked at: some thirty times a second, or once for who wants no motion.
 *
 * @param {(now: number) => void} watcher
 * @returns {() => void} ends it
 */
export function onTick(watcher) {
  watchers.add(watcher);
  watcher(now());
  ask();
  return () => watchers.delete(watcher);
}

function ask() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(tick);
}

/** @param {number} at */
function tick(at) {
  asked = false;
  if (at - last >= (calm.matches ? 1000 : 30)) {
    last = at;
    const time = now();
    for (const watcher of watchers) watcher(time);
  }
  if (watchers.size > 0) ask();
}
