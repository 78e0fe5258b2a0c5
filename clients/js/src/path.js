/**
 * An id as a part of a path. One that would lead to another route is a mistake of the caller's, such as an undefined variable.
 *
 * @param {string} id
 */
export function segment(id) {
  if (typeof id !== 'string' || ['', '.', '..'].includes(id)) throw new TypeError(`not an id: ${JSON.stringify(id)}`);
  return encodeURIComponent(id);
}
