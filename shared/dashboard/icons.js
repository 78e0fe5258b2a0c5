import { svg } from './dom.js';

/** Paths on a square of 24, drawn with a line of 1.75. */
const PATHS = {
  timers: 'M12 6v6l3.5 2M12 3a9 9 0 1 0 9 9',
  webhooks: 'M9.5 9.5 6 15.5m8.5-6 3.5 6M8.5 18h7M12 4.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5ZM5.5 15.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5Zm13 0a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5Z',
  deliveries: 'M4 12h13m0 0-5-5m5 5-5 5M21 5v14',
  inbox: 'M4 13 6.5 5h11L20 13v6H4v-6Zm0 0h5l1 2.5h4l1-2.5h5',
  insights: 'M4 20V10m5.5 10V4M15 20v-7m5.5 7V8',
  plus: 'M12 5v14M5 12h14',
  play: 'M8 5.5v13l10.5-6.5L8 5.5Z',
  pause: 'M8.5 5.5v13m7-13v13',
  bolt: 'M13 3 5 13.5h6L10.5 21 19 10h-6.5L13 3Z',
  cross: 'm6 6 12 12M18 6 6 18',
  replay: 'M4 12a8 8 0 1 0 2.6-5.9L4 8.5M4 4v4.5h4.5',
  copy: 'M9 9h10v11H9V9Zm-3 6H5V4h10v2',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8Zm0-5v2m0 14v2M3 12h2m14 0h2M5.6 5.6 7 7m10 10 1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z',
  leave: 'M14 4h5v16h-5M4 12h10m0 0-4-4m4 4-4 4',
  clock: 'M12 7v5l3 2M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18Z',
  key: 'M14.5 4a5.5 5.5 0 1 1-4.6 8.5L4 18.5V21h3v-2h2v-2h2l1.5-1.6M16 8.2v.1',
  send: 'M21 3 10 14M21 3l-7 18-4-7-7-4 18-7Z',
  trash: 'M5 7h14M10 7V4.5h4V7m-7 0 .8 13h8.4L17 7',
  back: 'M11 6 5 12l6 6M5 12h14',
};

/** @typedef {keyof typeof PATHS} Icon */

/**
 * A picture beside a text that says the same: screen readers skip it.
 *
 * @param {Icon} name
 */
export function icon(name) {
  return svg('svg', { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true' }, svg('path', { d: PATHS[name] }));
}
