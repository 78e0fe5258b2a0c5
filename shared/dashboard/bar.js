import { h } from './dom.js';
import { remaining } from './format.js';
import { milestones, progress, timeLeft } from './milestones.js';

/** @typedef {{ node: HTMLElement, update: (timer: any) => void, tick: (now: number) => void }} Bar */

/**
 * A timer's bar with a tick for each milestone.
 *
 * @param {{ labels?: boolean }} [options] whether the ticks say what they are
 * @returns {Bar}
 */
export function bar({ labels = false } = {}) {
  const fillNode = h('div', { class: 'bar-fill' });
  const ticks = h('div', { class: 'bar-ticks' });
  const track = h('div', { class: 'bar-track' }, h('div', { class: 'bar-clip' }, fillNode), ticks);
  const node = h('div', { class: labels ? 'bar labelled' : 'bar', role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100 }, track);
  /** @type {any} */
  let timer = null;
  let shape = '';
  let spoken = -1;

  return {
    node,
    update(next) {
      timer = next;
      node.dataset.status = timer.status;
      node.setAttribute('aria-label', `Progress of ${timer.name}`);
      spoken = -1;
      const intervals = timer.events?.on_progress?.intervals;
      const wanted = JSON.stringify([intervals, timer.duration]);
      if (wanted === shape) return;
      shape = wanted;
      ticks.replaceChildren(...milestones(intervals, timer.duration).map((milestone) => tick(milestone, labels)));
    },
    tick(now) {
      if (!timer) return;
      const done = progress(timer, now);
      fillNode.style.transform = `translateX(${(done - 1) * 100}%)`;
      for (const child of ticks.children) {
        const passed = Number(/** @type {HTMLElement} */ (child).dataset.at) <= done;
        child.classList.toggle('passed', passed);
      }
      const percent = Math.floor(done * 100);
      if (percent === spoken) return;
      spoken = percent;
      node.setAttribute('aria-valuenow', String(percent));
      node.setAttribute('aria-valuetext', `${percent} %, ${remaining(timeLeft(timer, now))} left`);
    },
  };
}

/** @param {import('./milestones.js').Milestone} milestone @param {boolean} labelled */
function tick({ label, at }, labelled) {
  const node = h('span', { class: 'bar-tick', title: label, 'data-at': at }, labelled && h('span', { class: 'bar-tick-label' }, label));
  node.style.insetInlineStart = `${at * 100}%`;
  return node;
}
