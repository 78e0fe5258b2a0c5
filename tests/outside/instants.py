"""Instants as the API writes them: epoch milliseconds and ISO 8601."""

import re
import time
from datetime import UTC, datetime

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def now():
    """Epoch milliseconds."""
    return time.time() * 1000


def iso(millis):
    """As `toISOString` writes it."""
    instant = datetime.fromtimestamp(millis // 1000, UTC)
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{int(millis) % 1000:03}Z"


def millis(text):
    """Epoch milliseconds of an ISO 8601 text, which must be UTC with milliseconds."""
    assert ISO.fullmatch(text), f"an instant is ISO 8601 in UTC, such as 2026-11-22T10:15:00.000Z, not {text!r}"
    return round(datetime.fromisoformat(text).timestamp() * 1000)
