"""The API, as one key."""

from __future__ import annotations

from typing import Any, cast

from minoots.account import Account
from minoots.events import Deliveries, Events
from minoots.projects import Projects
from minoots.timers import Timers
from minoots.transport import Query, Transport
from minoots.types import Health
from minoots.webhooks import Webhooks


class Minoots:
    """The API, as one key. Threads may share it.

    A call is tried again after 429, and after 5xx or a cut connection if doing it twice is as good as once: reading,
    changing, deleting, and creating, for which an `Idempotency-Key` is sent. It waits as long as `Retry-After` says,
    else about 0.5, 1, 2, … seconds.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        max_retries: int = 3,
        timeout: float = 30.0,
        max_retry_wait: float = 30.0,
    ) -> None:
        """
        `api_key`: by default MINOOTS_API_KEY of the environment. `base_url`: by default MINOOTS_BASE_URL of the
        environment, else `http://127.0.0.1:3001`, where `minoots dev` serves. `timeout`: seconds without a sign of the
        service. A `Retry-After` longer than `max_retry_wait` seconds is not waited for but raised.
        """
        self._transport = Transport(api_key, base_url, max_retries, timeout, max_retry_wait)
        self.timers = Timers(self._transport)
        self.webhooks = Webhooks(self._transport)
        self.deliveries = Deliveries(self._transport)
        self.events = Events(self._transport)
        self.projects = Projects(self._transport)
        self.account = Account(self._transport)

    def health(self) -> Health:
        """That the service answers, and whose the key is."""
        return cast(Health, self._transport.send("GET", "/health"))

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: object = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """Calls a route that has no method here, such as one of a newer service; gives the whole answer."""
        # A key is harmless where the route does not take one, but only where it does is a repetition safe.
        creates = idempotency_key is not None
        return self._transport.send(
            method.upper(), path, query=query, body=body, creates=creates, idempotency_key=idempotency_key
        )


#: Configured by MINOOTS_API_KEY and MINOOTS_BASE_URL, which are read at each call.
minoots = Minoots()
