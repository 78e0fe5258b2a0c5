"""`client.events` and `client.deliveries`"""

from __future__ import annotations

from typing import cast

from minoots.encoding import given
from minoots.listing import Listing, Page
from minoots.transport import Transport, segment
from minoots.types import Delivery, DeliveryStatus, JsonObject, SentEvent


class Events:
    """What happened, told to all endpoints that are subscribed."""

    def __init__(self, transport: Transport) -> None:
        self._send = transport.send

    def send(
        self, *, type: str, data: JsonObject, id: str | None = None, idempotency_key: str | None = None
    ) -> SentEvent:
        """`type`: one of the catalogue's or of your own, such as `invoice.paid`; not `timer.…` or `webhook.…`. The same
        event under an `id` of yours triggers nothing a second time; another one under it is a ConflictError."""
        body = given({"type": type, "data": data, "id": id})
        answer = self._send("POST", "/events", body=body, creates=True, idempotency_key=idempotency_key)
        return cast(SentEvent, answer["data"])


class Deliveries:
    """Events on their way to one URL each, with every attempt."""

    def __init__(self, transport: Transport) -> None:
        self._send = transport.send

    def get(self, delivery_id: str) -> Delivery:
        return cast(Delivery, self._send("GET", f"/deliveries/{segment(delivery_id)}")["data"])

    def list(
        self, *, status: DeliveryStatus | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Listing[Delivery]:
        """Those of timers' own webhooks and those of endpoints, newest first. `limit` is one page's."""

        def fetch(at: str | None) -> Page[Delivery]:
            answer = self._send("GET", "/deliveries", query={"status": status, "limit": limit, "cursor": at})
            return Page(answer["data"], answer.get("nextCursor"))

        return Listing(fetch, cursor)

    def retry(self, delivery_id: str) -> Delivery:
        """Sends it again with a new plan of attempts, unless one is still to come (ConflictError). Not tried again when
        the answer is lost."""
        return cast(Delivery, self._send("POST", f"/deliveries/{segment(delivery_id)}/retry")["data"])
