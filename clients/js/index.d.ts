/** Client of the Minoots API, and verification of its webhooks. Field names are the API's own; times are ISO 8601 in UTC. */

/** Milliseconds, terms such as `"6h30m"`, `"1w 2d"` or `"1.5h"`, or ISO 8601 such as `"PT15M"`. */
export type Duration = number | string;

/** An instant to send: RFC 3339, or a Date. */
export type Instant = string | Date;

// Client

export interface ClientOptions {
  /** By default MINOOTS_API_KEY of the environment. Whoever holds it can do everything with the account: keep it out of web pages. */
  apiKey?: string;
  /** Where the API is; by default MINOOTS_BASE_URL of the environment, else `http://127.0.0.1:3001`, where `minoots dev` serves. */
  baseUrl?: string;
  /** How often a call is tried again; 3 by default. */
  maxRetries?: number;
  /** Milliseconds that one attempt may take; 30,000 by default. */
  timeout?: number;
  /** Milliseconds; a longer `Retry-After` is not waited for but thrown. 30,000 by default. */
  maxRetryWait?: number;
  /** In place of the global `fetch`. */
  fetch?: typeof fetch;
}

export interface RequestOptions {
  /** Ends the call, also while it waits to try again. */
  signal?: AbortSignal;
  /** For what is created; by default a random one for each call, so that its retries create nothing twice. */
  idempotencyKey?: string;
}

export interface RawCall extends RequestOptions {
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
}

/**
 * The API, as one key.
 *
 * A call is tried again after 429, and after 5xx or a cut connection if doing it twice is as good as once: reading, changing, deleting,
 * and creating, for which an `Idempotency-Key` is sent. It waits as long as `Retry-After` says, else about 0.5, 1, 2, … seconds.
 */
export class Minoots {
  constructor(options?: ClientOptions);
  readonly timers: Timers;
  readonly webhooks: Webhooks;
  readonly deliveries: Deliveries;
  readonly events: Events;
  readonly projects: Projects;
  readonly account: Account;
  /** That the service answers, and whose the key is. */
  health(options?: RequestOptions): Promise<Health>;
  /** Calls a route that has no method here, such as one of a newer service; gives the whole answer. */
  request(method: string, path: string, call?: RawCall): Promise<any>;
}

/** Configured by MINOOTS_API_KEY and MINOOTS_BASE_URL, which are read at each call. */
export const minoots: Minoots;
export default minoots;

/** Await it for one page; iterate over it, or over its pages, for everything from there on. Nothing is fetched before. */
export interface Listing<T> extends Promise<Page<T>>, AsyncIterable<T> {
  pages(): AsyncIterable<Page<T>>;
}

export interface Page<T> {
  data: T[];
  /** Where the next page begins, if there is one. */
  nextCursor?: string;
}

// Timers

export interface Timers {
  create(timer: NewTimer, options?: RequestOptions): Promise<Timer>;
  /** In the shortest way: `callback` is told when it expires. */
  quickWait(wait: QuickWait, options?: RequestOptions): Promise<Timer>;
  /** Up to 100; one result each, in order. */
  createBatch(timers: NewTimer[], options?: RequestOptions): Promise<BatchResult[]>;
  get(id: string, options?: RequestOptions): Promise<TimerWithDeliveries>;
  /** Newest first. */
  list(filters?: TimerFilters, options?: RequestOptions): Listing<Timer>;
  /** `extend` is not tried again when the answer is lost: it would extend twice. */
  update(id: string, changes: TimerChanges, options?: RequestOptions): Promise<Timer>;
  /** A timer that has been cancelled before is given as it is; one that has expired is a ConflictError. */
  cancel(id: string, why?: { reason?: string }, options?: RequestOptions): Promise<Timer>;
  pause(id: string, options?: RequestOptions): Promise<Timer>;
  resume(id: string, options?: RequestOptions): Promise<Timer>;
  /** Expires it now. Not tried again when the answer is lost. */
  fire(id: string, options?: RequestOptions): Promise<Timer>;
}

export interface TimerEvent {
  webhook?: string;
  message?: string | null;
  data?: object;
  headers?: Record<string, string>;
  format?: PayloadTarget;
}

export interface ProgressEvent extends TimerEvent {
  /** Such as `"25%"`, `25`, or `"-30m"` before the end; at most 20. */
  intervals: Array<string | number>;
}

export interface TimerEvents {
  on_expire?: TimerEvent;
  on_progress?: ProgressEvent;
  on_cancel?: TimerEvent;
}

/** Whose form a body has; by default the URL's host decides. */
export type PayloadTarget = 'json' | 'slack' | 'discord';

export interface NewTimer extends TimerEvent {
  /** Either this or `expiresAt`; from 1 ms to 366 days. */
  duration?: Duration;
  expiresAt?: Instant;
  name?: string;
  /** 1–48 of `A-Za-z0-9_-`; taken already is a ConflictError. */
  id?: string;
  agentId?: string;
  agent_id?: string;
  team?: string;
  scenario?: string;
  organizationId?: string;
  projectId?: string;
  metadata?: object;
  events?: TimerEvents;
  callback?: string;
}

export interface TimerChanges {
  /** From now on. */
  duration?: Duration;
  expiresAt?: Instant;
  /** Such as `"15m"` or `"-5m"`. */
  extend?: Duration;
  name?: string;
  metadata?: object;
  events?: TimerEvents;
}

export type TimerStatus = 'running' | 'paused' | 'expired' | 'cancelled';

export interface Timer {
  id: string;
  name: string;
  agentId?: string;
  team?: string;
  scenario?: string;
  organizationId?: string;
  projectId?: string;
  status: TimerStatus;
  /** Milliseconds. */
  duration: number;
  /** Epoch milliseconds. */
  startTime: number;
  /** Epoch milliseconds; null while paused. */
  endTime: number | null;
  createdAt: string;
  updatedAt: string;
  expiresAt: string | null;
  /** Milliseconds. */
  timeRemaining: number;
  /** 0 to 1. */
  progress: number;
  /** 0 to 100. */
  percentComplete: number;
  events: TimerEvents;
  metadata: Record<string, any>;
  expiredAt?: string;
  cancelledAt?: string;
  reason?: string | null;
}

export interface TimerWithDeliveries extends Timer {
  deliveries: DeliverySummary[];
}

export interface DeliverySummary {
  id: string;
  event: string;
  status: DeliveryStatus;
  attempts: number;
  responseCode: number | null;
  nextRetryAt: string | null;
}

export type BatchResult =
  | { status: 201; timer: Timer; error?: undefined }
  | { status: number; timer?: undefined; error: { code: ErrorCode; message: string; details?: ErrorDetail[] } };

export interface TimerFilters {
  status?: TimerStatus;
  agentId?: string;
  team?: string;
  scenario?: string;
  organizationId?: string;
  projectId?: string;
  /** Of one page; 50 by default, at most 100. */
  limit?: number;
  cursor?: string;
}

// Webhook endpoints

export interface Webhooks {
  /** The only answer, beside regenerateSecret's, that shows the secret. */
  create(webhook: NewWebhook, options?: RequestOptions): Promise<CreatedWebhook>;
  get(id: string, options?: RequestOptions): Promise<Webhook>;
  list(which?: { includeInactive?: boolean }, options?: RequestOptions): Promise<Webhook[]>;
  /** Changes the fields that are given. */
  update(id: string, changes: WebhookChanges, options?: RequestOptions): Promise<Webhook>;
  delete(id: string, options?: RequestOptions): Promise<void>;
  /** The old secret signs beside the new one for `overlap`. Not tried again when the answer is lost. */
  regenerateSecret(
    id: string,
    rotation?: { overlap?: Duration },
    options?: RequestOptions,
  ): Promise<{ webhookId: string; secret: string }>;
  /** Sends `webhook.test` once, now. What the receiver made of it is the result, not an error. */
  test(id: string, options?: RequestOptions): Promise<TestResult>;
  /** Newest first. */
  deliveries(id: string, filters?: DeliveryFilters, options?: RequestOptions): Listing<Delivery>;
  stats(id: string, options?: RequestOptions): Promise<WebhookStats>;
  /** The event types that the service knows; others may be used too. */
  events(options?: RequestOptions): Promise<EventDescription[]>;
  queueStats(options?: RequestOptions): Promise<QueueStats>;
  /** All failed deliveries of the account, or of one endpoint. With `more`, some may be left: call again. */
  retryFailed(which?: { webhookId?: string }, options?: RequestOptions): Promise<{ retried: number; more?: boolean }>;
}

export interface NewWebhook {
  /** 1–100 characters. */
  name: string;
  url: string;
  /** Types such as `session.started`, families such as `session.*`, or `*`; at least one. */
  events: string[];
  /** At most 500 characters. */
  description?: string;
  headers?: Record<string, string>;
  /** 0–10 after the first attempt; 4 by default. */
  maxRetries?: number;
  /** Seconds before the first retry, 1–3600; 5 by default. Each further wait is five times as long. */
  retryDelay?: number;
  /** Seconds that an attempt may take, 1–30; 30 by default. */
  timeout?: number;
  /** `python` for receivers that verify what `json.dumps` makes of the parsed body. */
  payloadFormat?: 'javascript' | 'python';
  format?: PayloadTarget;
  active?: boolean;
}

export type WebhookChanges = { [Field in keyof NewWebhook]?: NewWebhook[Field] | null };

export interface Webhook {
  id: string;
  name: string;
  url: string;
  events: string[];
  active: boolean;
  description?: string | null;
  headers: Record<string, string>;
  maxRetries: number;
  retryDelay: number;
  timeout: number;
  payloadFormat: 'javascript' | 'python';
  format?: PayloadTarget | null;
  secretPreview: string;
  /** Why the service deactivated it. */
  disabledReason?: string | null;
  lastTriggeredAt?: string | null;
  createdAt: string;
  updatedAt: string;
}

export interface CreatedWebhook extends Webhook {
  /** Missing only where the answer is a repeated one, to an `idempotencyKey` of your own. */
  secret: string;
}

export interface TestResult {
  success: boolean;
  message: string;
  deliveryId: string;
  responseCode?: number | null;
  durationMs?: number | null;
  error?: string | null;
}

export interface WebhookStats {
  totalDeliveries: number;
  successfulDeliveries: number;
  failedDeliveries: number;
  pendingDeliveries: number;
  /** Percent. */
  successRate: number;
  /** Milliseconds. */
  latency: { p50: number | null; p99: number | null };
  /** The newest, at most 10. */
  recentDeliveries: Delivery[];
}

export interface QueueStats {
  waiting: number;
  active: number;
  delayed: number;
  completed: number;
  failed: number;
  total: number;
}

export interface EventDescription {
  event: string;
  description: string;
}

// Deliveries

export interface Deliveries {
  /** Those of timers' own webhooks and those of endpoints, newest first. */
  list(filters?: DeliveryFilters, options?: RequestOptions): Listing<Delivery>;
  get(id: string, options?: RequestOptions): Promise<Delivery>;
  /** Sends it again with a new plan of attempts, unless one is still to come (ConflictError). Not tried again when the answer is lost. */
  retry(id: string, options?: RequestOptions): Promise<Delivery>;
}

export type DeliveryStatus = 'PENDING' | 'SENDING' | 'RETRYING' | 'SUCCESS' | 'FAILED';

export interface Delivery {
  /** What receivers see as `webhook-id`. */
  id: string;
  webhookId?: string;
  timerId?: string;
  eventId?: string;
  eventType: string;
  /** Without its query. */
  url: string;
  status: DeliveryStatus;
  attempts: number;
  maxAttempts: number;
  responseCode: number | null;
  /** The first 10,000 characters. */
  responseBody: string | null;
  errorMessage: string | null;
  nextRetryAt: string | null;
  lastAttemptAt: string | null;
  deliveredAt: string | null;
  createdAt: string;
  attemptLog: Attempt[];
}

export interface Attempt {
  attempt: number;
  dueAt: string;
  sentAt: string;
  durationMs: number;
  responseCode?: number | null;
  error?: string | null;
}

export interface DeliveryFilters {
  status?: DeliveryStatus;
  /** Of one page; 50 by default, at most 100. */
  limit?: number;
  cursor?: string;
}

// Events

// Account, projects, the service

export interface Account {
  /** The only answer that shows the key. Its mode is the calling key's by default; a test key makes test keys. */
  createApiKey(key?: { name?: string; mode?: Mode }, options?: RequestOptions): Promise<CreatedApiKey>;
  /** Newest first; a test key sees test keys only. */
  apiKeys(options?: RequestOptions): Promise<ApiKey[]>;
  /** All keys, after the change. */
  renameApiKey(id: string, name: string | null, options?: RequestOptions): Promise<ApiKey[]>;
  /** The keys that are left. A key may revoke itself. */
  revokeApiKey(id: string, options?: RequestOptions): Promise<ApiKey[]>;
  webhookSecret(options?: RequestOptions): Promise<WebhookSecret>;
  /** The old secret signs beside the new one for `overlap`. Not tried again when the answer is lost. */
  rotateWebhookSecret(rotation?: { overlap?: Duration }, options?: RequestOptions): Promise<WebhookSecret>;
  /** Counts by day in UTC: of the last 7 days by default, of at most 366. */
  usage(which?: { days?: number }, options?: RequestOptions): Promise<UsageDay[]>;
}

export type Mode = 'live' | 'test';

export interface ApiKey {
  id: string;
  name: string | null;
  mode: Mode;
  /** Ends with the key's last four characters. */
  keyPreview: string;
  createdAt: string;
}

export interface CreatedApiKey {
  /** Missing only where the answer is a repeated one, to an `idempotencyKey` of your own. */
  apiKey: string;
  id: string;
  name: string | null;
  keyPreview: string;
  createdAt: string;
}

export interface WebhookSecret {
  secret: string;
  /** Until when the secret before it signs beside it. */
  previousExpiresAt?: string;
}

export interface UsageDay {
  /** Such as `2026-11-24`, in UTC. */
  date: string;
  timers: number;
  events: number;
  deliveries: number;
  failures: number;
}

export interface Projects {
  /** Endpoints that subscribe to `project.created` are told of it. */
  create(project: NewProject, options?: RequestOptions): Promise<Project>;
}

export interface NewProject {
  name: string;
  description?: string;
  settings?: Record<string, unknown>;
}

export interface Project {
  id: string;
  name: string;
  description: string | null;
  settings: Record<string, unknown>;
  createdAt: string;
}

export interface Health {
  status: string;
  timestamp: string;
  service: string;
  version: string;
  /** The key's; `concurrentTimers` is −1 for no limit. */
  account?: { id: string; mode: Mode; limits: { concurrentTimers: number } };
}

export interface QuickWait {
  duration: Duration;
  name?: string;
  agent_id?: string;
  team?: string;
  callback?: string;
  message?: string;
}

// Events

export interface Events {
  /** Tells all endpoints that are subscribed. */
  send(event: NewEvent, options?: RequestOptions): Promise<SentEvent>;
}

export interface NewEvent {
  /** One of the catalogue's or of your own, such as `invoice.paid`; not `timer.…` or `webhook.…`. */
  type: string;
  /** At most 64 KiB as JSON. */
  data: object;
  /** 1–64 of `A-Za-z0-9_-`. The same event again triggers nothing; another one under the same id is a ConflictError. */
  id?: string;
}

export interface SentEvent {
  eventId: string;
  /** How many endpoints it goes to. */
  triggered: number;
}

/** The event types that the service knows. `webhook.…` and `timer.…` it sends by itself: to subscribe to, not to send. */
export const WEBHOOK_EVENTS: {
  readonly PROJECT_CREATED: 'project.created';
  readonly PROJECT_UPDATED: 'project.updated';
  readonly PROJECT_DELETED: 'project.deleted';
  readonly SESSION_STARTED: 'session.started';
  readonly SESSION_ENDED: 'session.ended';
  readonly SESSION_MESSAGE: 'session.message';
  readonly SESSION_PAUSED: 'session.paused';
  readonly SESSION_RESUMED: 'session.resumed';
  readonly RECORDING_COMPLETED: 'recording.completed';
  readonly RECORDING_FAILED: 'recording.failed';
  readonly AGENT_CONNECTED: 'agent.connected';
  readonly AGENT_DISCONNECTED: 'agent.disconnected';
  readonly AGENT_STATUS_CHANGED: 'agent.status_changed';
  readonly SUBSCRIPTION_CREATED: 'subscription.created';
  readonly SUBSCRIPTION_UPDATED: 'subscription.updated';
  readonly SUBSCRIPTION_CANCELLED: 'subscription.cancelled';
  readonly PAYMENT_SUCCEEDED: 'payment.succeeded';
  readonly PAYMENT_FAILED: 'payment.failed';
  readonly STORAGE_QUOTA_WARNING: 'storage.quota_warning';
  readonly STORAGE_QUOTA_EXCEEDED: 'storage.quota_exceeded';
  readonly USER_CREATED: 'user.created';
  readonly USER_UPDATED: 'user.updated';
  readonly USER_DELETED: 'user.deleted';
  readonly WEBHOOK_TEST: 'webhook.test';
  readonly WEBHOOK_DISABLED: 'webhook.disabled';
  readonly TIMER_CREATED: 'timer.created';
  readonly TIMER_PROGRESS: 'timer.progress';
  readonly TIMER_EXPIRED: 'timer.expired';
  readonly TIMER_CANCELLED: 'timer.cancelled';
};

/** For applications that tell their users' endpoints of what has happened. */
export class WebhookService {
  /** Sends the event through the client of this user's account. */
  static triggerEvent(event: TriggeredEvent): Promise<SentEvent>;
  /** Whose account `userId` is: `minoots` for everyone, unless a subclass or an assignment says otherwise. */
  static clientFor(userId: string): Minoots;
}

export interface TriggeredEvent {
  eventType: string;
  /** Chooses the account (`clientFor`); it is not sent. */
  userId: string;
  data: object;
  /** As in NewEvent. */
  id?: string;
}

// Receiving

export type RawBody = string | ArrayBuffer | ArrayBufferView;

export type HeadersLike = Headers | Record<string, string | string[] | undefined>;

/**
 * `standard`: `webhook-id`, `-timestamp` and `-signature` (Standard Webhooks), which every delivery carries and which cover id and time.
 * `x-webhook`: `X-Webhook-Signature` and `-Timestamp`, of endpoints; cover the time.
 * `x-minoots`: `X-MINOOTS-Signature`, covers the body only: a request that was seen once can be sent again at any time.
 */
export type SignatureScheme = 'standard' | 'x-webhook' | 'x-minoots';

export interface VerifyOptions {
  /** `standard` by default. Only this one is looked at: otherwise it would be the sender who chooses. */
  scheme?: SignatureScheme;
  /** Seconds by which the timestamp may differ from this clock, either way; 300 by default. */
  tolerance?: number;
}

/**
 * Resolves to the payload if one of the secrets signed it recently, else rejects with a WebhookVerificationError.
 *
 * @param body as it came, not parsed and written again
 * @param secrets several during a rotation
 * @throws TypeError when called wrongly, as with a secret that is not set
 */
export function verifyWebhook<Payload = WebhookPayload>(
  body: RawBody,
  headers: HeadersLike,
  secrets: string | readonly string[],
  options?: VerifyOptions,
): Promise<Payload>;

export type WebhookPayload = TimerPayload | EventPayload;

/** From a timer's own webhook. */
export interface TimerPayload {
  event: 'timer_expired' | 'timer_progress' | 'timer_cancelled';
  /** On `timer_cancelled` with `id`, `name`, `status`, `cancelledAt` and `reason` only. */
  timer: Timer;
  /** Of `timer_progress`. */
  milestone?: string;
  message: string | null;
  data: Record<string, any>;
  timestamp: string;
}

/** From an endpoint. */
export interface EventPayload {
  /** The same for every endpoint. */
  id: string;
  type: string;
  created: string;
  data: Record<string, any>;
}

// Errors

/** What every error of this package is, save for a TypeError when a function is called wrongly. */
export class MinootsError extends Error {
  constructor(message: string, options?: ErrorOptions);
}

/** No whole answer came. Whether the call was carried out is not known. `cause` says more. */
export class ConnectionError extends MinootsError {}

/** The service refused. The subclasses go by `status`, finer distinctions by `code`. */
export class ApiError extends MinootsError {
  constructor(message: string, facts: Pick<ApiError, 'status' | 'code' | 'details' | 'retryAfter'>);
  readonly status: number;
  readonly code: ErrorCode;
  /** One for every invalid field. */
  readonly details: ErrorDetail[];
  /** Seconds after which to come again, if the service said so. */
  readonly retryAfter: number | undefined;
}

/** 400, 413, 422 */
export class InvalidRequestError extends ApiError {}
/** 401 */
export class AuthenticationError extends ApiError {}
/** 403 */
export class PermissionDeniedError extends ApiError {}
/** 404 */
export class NotFoundError extends ApiError {}
/** 409 */
export class ConflictError extends ApiError {}
/** 429 */
export class RateLimitError extends ApiError {}
/** 5xx */
export class ServerError extends ApiError {}

export interface ErrorDetail {
  /** Such as `events.on_expire.webhook`. */
  path: string;
  message: string;
}

export type ErrorCode =
  | 'AUTH_REQUIRED'
  | 'INVALID_API_KEY'
  | 'INSUFFICIENT_PERMISSIONS'
  | 'INVALID_REQUEST'
  | 'INVALID_DURATION'
  | 'INVALID_WEBHOOK_URL'
  | 'TIMER_NOT_FOUND'
  | 'WEBHOOK_NOT_FOUND'
  | 'DELIVERY_NOT_FOUND'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'INVALID_TIMER_STATUS'
  | 'CONFLICT'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'PAYLOAD_TOO_LARGE'
  | 'RATE_LIMIT_EXCEEDED'
  | 'QUOTA_EXCEEDED'
  | 'INTERNAL_ERROR'
  | 'SERVICE_UNAVAILABLE'
  /** The answer is not from this API, as of a proxy. */
  | 'UNKNOWN';

/** The request must not be acted upon: answer 401. */
export class WebhookVerificationError extends MinootsError {
  constructor(code: VerificationFailure, message: string, options?: ErrorOptions);
  readonly code: VerificationFailure;
}

export type VerificationFailure =
  | 'MISSING_HEADER'
  | 'BAD_TIMESTAMP'
  | 'TIMESTAMP_OUT_OF_TOLERANCE'
  | 'NO_MATCHING_SIGNATURE'
  | 'NOT_JSON';
