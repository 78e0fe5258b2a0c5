"""What is sent and what is answered. Field names are the API's own; times are ISO 8601 in UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict, Union

#: Milliseconds, terms such as "6h30m", "1w 2d" or "1.5h", ISO 8601 such as "PT15M", or a timedelta.
Duration = Union[int, float, str, timedelta]
#: RFC 3339, or a datetime with its time zone.
Instant = Union[str, datetime]
JsonObject = Mapping[str, Any]

TimerStatus = Literal["running", "paused", "expired", "cancelled"]
DeliveryStatus = Literal["PENDING", "SENDING", "RETRYING", "SUCCESS", "FAILED"]
#: Whose form a body has; by default the URL's host decides.
PayloadTarget = Literal["json", "slack", "discord"]
PayloadFormat = Literal["javascript", "python"]
SignatureScheme = Literal["standard", "x-webhook", "x-minoots"]
VerificationFailure = Literal[
    "MISSING_HEADER", "BAD_TIMESTAMP", "TIMESTAMP_OUT_OF_TOLERANCE", "NO_MATCHING_SIGNATURE", "NOT_JSON"
]


class ErrorDetail(TypedDict):
    #: Such as `events.on_expire.webhook`.
    path: str
    message: str


class TimerEvent(TypedDict, total=False):
    webhook: str
    message: str | None
    data: JsonObject
    headers: Mapping[str, str]
    format: PayloadTarget


class ProgressEvent(TimerEvent, total=False):
    #: Such as "25%", 25, or "-30m" before the end; at most 20.
    intervals: Sequence[str | float]


class TimerEvents(TypedDict, total=False):
    on_expire: TimerEvent
    on_progress: ProgressEvent
    on_cancel: TimerEvent


class NewTimer(TimerEvent, total=False):
    """A timer of a batch: what `timers.create` takes, under the API's names."""

    duration: Duration
    expiresAt: Instant
    name: str
    id: str
    agentId: str
    team: str
    scenario: str
    organizationId: str
    projectId: str
    metadata: JsonObject
    events: TimerEvents
    callback: str


class _Timer(TypedDict):
    id: str
    name: str
    status: TimerStatus
    #: Milliseconds.
    duration: int
    #: Epoch milliseconds.
    startTime: int
    #: Epoch milliseconds; None while paused.
    endTime: int | None
    createdAt: str
    updatedAt: str
    expiresAt: str | None
    #: Milliseconds.
    timeRemaining: int
    #: 0 to 1.
    progress: float
    #: 0 to 100.
    percentComplete: float
    events: TimerEvents
    metadata: dict[str, Any]


class Timer(_Timer, total=False):
    agentId: str
    team: str
    scenario: str
    organizationId: str
    projectId: str
    expiredAt: str
    cancelledAt: str
    reason: str | None


class DeliverySummary(TypedDict):
    id: str
    event: str
    status: DeliveryStatus
    attempts: int
    responseCode: int | None
    nextRetryAt: str | None


class TimerWithDeliveries(Timer):
    deliveries: list[DeliverySummary]


class BatchError(TypedDict, total=False):
    code: str
    message: str
    details: list[ErrorDetail]


class BatchResult(TypedDict, total=False):
    """`timer` with status 201, else `error`."""

    status: int
    timer: Timer
    error: BatchError


class _Webhook(TypedDict):
    id: str
    name: str
    url: str
    events: list[str]
    active: bool
    headers: dict[str, str]
    maxRetries: int
    #: Seconds.
    retryDelay: int
    #: Seconds.
    timeout: int
    payloadFormat: PayloadFormat
    secretPreview: str
    createdAt: str
    updatedAt: str


class Webhook(_Webhook, total=False):
    description: str | None
    format: PayloadTarget | None
    #: Why the service deactivated it.
    disabledReason: str | None
    lastTriggeredAt: str | None


class CreatedWebhook(Webhook):
    #: Missing only where the answer is a repeated one, to an `idempotency_key` of your own.
    secret: str


class RegeneratedSecret(TypedDict):
    webhookId: str
    secret: str


class _TestResult(TypedDict):
    success: bool
    message: str
    deliveryId: str


class TestResult(_TestResult, total=False):
    responseCode: int | None
    durationMs: int | None
    error: str | None


class _Attempt(TypedDict):
    attempt: int
    dueAt: str
    sentAt: str
    durationMs: int


class Attempt(_Attempt, total=False):
    responseCode: int | None
    error: str | None


class _Delivery(TypedDict):
    #: What receivers see as `webhook-id`.
    id: str
    eventType: str
    #: Without its query.
    url: str
    status: DeliveryStatus
    attempts: int
    maxAttempts: int
    responseCode: int | None
    #: The first 10,000 characters.
    responseBody: str | None
    errorMessage: str | None
    nextRetryAt: str | None
    lastAttemptAt: str | None
    deliveredAt: str | None
    createdAt: str
    attemptLog: list[Attempt]


class Delivery(_Delivery, total=False):
    webhookId: str
    timerId: str
    eventId: str


class Latency(TypedDict):
    """Milliseconds."""

    p50: float | None
    p99: float | None


class WebhookStats(TypedDict):
    totalDeliveries: int
    successfulDeliveries: int
    failedDeliveries: int
    pendingDeliveries: int
    #: Percent.
    successRate: float
    latency: Latency
    #: The newest, at most 10.
    recentDeliveries: list[Delivery]


class QueueStats(TypedDict):
    waiting: int
    active: int
    delayed: int
    completed: int
    failed: int
    total: int


class EventDescription(TypedDict):
    event: str
    description: str


class _Retried(TypedDict):
    retried: int


class Retried(_Retried, total=False):
    #: Failed deliveries may be left: call again.
    more: bool


class SentEvent(TypedDict):
    eventId: str
    #: How many endpoints it goes to.
    triggered: int


Mode = Literal["live", "test"]


class ApiKey(TypedDict):
    id: str
    name: str | None
    mode: Mode
    #: Ends with the key's last four characters.
    keyPreview: str
    createdAt: str


class CreatedApiKey(TypedDict):
    #: Missing only where the answer is a repeated one, to an `idempotency_key` of your own.
    apiKey: str
    id: str
    name: str | None
    keyPreview: str
    createdAt: str


class _WebhookSecret(TypedDict):
    secret: str


class WebhookSecret(_WebhookSecret, total=False):
    #: Until when the secret before it signs beside it.
    previousExpiresAt: str


class UsageDay(TypedDict):
    #: Such as `2026-11-24`, in UTC.
    date: str
    timers: int
    events: int
    deliveries: int
    failures: int


class Project(TypedDict):
    id: str
    name: str
    description: str | None
    settings: dict[str, Any]
    createdAt: str


class AccountLimits(TypedDict):
    #: Timers that may run or be paused at once; -1 for no limit.
    concurrentTimers: int


class HealthAccount(TypedDict):
    id: str
    mode: Mode
    limits: AccountLimits


class _Health(TypedDict):
    status: str
    timestamp: str
    service: str
    version: str


class Health(_Health, total=False):
    #: The key's.
    account: HealthAccount
