"""`client.projects`"""

from __future__ import annotations

from typing import cast

from minoots.encoding import given
from minoots.transport import Transport
from minoots.types import JsonObject, Project


class Projects:
    """Projects, which endpoints that subscribe to `project.created` are told of."""

    def __init__(self, transport: Transport) -> None:
        self._send = transport.send

    def create(
        self,
        *,
        name: str,
        description: str | None = None,
        settings: JsonObject | None = None,
        idempotency_key: str | None = None,
    ) -> Project:
        body = given({"name": name, "description": description, "settings": settings})
        answer = self._send("POST", "/projects", body=body, creates=True, idempotency_key=idempotency_key)
        return cast(Project, answer["data"])
