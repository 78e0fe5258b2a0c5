import { call, get } from './api.js';
import { now, onTick } from './clock.js';
import { copyButton, pre } from './code.js';
import { fill, h, keyed, say, set } from './dom.js';
import { ago, count, exactly, readable, timeOfDay } from './format.js';
import { action, empty, failure, notice } from './notice.js';

const ANSWERS = [['200', '200, take it'], ['500', '500, fail'], ['503', '503, busy'], ['410', '410, gone'], ['hang', 'not at all']];

/** What the receiver of `minoots dev` got. @returns {import('./router.js').Page} */
export function inboxPage() {
  const summary = h('p', { class: 'dim' });
  const problem = h('div');
  const list = h('ul', { class: 'letters' });
  const answer = h('select', { 'aria-label': 'Answer to all that comes', on: { change: () => tell() } }, ...ANSWERS.map(([value, text]) => h('option', { value }, text)));
  const clear = action({ label: 'Empty it', picture: 'trash', run: () => call('DELETE', '/inbox').then(refresh) });
  /** @type {Set<(at: number) => void>} */
  const ticking = new Set();
  const show = keyed(list, letterId, (letter) => ({ node: letterRow(letter, ticking) }));
  const node = h('div', {},
    h('div', { class: 'head' },
      h('div', { class: 'grow' }, h('h1', {}, 'Inbox'), summary),
      h('label', { class: 'row' }, h('span', { class: 'dim' }, 'Answers'), answer), clear),
    problem, list);

  async function tell() {
    try {
      await call('PUT', '/inbox', { answer: answer.value });
      notice(answer.value === 'hang' ? 'The inbox answers nothing from now on' : `The inbox answers ${answer.value} from now on`);
    } catch (error) {
      notice(error instanceof Error ? error.message : String(error), 'bad');
    }
  }

  async function refresh() {
    try {
      const { requests } = await get('/inbox');
      const url = `${location.origin}/inbox`;
      fill(problem, requests.length === 0 && empty('inbox', 'Nothing has come', 'Whatever is sent to this address shows up here, so that webhooks can be tried out:', h('div', { class: 'with-copy' }, pre(url, 'Address'), copyButton(() => url, 'the address'))));
      say(summary, requests.length === 0 ? 'The receiver that is built into minoots dev.' : `${count(requests.length, 'request')}${requests.length === 100 ? ', the last that came' : ''}`);
      clear.hidden = requests.length === 0;
      show(numbered(requests));
    } catch (error) {
      fill(problem, failure(error, refresh));
    }
  }

  const stop = onTick((at) => ticking.forEach((tick) => tick(at)));
  return { title: 'Inbox', node, refresh, leave: stop };
}

/** @param {any} letter */
const letterId = (letter) => letter.key;

/** Requests with keys that stay: what came together is told apart by its place. @param {any[]} requests */
function numbered(requests) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  return requests.toReversed().map((request) => {
    const id = [request.receivedAt, request.path, request.headers['webhook-id'], request.headers['x-minoots-attempt']].join(' ');
    const before = seen.get(id) ?? 0;
    seen.set(id, before + 1);
    return { ...request, key: `${id} ${before}` };
  }).toReversed();
}

/** @param {any} letter @param {Set<(at: number) => void>} ticking */
function letterRow(letter, ticking) {
  const taken = /^2/.test(letter.answered);
  const since = h('time', { class: 'dim', title: exactly(letter.receivedAt) }, ago(letter.receivedAt, now()));
  const event = letter.headers['x-minoots-event'];
  const attempt = letter.headers['x-minoots-attempt'];
  const code = h('span', { class: 'badge' }, letter.answered === 'hang' ? 'no answer' : letter.answered);
  set(code, { 'data-kind': taken ? 'good' : 'bad' });
  const headers = Object.entries(letter.headers).map(([name, value]) => `${name}: ${value}`).join('\n');
  const node = h('li', { class: 'card letter' },
    h('details', { class: 'fold' },
      h('summary', {}, code, h('span', { class: 'letter-what' }, h('strong', {}, event ?? letter.method), h('span', { class: 'dim break' }, letter.path)), attempt && h('span', { class: 'dim' }, `attempt ${attempt}`), since),
      h('div', { class: 'with-copy' }, pre(readable(letter.body) || '(empty)', 'Body'), copyButton(() => letter.body, 'the body')),
      h('p', { class: 'dim' }, `Received ${timeOfDay(letter.receivedAt)} with these headers:`), pre(headers, 'Headers')));
  ticking.add((at) => node.isConnected && say(since, ago(letter.receivedAt, at)));
  return node;
}
