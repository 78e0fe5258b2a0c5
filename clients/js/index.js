// Everything that callers import. The types, and what each thing promises, are in index.d.ts.
export { Minoots, minoots, minoots as default } from './src/client.js';
export {
  ApiError,
  AuthenticationError,
  ConflictError,
  ConnectionError,
  InvalidRequestError,
  MinootsError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  ServerError,
  WebhookVerificationError,
} from './src/errors.js';
export { verifyWebhook } from './src/verify.js';
export { WEBHOOK_EVENTS } from './src/webhook-events.js';
export { WebhookService } from './src/webhook-service.js';
