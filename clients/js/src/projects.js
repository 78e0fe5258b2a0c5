export class Projects {
  #send;

  /** @param {import('./transport.js').Send} send */
  constructor(send) {
    this.#send = send;
  }

  /**
   * @param {import('../index.js').NewProject} project
   * @param {import('../index.js').RequestOptions} [options]
   * @returns {Promise<import('../index.js').Project>}
   */
  async create(project, options) {
    return (await this.#send('POST', '/projects', { body: project, creates: true, options })).data;
  }
}
