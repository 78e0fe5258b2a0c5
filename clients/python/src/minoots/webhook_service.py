"""For applications that tell their users' endpoints of what has happened."""

from __future__ import annotations

from minoots.client import Minoots, minoots
from minoots.types import JsonObject, SentEvent


class WebhookService:
    """Sends events through the client of a user's account."""

    @classmethod
    def client_for(cls, user_id: str) -> Minoots:
        """Whose account `user_id` is: `minoots` for everyone, unless a subclass says otherwise."""
        return minoots

    @classmethod
    def trigger_event(cls, *, event_type: str, user_id: str, data: JsonObject, id: str | None = None) -> SentEvent:
        """`user_id` chooses the account; it is not sent."""
        return cls.client_for(user_id).events.send(type=event_type, data=data, id=id)
