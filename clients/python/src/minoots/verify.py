"""Whether a webhook is from Minoots, recent and unchanged."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Callable

from minoots.errors import WebhookVerificationError
from minoots.types import SignatureScheme


@dataclass(frozen=True)
class _Scheme:
    """A way of signing: where the signature is, what is signed before the body, and how the signature is written."""

    signature: str
    before: tuple[str, ...]
    timestamp: str | None
    key: Callable[[str], bytes]
    written: Callable[[bytes], str]
    #: Whether the header may list more than one, with blanks between.
    several: bool = False


def _standard_key(secret: str) -> bytes:
    """The bytes behind `whsec_`; of a secret that an operator chose, its text."""
    encoded = secret[len("whsec_") :] if secret.startswith("whsec_") else ""
    try:
        return base64.b64decode(encoded, validate=True) or secret.encode()
    except (binascii.Error, ValueError):
        return secret.encode()


_SCHEMES: dict[str, _Scheme] = {
    "standard": _Scheme(
        signature="webhook-signature",
        before=("webhook-id", "webhook-timestamp"),
        timestamp="webhook-timestamp",
        key=_standard_key,
        written=lambda digest: "v1," + base64.b64encode(digest).decode(),
        several=True,
    ),
    "x-webhook": _Scheme(
        signature="x-webhook-signature",
        before=("x-webhook-timestamp",),
        timestamp="x-webhook-timestamp",
        key=str.encode,
        written=bytes.hex,
    ),
    "x-minoots": _Scheme(
        signature="x-minoots-signature",
        before=(),
        timestamp=None,
        key=str.encode,
        written=lambda digest: "sha256=" + digest.hex(),
    ),
}


def verify_webhook(
    body: bytes | str,
    headers: Mapping[str, str],
    secrets: str | Iterable[str],
    *,
    scheme: SignatureScheme = "standard",
    tolerance: float = 300,
) -> Any:
    """The payload, if one of the secrets signed it recently; else a WebhookVerificationError.

    `body`: as it came, not parsed and written again. `secrets`: several during a rotation. `tolerance`: seconds
    by which the timestamp may differ from this clock, either way.

    `scheme`: only this one is looked at, otherwise it would be the sender who chooses. `standard`: `webhook-id`,
    `-timestamp` and `-signature` (Standard Webhooks), which every delivery carries and which cover id and time.
    `x-webhook`: `X-Webhook-Signature` and `-Timestamp`, of endpoints; cover the time. `x-minoots`:
    `X-MINOOTS-Signature`, covers the body only: a request that was seen once can be sent again at any time.

    Called wrongly, as with a secret that is not set, it raises a TypeError or ValueError.
    """
    content = _raw(body)
    keys = _checked(secrets)
    if scheme not in _SCHEMES:
        raise ValueError(f"scheme must be one of {', '.join(_SCHEMES)}, not {scheme!r}")
    # NaN would compare as within any tolerance.
    if not tolerance >= 0:
        raise ValueError("tolerance must be a number of seconds, at least 0")
    how = _SCHEMES[scheme]

    found = {name.lower(): value for name, value in headers.items()}
    given = _required(found, how.signature)
    message = "".join(_required(found, name) + "." for name in how.before).encode() + content
    if how.timestamp:
        _check_age(_required(found, how.timestamp), tolerance)

    candidates = given.split(" ") if how.several else [given]
    matches = False
    for key in keys:
        expected = how.written(hmac.new(how.key(key), message, "sha256").digest()).encode()
        for candidate in candidates:
            matches |= hmac.compare_digest(candidate.encode("utf-8", "surrogateescape"), expected)
    if not matches:
        raise WebhookVerificationError("NO_MATCHING_SIGNATURE", f"{how.signature} is not by any of the secrets given")
    try:
        return json.loads(content)
    except ValueError as cause:
        raise WebhookVerificationError("NOT_JSON", "the body is signed, but is not JSON") from cause


def _raw(body: bytes | str) -> bytes:
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body)
    raise TypeError(
        "the body must be as it came, text or bytes: what was parsed and written again may differ from what was signed"
    )


def _checked(secrets: str | Iterable[str]) -> list[str]:
    listed = [secrets] if isinstance(secrets, str) or secrets is None else list(secrets)
    # An unset variable must not become a key that anybody can guess.
    if not listed or not all(isinstance(secret, str) and secret for secret in listed):
        raise TypeError("a secret is required: a text that is not empty, or several of them")
    return listed


def _required(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not isinstance(value, str) or not value:
        raise WebhookVerificationError("MISSING_HEADER", f"the request has no {name}")
    return value


def _check_age(timestamp: str, tolerance: float) -> None:
    if not re.fullmatch("[0-9]{1,15}", timestamp):
        raise WebhookVerificationError("BAD_TIMESTAMP", f"not unix seconds: {timestamp}")
    age = int(time.time()) - int(timestamp)
    if abs(age) > tolerance:
        said = f"{age} s old" if age > 0 else f"{-age} s ahead of this clock"
        raise WebhookVerificationError(
            "TIMESTAMP_OUT_OF_TOLERANCE", f"the request is {said}; {tolerance:g} s are tolerated"
        )
