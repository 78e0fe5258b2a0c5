"""One call of the API: as many attempts as it takes and as are safe."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Union
from urllib.parse import quote, urlencode

from minoots.encoding import to_json
from minoots.errors import ApiConnectionError, MinootsError, api_error
from minoots.waiting import backoff, retry_after_seconds

Query = Mapping[str, Union[str, int, bool, None]]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is not followed: it would turn a POST into a GET, or take the key elsewhere."""

    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass
class _Failure:
    error: MinootsError
    #: The call was surely not carried out.
    untouched: bool
    #: Trying again may help.
    transient: bool
    retry_after: float | None = None


class Transport:
    """Holds no connection between calls, so threads may share it and forks may inherit it."""

    def __init__(
        self, api_key: str | None, base_url: str | None, max_retries: int, timeout: float, max_retry_wait: float
    ) -> None:
        for name, value in (("max_retries", max_retries), ("timeout", timeout), ("max_retry_wait", max_retry_wait)):
            if not value >= 0:
                raise ValueError(f"{name} must be at least 0")
        self._api_key = api_key
        self._base_url = base_url
        self._max_retries = max_retries
        self._timeout = timeout
        self._max_retry_wait = max_retry_wait
        self._opener = urllib.request.build_opener(_NoRedirects)

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: object = None,
        creates: bool = False,
        repeatable: bool | None = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """The answer. `creates`: carries an Idempotency-Key, so that a repetition makes nothing twice. `repeatable`:
        whether doing it twice is as good as once; by default everything but POST is."""
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {self._key()}",
            "User-Agent": "minoots-python/0.1.0",
        }
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = to_json(body)
        # The same key and the same bytes in every attempt.
        if creates:
            headers["Idempotency-Key"] = idempotency_key or secrets.token_hex(16)
        request = urllib.request.Request(self._url(path, query or {}), content, headers, method=method)
        repeatable = method != "POST" if repeatable is None else repeatable

        failures = 0
        while True:
            outcome = self._attempt(request)
            if not isinstance(outcome, _Failure):
                return outcome
            may_repeat = outcome.untouched or ((repeatable or creates) and outcome.transient)
            wait = backoff(failures) if outcome.retry_after is None else outcome.retry_after
            if not may_repeat or failures >= self._max_retries or wait > self._max_retry_wait:
                raise outcome.error
            time.sleep(wait)
            failures += 1

    def _attempt(self, request: urllib.request.Request) -> Any:
        try:
            try:
                response = self._opener.open(request, timeout=self._timeout)
            except urllib.error.HTTPError as refusal:
                response = refusal
            with response:
                return _read(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException) as cause:
            reason = cause.reason if isinstance(cause, urllib.error.URLError) else cause
            url = request.full_url.split("?")[0]
            error = ApiConnectionError(f"{request.get_method()} {url}: {reason or type(reason).__name__}")
            error.__cause__ = cause
            return _Failure(error, isinstance(reason, (ConnectionRefusedError, socket.gaierror)), transient=True)

    def _key(self) -> str:
        key = self._api_key or os.environ.get("MINOOTS_API_KEY")
        if not key:
            raise MinootsError("no API key: pass api_key, or set MINOOTS_API_KEY in the environment")
        return key

    def _url(self, path: str, query: Query) -> str:
        base = self._base_url or os.environ.get("MINOOTS_BASE_URL") or "http://127.0.0.1:3001"
        if not base.startswith(("http://", "https://")):
            raise ValueError(f"base_url must begin with https:// or http://, not be {base!r}")
        given = {name: _text(value) for name, value in query.items() if value is not None}
        return base.rstrip("/") + path + ("?" + urlencode(given) if given else "")


def segment(identifier: str) -> str:
    """An id as a part of a path. One that would lead to another route is a mistake of the caller's."""
    if not isinstance(identifier, str) or identifier in ("", ".", ".."):
        raise ValueError(f"not an id: {identifier!r}")
    return quote(identifier, safe="")


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(status: int, headers: Any, content: bytes) -> Any:
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    if 200 <= status < 300 and answer is not None:
        return answer
    retry_after = retry_after_seconds(headers.get("Retry-After"))
    return _Failure(
        api_error(status, answer, retry_after),
        # 409 with Retry-After: something else was at it, and this was not done.
        untouched=status == 429 or (status == 409 and retry_after is not None),
        transient=status == 408 or status >= 500,
        retry_after=retry_after,
    )
