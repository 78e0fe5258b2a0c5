"""`client.timers`"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from minoots.encoding import UNSET, given
from minoots.listing import Listing, Page
from minoots.transport import Transport, segment
from minoots.types import (
    BatchResult,
    Duration,
    Instant,
    JsonObject,
    NewTimer,
    PayloadTarget,
    Timer,
    TimerEvents,
    TimerStatus,
    TimerWithDeliveries,
)


class Timers:
    """Timers of the key's account and mode."""

    def __init__(self, transport: Transport) -> None:
        self._send = transport.send

    def create(
        self,
        duration: Duration | None = None,
        *,
        expires_at: Instant | None = None,
        name: str | None = None,
        id: str | None = None,
        events: TimerEvents | None = None,
        webhook: str | None = None,
        message: str | None = None,
        data: JsonObject | None = None,
        format: PayloadTarget | None = None,
        callback: str | None = None,
        agent_id: str | None = None,
        team: str | None = None,
        scenario: str | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
        metadata: JsonObject | None = None,
        idempotency_key: str | None = None,
    ) -> Timer:
        """A new timer; `duration` or `expires_at` says when it ends. An `id` that is taken is a ConflictError."""
        fields = {
            "duration": duration,
            "expiresAt": expires_at,
            "name": name,
            "id": id,
            "events": events,
            "webhook": webhook,
            "message": message,
            "data": data,
            "format": format,
            "callback": callback,
            "agentId": agent_id,
            "team": team,
            "scenario": scenario,
            "organizationId": organization_id,
            "projectId": project_id,
            "metadata": metadata,
        }
        answer = self._send("POST", "/timers", body=given(fields), creates=True, idempotency_key=idempotency_key)
        return cast(Timer, answer["timer"])

    def quick_wait(
        self,
        duration: Duration,
        *,
        name: str | None = None,
        agent_id: str | None = None,
        team: str | None = None,
        callback: str | None = None,
        message: str | None = None,
        idempotency_key: str | None = None,
    ) -> Timer:
        """A new timer in the shortest way: `callback` is told when it expires."""
        fields = {
            "duration": duration,
            "name": name,
            "agent_id": agent_id,
            "team": team,
            "callback": callback,
            "message": message,
        }
        answer = self._send("POST", "/quick/wait", body=given(fields), creates=True, idempotency_key=idempotency_key)
        return cast(Timer, answer["timer"])

    def create_batch(self, timers: Iterable[NewTimer], *, idempotency_key: str | None = None) -> list[BatchResult]:
        """Up to 100; one result each, in order."""
        body = {"timers": list(timers)}
        answer = self._send("POST", "/timers/batch", body=body, creates=True, idempotency_key=idempotency_key)
        return cast("list[BatchResult]", answer["results"])

    def get(self, timer_id: str) -> TimerWithDeliveries:
        """The timer, with what became of its webhooks."""
        answer = self._send("GET", f"/timers/{segment(timer_id)}")
        return cast(TimerWithDeliveries, {**answer["timer"], "deliveries": answer["deliveries"]})

    def list(
        self,
        *,
        status: TimerStatus | None = None,
        agent_id: str | None = None,
        team: str | None = None,
        scenario: str | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Listing[Timer]:
        """Newest first. `limit` is one page's: 50 by default, at most 100."""
        filters = {
            "status": status,
            "agentId": agent_id,
            "team": team,
            "scenario": scenario,
            "organizationId": organization_id,
            "projectId": project_id,
            "limit": limit,
        }

        def fetch(at: str | None) -> Page[Timer]:
            answer = self._send("GET", "/timers", query={**filters, "cursor": at})
            return Page(answer["timers"], answer.get("nextCursor"))

        return Listing(fetch, cursor)

    def update(
        self,
        timer_id: str,
        *,
        duration: Duration = UNSET,
        expires_at: Instant = UNSET,
        extend: Duration = UNSET,
        name: str | None = UNSET,
        metadata: JsonObject | None = UNSET,
        events: TimerEvents | None = UNSET,
    ) -> Timer:
        """Changes what is given. `extend` is not tried again when the answer is lost: it would extend twice."""
        fields = {
            "duration": duration,
            "expiresAt": expires_at,
            "extend": extend,
            "name": name,
            "metadata": metadata,
            "events": events,
        }
        body = given(fields, absent=UNSET)
        answer = self._send("PATCH", f"/timers/{segment(timer_id)}", body=body, repeatable=extend is UNSET)
        return cast(Timer, answer["timer"])

    def cancel(self, timer_id: str, *, reason: str | None = None) -> Timer:
        """One that has been cancelled before is given as it is; one that has expired is a ConflictError."""
        body = None if reason is None else {"reason": reason}
        return cast(Timer, self._send("DELETE", f"/timers/{segment(timer_id)}", body=body)["timer"])

    def pause(self, timer_id: str) -> Timer:
        return cast(Timer, self._send("POST", f"/timers/{segment(timer_id)}/pause", repeatable=True)["timer"])

    def resume(self, timer_id: str) -> Timer:
        return cast(Timer, self._send("POST", f"/timers/{segment(timer_id)}/resume", repeatable=True)["timer"])

    def fire(self, timer_id: str) -> Timer:
        """Expires it now. Not tried again when the answer is lost."""
        return cast(Timer, self._send("POST", f"/timers/{segment(timer_id)}/fire")["timer"])
