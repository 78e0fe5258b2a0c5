export class MinootsError extends Error {
  /**
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class ConnectionError extends MinootsError {}

export class WebhookVerificationError extends MinootsError {
  /**
   * @param {import('../index.js').VerificationFailure} code
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}

/** @typedef {{ status: number, code: import('../index.js').ErrorCode, details: import('../index.js').ErrorDetail[], retryAfter: number | undefined }} Facts */

export class ApiError extends MinootsError {
  /**
   * @param {string} message
   * @param {Facts} facts
   */
  constructor(message, { status, code, details, retryAfter }) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
    this.retryAfter = retryAfter;
  }
}

export class InvalidRequestError extends ApiError {}
export class AuthenticationError extends ApiError {}
export class PermissionDeniedError extends ApiError {}
export class NotFoundError extends ApiError {}
export class ConflictError extends ApiError {}
export class RateLimitError extends ApiError {}
export class ServerError extends ApiError {}

/** @type {Record<number, typeof ApiError>} */
const BY_STATUS = {
  400: InvalidRequestError,
  401: AuthenticationError,
  403: PermissionDeniedError,
  404: NotFoundError,
  409: ConflictError,
  413: InvalidRequestError,
  422: InvalidRequestError,
  429: RateLimitError,
};

/**
 * The error for an answer that is no success. What stands between caller and service may answer too, with anything.
 *
 * @param {number} status
 * @param {any} answer the parsed body, `undefined` if it is not JSON
 * @param {number} [retryAfter] seconds
 */
export function apiError(status, answer, retryAfter) {
  const error = answer?.error;
  const known = typeof error?.code === 'string';
  const code = known ? error.code : 'UNKNOWN';
  const message = known ? String(error.message) : `answered ${status}, and not as the Minoots API does: is baseUrl right?`;
  const details = Array.isArray(error?.details) ? error.details : [];
  const Kind = BY_STATUS[status] ?? (status >= 500 ? ServerError : ApiError);
  return new Kind(message, { status, code, details, retryAfter });
}
