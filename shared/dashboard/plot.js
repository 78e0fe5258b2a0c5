// Plots, as SVG. Each says in words what it shows, and has its figures in a table for who can't see it.

import { h, svg } from './dom.js';
import { short, timeOfDay } from './format.js';

/** As wide as it will be shown, so that its text has the page's size. */
export const plotWidth = () => (innerWidth <= 860 ? innerWidth - 66 : 880);
let WIDTH = 880;
const HEIGHT = 220;
const LEFT = 52;
const BOTTOM = 24;
const TOP = 10;

/** @typedef {{ label: string, parts: { kind: string, name: string, value: number }[] }} Stack */

/** @param {string} label @param {SVGElement[]} content */
function frame(label, content) {
  return svg('svg', { class: 'plot', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': label }, ...content);
}

/** @param {number} y @param {string} text */
function gridline(y, text) {
  return svg('g', {}, svg('line', { class: 'grid', x1: LEFT, x2: WIDTH, y1: y, y2: y }), svg('text', { class: 'axis', x: LEFT - 8, y: y + 4, 'text-anchor': 'end' }, text));
}

/** @param {number} most a number of the form 1, 2 or 5 times a power of ten that is not smaller */
function roundUp(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= most) ?? most;
}

/**
 * Bars of several parts.
 *
 * @param {string} label
 * @param {Stack[]} stacks
 */
export function stackedBars(label, stacks) {
  WIDTH = plotWidth();
  const top = roundUp(Math.max(1, ...stacks.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0))));
  /** @param {number} value */
  const y = (value) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP);
  const step = (WIDTH - LEFT) / stacks.length;
  const width = Math.min(36, step * 0.62);
  const lines = [0, 0.5, 1].map((share) => top * share).filter(Number.isInteger).map((value) => gridline(y(value), value.toLocaleString()));
  const every = Math.ceil(stacks.length / (WIDTH / 90));
  const bars = stacks.flatMap(({ label: day, parts }, index) => {
    const x = LEFT + step * (index + 0.5) - width / 2;
    let sum = 0;
    const rects = parts.filter(({ value }) => value > 0).map(({ kind, name, value }) => {
      const bottom = y(sum);
      sum += value;
      return svg('rect', { class: `fill-${kind}`, x, y: y(sum), width, height: Math.max(1, bottom - y(sum) - 1), rx: 2 }, svg('title', {}, `${day}: ${value.toLocaleString()} ${name}`));
    });
    const shown = (stacks.length - 1 - index) % every === 0;
    return shown ? [...rects, svg('text', { class: 'axis', x: x + width / 2, y: HEIGHT - 6, 'text-anchor': 'middle' }, day)] : rects;
  });
  return frame(label, [...lines, ...bars]);
}

/**
 * Points over time, their height on a scale of powers of ten.
 *
 * @param {string} label
 * @param {{ at: number, value: number, kind: string }[]} points in milliseconds
 */
export function scatter(label, points) {
  WIDTH = plotWidth();
  const [first, last] = [Math.min(...points.map(({ at }) => at)), Math.max(...points.map(({ at }) => at))];
  const most = Math.max(2, Math.ceil(Math.log10(Math.max(1, ...points.map(({ value }) => value)))));
  const span = Math.max(1, last - first);
  /** @param {number} at */
  const x = (at) => LEFT + 10 + ((at - first) / span) * (WIDTH - LEFT - 20);
  /** @param {number} value */
  const y = (value) => HEIGHT - BOTTOM - (Math.log10(Math.max(1, value)) / most) * (HEIGHT - BOTTOM - TOP - 4) - 4;
  const lines = Array.from({ length: most + 1 }, (_, power) => gridline(y(10 ** power), power === 0 ? '≤ 1 ms' : short(10 ** power)));
  const dots = points.map(({ at, value, kind }) => svg('circle', { class: `fill-${kind}`, cx: x(at), cy: y(value), r: 3 }, svg('title', {}, `${timeOfDay(at)}: ${short(value)} late`)));
  const times = span < 2_000 ? [] : [first, (first + last) / 2, last].map((at, index) => svg('text', { class: 'axis', x: x(at), y: HEIGHT - 6, 'text-anchor': ['start', 'middle', 'end'][index] }, timeOfDay(Math.round(at)).slice(0, 8)));
  return frame(label, [...lines, ...dots, ...times]);
}

/**
 * What the colours mean.
 *
 * @param {[string, string][]} entries kind and name
 */
export function legend(entries) {
  return h('ul', { class: 'legend' }, ...entries.map(([kind, name]) => h('li', {}, h('span', { class: `swatch back-${kind}` }), name)));
}

/**
 * The figures of a plot.
 *
 * @param {string} caption
 * @param {string[]} heads
 * @param {(string | number)[][]} rows
 */
export function figures(caption, heads, rows) {
  return h('details', { class: 'fold' }, h('summary', {}, 'The figures'),
    h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption }, h('table', {}, h('caption', {}, caption), h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))),
      h('tbody', {}, ...rows.map((row) => h('tr', {}, ...row.map((cell) => h('td', {}, cell))))))));
}
