// Elements. Text from anyone is only ever text: nothing here takes markup.

/** @typedef {Node | string | number | null | undefined | false} Child */

/** What is set as a property, because the attribute means something else. */
const PROPERTIES = new Set(['value', 'checked', 'disabled', 'open', 'indeterminate']);

/**
 * An element. `on` holds listeners; other values become attributes: `true` an empty one, `false` and nothing none.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  set(node, props);
  add(node, children);
  return node;
}

/**
 * An element of SVG.
 *
 * @param {string} tag
 * @param {Record<string, any>} [props]
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function svg(tag, props = {}, ...children) {
  const node = /** @type {SVGElement} */ (document.createElementNS('http://www.w3.org/2000/svg', tag));
  set(node, props);
  add(node, children);
  return node;
}

/**
 * @param {Element} node
 * @param {Record<string, any>} props
 */
export function set(node, props) {
  for (const [name, value] of Object.entries(props)) {
    if (name === 'on') {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (PROPERTIES.has(name)) /** @type {any} */ (node)[name] = value;
    else if (value === false || value === null || value === undefined) node.removeAttribute(name);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
}

/**
 * @param {Element} node
 * @param {Child[]} children
 */
function add(node, children) {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) node.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Sets a node's text, and leaves it alone if it says that already.
 *
 * @param {Node} node
 * @param {string} text
 */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Replaces what a node holds.
 *
 * @param {Element} node
 * @param {...Child} children
 */
export function fill(node, ...children) {
  node.replaceChildren();
  add(node, children);
}

/**
 * Keeps a node's children in step with a list: what stays keeps its element, its focus and what is unfolded in it.
 *
 * @template T
 * @param {Element} parent
 * @param {(item: T) => string} key
 * @param {(item: T) => { node: Element, update?: (item: T) => void }} create
 * @returns {(items: readonly T[]) => void}
 */
export function keyed(parent, key, create) {
  /** @type {Map<string, { node: Element, update?: (item: T) => void }>} */
  const known = new Map();
  return (items) => {
    const seen = new Set();
    items.forEach((item, index) => {
      const id = key(item);
      seen.add(id);
      const row = known.get(id) ?? create(item);
      known.set(id, row);
      row.update?.(item);
      if (parent.children[index] !== row.node) parent.insertBefore(row.node, parent.children[index] ?? null);
    });
    for (const [id, row] of known) {
      if (seen.has(id)) continue;
      row.node.remove();
      known.delete(id);
    }
  };
}
