"""`client.webhooks`"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from minoots.encoding import UNSET, given
from minoots.listing import Listing, Page
from minoots.transport import Transport, segment
from minoots.types import (
    CreatedWebhook,
    Delivery,
    DeliveryStatus,
    Duration,
    EventDescription,
    PayloadFormat,
    PayloadTarget,
    QueueStats,
    RegeneratedSecret,
    Retried,
    TestResult,
    Webhook,
    WebhookStats,
)


class Webhooks:
    """Endpoints that subscribe to events."""

    def __init__(self, transport: Transport) -> None:
        self._send = transport.send

    def create(
        self,
        *,
        name: str,
        url: str,
        events: Sequence[str],
        description: str | None = None,
        headers: Mapping[str, str] | None = None,
        max_retries: int | None = None,
        retry_delay: int | None = None,
        timeout: int | None = None,
        payload_format: PayloadFormat | None = None,
        format: PayloadTarget | None = None,
        active: bool | None = None,
        idempotency_key: str | None = None,
    ) -> CreatedWebhook:
        """The only answer, beside regenerate_secret's, that shows the secret.

        `events`: types such as `session.started`, families such as `session.*`, or `*`. `max_retries`: after the first
        attempt, 4 by default. `retry_delay`: seconds before the first retry, 5 by default; each further wait is five
        times as long. `timeout`: seconds that an attempt may take. `payload_format`: `python` for receivers that verify
        what `json.dumps` makes of the parsed body; `verify_webhook` needs none of that.
        """
        fields = {
            "name": name,
            "url": url,
            "events": list(events),
            "description": description,
            "headers": headers,
            "maxRetries": max_retries,
            "retryDelay": retry_delay,
            "timeout": timeout,
            "payloadFormat": payload_format,
            "format": format,
            "active": active,
        }
        answer = self._send("POST", "/webhooks", body=given(fields), creates=True, idempotency_key=idempotency_key)
        return cast(CreatedWebhook, answer["data"])

    def get(self, webhook_id: str) -> Webhook:
        return cast(Webhook, self._send("GET", f"/webhooks/{segment(webhook_id)}")["data"])

    def events(self) -> list[EventDescription]:
        """The event types that the service knows; others may be used too."""
        return cast("list[EventDescription]", self._send("GET", "/webhooks/events")["data"])

    def list(self, *, include_inactive: bool | None = None) -> list[Webhook]:
        answer = self._send("GET", "/webhooks", query={"includeInactive": include_inactive})
        return cast("list[Webhook]", answer["data"])

    def update(
        self,
        webhook_id: str,
        *,
        name: str = UNSET,
        url: str = UNSET,
        events: Sequence[str] = UNSET,
        active: bool = UNSET,
        description: str | None = UNSET,
        headers: Mapping[str, str] | None = UNSET,
        max_retries: int | None = UNSET,
        retry_delay: int | None = UNSET,
        timeout: int | None = UNSET,
        payload_format: PayloadFormat | None = UNSET,
        format: PayloadTarget | None = UNSET,
    ) -> Webhook:
        """Changes what is given."""
        fields = {
            "name": name,
            "url": url,
            "events": events if events is UNSET else list(events),
            "active": active,
            "description": description,
            "headers": headers,
            "maxRetries": max_retries,
            "retryDelay": retry_delay,
            "timeout": timeout,
            "payloadFormat": payload_format,
            "format": format,
        }
        body = given(fields, absent=UNSET)
        return cast(Webhook, self._send("PATCH", f"/webhooks/{segment(webhook_id)}", body=body)["data"])

    def delete(self, webhook_id: str) -> None:
        self._send("DELETE", f"/webhooks/{segment(webhook_id)}")

    def regenerate_secret(self, webhook_id: str, *, overlap: Duration | None = None) -> RegeneratedSecret:
        """The old secret signs beside the new one for `overlap`. Not tried again when the answer is lost."""
        body = None if overlap is None else {"overlap": overlap}
        return cast(RegeneratedSecret, self._post(f"/webhooks/{segment(webhook_id)}/regenerate-secret", body))

    def test(self, webhook_id: str) -> TestResult:
        """Sends `webhook.test` once, now. What the receiver made of it is the result, not an error."""
        return cast(TestResult, self._post(f"/webhooks/{segment(webhook_id)}/test"))

    def deliveries(
        self,
        webhook_id: str,
        *,
        status: DeliveryStatus | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Listing[Delivery]:
        """Newest first. `limit` is one page's: 50 by default, at most 100."""
        path = f"/webhooks/{segment(webhook_id)}/deliveries"

        def fetch(at: str | None) -> Page[Delivery]:
            answer = self._send("GET", path, query={"status": status, "limit": limit, "cursor": at})
            return Page(answer["data"], answer.get("nextCursor"))

        return Listing(fetch, cursor)

    def stats(self, webhook_id: str) -> WebhookStats:
        return cast(WebhookStats, self._send("GET", f"/webhooks/{segment(webhook_id)}/stats")["data"])

    def queue_stats(self) -> QueueStats:
        return cast(QueueStats, self._send("GET", "/webhooks/queue/stats")["data"])

    def retry_failed(self, *, webhook_id: str | None = None) -> Retried:
        """All failed deliveries of the account, or of one endpoint."""
        body = None if webhook_id is None else {"webhookId": webhook_id}
        return cast(Retried, self._post("/webhooks/queue/retry-failed", body))

    def _post(self, path: str, body: object = None) -> Any:
        return self._send("POST", path, body=body)["data"]
