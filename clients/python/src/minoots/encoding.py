"""JSON of what callers have at hand: times and durations are written as the API reads them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

MILLISECOND = timedelta(milliseconds=1)


def to_json(body: object) -> bytes:
    """UTF-8. NaN and infinity, which JSON lacks, are a ValueError."""
    return json.dumps(body, allow_nan=False, ensure_ascii=False, separators=(",", ":"), default=_written).encode()


def _written(value: Any) -> Any:
    if isinstance(value, timedelta):
        # Rounded up, as the service rounds.
        return -(-value // MILLISECOND)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone: which instant is it?")
        return value.isoformat()
    raise TypeError(f"{value!r} can't be written as JSON")


class Unset:
    """Stands for what was not given where None has a meaning of its own."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Any = Unset()


def given(fields: dict[str, Any], *, absent: object = None) -> dict[str, Any]:
    """The fields that were given."""
    return {name: value for name, value in fields.items() if value is not absent}
