/**
 * @template T
 * @typedef {import('../index.js').Page<T>} Page
 */

/**
 * A list that the API gives page by page: await it for one page, iterate over it for everything.
 *
 * @template T
 */
export class Listing {
  #page;
  #cursor;

  /**
   * @param {(cursor?: string) => Promise<Page<T>>} page fetches the page at a cursor
   * @param {string} [cursor] where to begin
   */
  constructor(page, cursor) {
    this.#page = page;
    this.#cursor = cursor;
  }

  /**
   * @template R, [E=never]
   * @param {((page: Page<T>) => R | PromiseLike<R>) | null} [fulfilled]
   * @param {((reason: any) => E | PromiseLike<E>) | null} [rejected]
   * @returns {Promise<R | E>}
   */
  then(fulfilled, rejected) {
    return this.#page(this.#cursor).then(/** @type {any} */ (fulfilled), rejected);
  }

  /**
   * @template [E=never]
   * @param {((reason: any) => E | PromiseLike<E>) | null} [rejected]
   */
  catch(rejected) {
    return this.then(undefined, rejected);
  }

  /** @param {(() => void) | null} [settled] */
  finally(settled) {
    return this.#page(this.#cursor).finally(settled);
  }

  get [Symbol.toStringTag]() {
    return 'Listing';
  }

  async *pages() {
    let cursor = this.#cursor;
    do {
      const page = await this.#page(cursor);
      yield page;
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  }

  async *[Symbol.asyncIterator]() {
    for await (const page of this.pages()) yield* page.data;
  }
}
