"""How long to wait before a call is tried again."""

from __future__ import annotations

import random
import re
import time
from email.utils import parsedate_to_datetime

FIRST = 0.5
LONGEST = 8.0


def backoff(failures: int) -> float:
    """Seconds after so many failures: doubling, and spread, so that callers who failed together come back apart."""
    most: float = min(LONGEST, FIRST * 2**failures)
    return most * random.uniform(0.5, 1)


def retry_after_seconds(header: str | None) -> float | None:
    """Seconds that a Retry-After header (RFC 9110, section 10.2.3) asks for, as a number or a date."""
    if header is None:
        return None
    if re.fullmatch(r"\s*[0-9]+\s*", header):
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
