import { ApiError, get } from './api.js';
import { fill, h, say } from './dom.js';
import { icon } from './icons.js';
import { installKeys } from './keyboard.js';
import { Live } from './live.js';
import { failure, installNotices } from './notice.js';
import { createPage } from './page-create.js';
import { deliveriesPage } from './page-deliveries.js';
import { deliveryPage } from './page-delivery.js';
import { inboxPage } from './page-inbox.js';
import { insightsPage } from './page-insights.js';
import { signInPage } from './page-sign-in.js';
import { timerPage } from './page-timer.js';
import { timersPage } from './page-timers.js';
import { webhookPage } from './page-webhook.js';
import { webhooksPage } from './page-webhooks.js';
import { find, pathOf } from './router.js';
import { IS_LOCAL, currentKey, findKey, forgetKey, onForgotten } from './session.js';
import { applyTheme, themeButton } from './theme.js';

/** @type {import('./router.js').Route[]} */
const ROUTES = [
  { pattern: /^\/timers$/, page: timersPage, section: 'timers' },
  { pattern: /^\/timers\/([^/]+)$/, page: timerPage, section: 'timers' },
  { pattern: /^\/new$/, page: createPage, section: 'timers' },
  { pattern: /^\/webhooks$/, page: webhooksPage, section: 'webhooks' },
  { pattern: /^\/webhooks\/([^/]+)$/, page: webhookPage, section: 'webhooks' },
  { pattern: /^\/deliveries$/, page: deliveriesPage, section: 'deliveries' },
  { pattern: /^\/deliveries\/([^/]+)$/, page: deliveryPage, section: 'deliveries' },
  { pattern: /^\/insights$/, page: insightsPage, section: 'insights' },
  { pattern: /^\/inbox$/, page: inboxPage, section: 'inbox' },
];
/** @type {[string, string, import('./icons.js').Icon][]} */
const SECTIONS = [
  ['timers', 'Timers', 'timers'],
  ['webhooks', 'Webhooks', 'webhooks'],
  ['deliveries', 'Deliveries', 'deliveries'],
  ['insights', 'Insights', 'insights'],
  ...(IS_LOCAL ? [/** @type {[string, string, import('./icons.js').Icon]} */ (['inbox', 'Inbox', 'inbox'])] : []),
];
/** @type {Record<import('./live.js').State, string>} */
const STATES = { live: 'Live', polling: 'Every 5 s', asked: 'On request', away: 'Reconnecting' };

const main = h('main', { id: 'main', tabindex: -1 });
const links = SECTIONS.map(([section, name, picture]) => h('a', { href: `#/${section}`, 'data-section': section }, icon(picture), h('span', {}, name)));
const stateText = h('span', {}, '…');
const state = h('button', { type: 'button', class: 'live', title: 'Look again now', on: { click: () => live.look() } }, h('span', { class: 'dot' }), stateText);
const mode = h('span', { class: 'mode' });
const leave = h('button', { type: 'button', class: 'button ghost', 'aria-label': 'Sign out', title: 'Sign out: forgets the key', on: { click: () => forgetKey() } }, icon('leave'));
const header = h('header', { class: 'side' },
  h('a', { class: 'brand', href: '#/timers' }, h('span', { class: 'mark', 'aria-hidden': 'true' }), h('span', {}, 'Minoots'), mode),
  h('nav', { 'aria-label': 'Sections' }, ...links),
  h('div', { class: 'side-foot' }, state, themeButton(), leave));

const live = new Live((how) => {
  state.dataset.state = how;
  say(stateText, STATES[how]);
});

/** @type {import('./router.js').Page | null} */
let current = null;

/** @param {import('./router.js').Page} page @param {string} section */
function show(page, section) {
  current?.leave?.();
  current = page;
  document.title = `${page.title} · Minoots`;
  for (const link of links) set(link, link.dataset.section === section);
  fill(main, page.node);
  scrollTo(0, 0);
  live.follow(page);
  live.look();
}

/** @param {HTMLElement} link @param {boolean} here */
function set(link, here) {
  if (here) link.setAttribute('aria-current', 'page');
  else link.removeAttribute('aria-current');
}

function open() {
  if (!currentKey()) return signIn();
  document.body.classList.remove('signed-out');
  const found = find(ROUTES, pathOf(location.hash));
  const missing = () => ({ title: 'Not found', node: failure(new ApiError('There is no such page.')) });
  show((found?.page ?? missing)(), found?.section ?? '');
}

/** @param {string} [why] */
function signIn(why = '') {
  document.body.classList.add('signed-out');
  show(signInPage(() => welcome(), why), '');
}

async function welcome() {
  open();
  const { account } = await get('/health').catch(() => ({ account: null }));
  say(mode, account?.mode === 'test' ? 'test' : '');
}

applyTheme();
document.body.append(h('a', { class: 'skip', href: '#main', on: { click: skip } }, 'To the content'), header, main);
installNotices();
installKeys();
onForgotten(signIn);
addEventListener('hashchange', async () => {
  // The link that `minoots dev` prints, followed in an open tab.
  if (location.hash.startsWith('#key=')) await findKey().then(welcome);
  else open();
  main.focus({ preventScroll: true });
});
await findKey();
await welcome();

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  main.focus();
}
