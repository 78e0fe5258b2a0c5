"""`client.account`"""

from __future__ import annotations

from typing import cast

from minoots.encoding import given
from minoots.transport import Transport, segment
from minoots.types import ApiKey, CreatedApiKey, Duration, Mode, UsageDay, WebhookSecret


class Account:
    """API keys, the secret that signs timers' webhooks, and usage."""

    def __init__(self, transport: Transport) -> None:
        self._send = transport.send

    def create_api_key(
        self, *, name: str | None = None, mode: Mode | None = None, idempotency_key: str | None = None
    ) -> CreatedApiKey:
        """The only answer that shows the key. `mode`: the calling key's by default; a test key makes test keys."""
        body = given({"name": name, "mode": mode})
        answer = self._send("POST", "/account/api-keys", body=body, creates=True, idempotency_key=idempotency_key)
        return cast(CreatedApiKey, {name: value for name, value in answer.items() if name != "success"})

    def api_keys(self) -> list[ApiKey]:
        """Newest first; a test key sees test keys only."""
        return cast("list[ApiKey]", self._send("GET", "/account/api-keys")["apiKeys"])

    def rename_api_key(self, key_id: str, name: str | None) -> list[ApiKey]:
        """All keys, after the change."""
        answer = self._send("PUT", f"/account/api-keys/{segment(key_id)}", body={"name": name})
        return cast("list[ApiKey]", answer["apiKeys"])

    def revoke_api_key(self, key_id: str) -> list[ApiKey]:
        """The keys that are left. A key may revoke itself."""
        return cast("list[ApiKey]", self._send("DELETE", f"/account/api-keys/{segment(key_id)}")["apiKeys"])

    def webhook_secret(self) -> WebhookSecret:
        return cast(WebhookSecret, self._send("GET", "/account/webhook-secret")["data"])

    def rotate_webhook_secret(self, *, overlap: Duration | None = None) -> WebhookSecret:
        """The old secret signs beside the new one for `overlap`. Not tried again when the answer is lost."""
        body = None if overlap is None else {"overlap": overlap}
        return cast(WebhookSecret, self._send("POST", "/account/webhook-secret/rotate", body=body)["data"])

    def usage(self, *, days: int | None = None) -> list[UsageDay]:
        """Counts by day in UTC: of the last 7 days by default, of at most 366."""
        return cast("list[UsageDay]", self._send("GET", "/account/usage", query={"days": days})["usage"]["days"])
