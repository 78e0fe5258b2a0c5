// The server's time, which need not be this machine's, nor go at its pace: `minoots dev` can be told to hurry.

/** @type {{ server: number, at: number } | null} */
let anchor = null;
let pace = 1;
let suspected = 1;

/** How far apart two looks at the clock must be to tell its pace, in milliseconds. */
const APART = 900;

/** The server's time, in epoch milliseconds. */
export function now() {
  return anchor ? anchor.server + (performance.now() - anchor.at) * pace : Date.now();
}

/**
 * Takes in what time it is on the server.
 *
 * @param {number} server
 */
export function learn(server) {
  if (!Number.isFinite(server)) return;
  const at = performance.now();
  if (anchor && at - anchor.at < APART) return;
  if (anchor) {
    const seen = (server - anchor.server) / (at - anchor.at);
    // One odd step is a clock that was moved, two alike are a pace.
    pace = Math.abs(seen - 1) < 0.15 ? 1 : Math.abs(seen / suspected - 1) < 0.2 ? seen : pace;
    suspected = seen;
  }
  anchor = { server, at };
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
