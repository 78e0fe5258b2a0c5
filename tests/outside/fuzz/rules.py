"""Rules that no JSON Schema can say: a request that is valid by the document is made to keep them.

They compare values with each other, with the time or with a size in bytes, or go by letters in any case. What breaks
the schema stays as it is: schemathesis judges each request anew after it was changed.
"""

import json
from datetime import UTC, datetime, timedelta

import lengths

DAY = 86_400_000
LONGEST = 366 * DAY
# Texts with a limit in bytes; the document has it in characters.
BYTES = {"message": 4_096, "reason": 1_024}
# Data of one timer together; less than the limit, for the service may write a number longer than we do.
MOST_DATA = 24_000
HEADERS = 4_000
RESERVED = {
    *("connection", "content-encoding", "content-length", "content-type", "expect", "host", "http2-settings"),
    *("keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "trailers"),
    *("transfer-encoding", "upgrade", "user-agent", "webhook-id", "webhook-signature", "webhook-timestamp"),
    *("x-webhook-event", "x-webhook-id", "x-webhook-signature", "x-webhook-timestamp"),
}


def kept(body):
    """The same body, with the rules kept between its members."""
    if isinstance(body, list):
        return [kept(item) for item in body]
    if not isinstance(body, dict):
        return body
    body = {name: _member(name, value) for name, value in body.items()}
    if _has_timers_members(body):
        _keep_inside(body)
    return body


def _has_timers_members(body):
    return any(name in body for name in ("duration", "expiresAt", "events"))


def _member(name, value):
    if name in ("data", "metadata", "settings"):
        # A caller's own: names inside mean nothing.
        return {} if _is_large(value) else value
    if name == "intervals" and isinstance(value, list):
        return [_readable("interval", item) for item in value]
    if name == "headers" and isinstance(value, dict):
        return _headers(value)
    if name == "expiresAt" and isinstance(value, str):
        return _ahead(value)
    if name in BYTES and isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")[: BYTES[name]].decode("utf-8", "ignore")
    if name in ("duration", "extend", "overlap"):
        return _readable(name, value)
    return kept(value)


def _readable(name, value):
    """A text of the form that the document describes in words: schemathesis takes some from elsewhere."""
    if not isinstance(value, str):
        return value
    share = value.strip().removesuffix("%").strip()
    if name == "interval" and not value.strip().startswith("-"):
        return value if _is_share(share) else "50%"
    size = lengths.millis(value)
    fits = {
        "duration": lambda: 0 < size <= LONGEST,
        "extend": lambda: True,
        "overlap": lambda: 0 <= size <= 7 * DAY,
        "interval": lambda: size < 0 and len(value) <= 64,
    }
    return value if size is not None and fits[name]() else {"interval": "50%", "overlap": "2h"}.get(name, "2h")


def _is_share(text):
    return text.replace(".", "", 1).isdigit() and text.isascii() and 0.000001 <= float(text) <= 99.999999


def _keep_inside(body):
    """Milestones that are a time before the end lie inside the timer."""
    events = body.get("events")
    progress = events.get("on_progress") if isinstance(events, dict) else None
    intervals = progress.get("intervals") if isinstance(progress, dict) else None
    if not isinstance(intervals, list):
        return
    rests = [-size for size in map(_before_end, intervals) if size is not None]
    if not rests:
        return
    if max(rests) > DAY:
        progress["intervals"] = ["-30m" if _before_end(item) is not None else item for item in intervals]
        rests = [1_800_000]
    size = lengths.millis(body.get("duration"))
    if size is not None and 0 < size <= max(rests) + 1:
        body["duration"] = int(max(rests)) + 60_000
    if isinstance(body.get("expiresAt"), str):
        body["expiresAt"] = _ahead(body["expiresAt"], timedelta(milliseconds=max(rests)) + timedelta(minutes=5))


def _before_end(interval):
    return lengths.millis(interval) if isinstance(interval, str) and interval.strip().startswith("-") else None


def _ahead(text, least=timedelta(minutes=5)):
    """The instant, if it is so far ahead and within 366 days: answers, which requests are made of, grow old."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    if instant.tzinfo is None:
        return text
    now = datetime.now(UTC)
    if now + least < instant < now + timedelta(days=365):
        return text
    return (now + max(timedelta(days=1), 2 * least)).isoformat()


def _headers(headers):
    seen, size, kept = set(), 0, {}
    for name, value in headers.items():
        lower = name.lower()
        size += len(name.encode("utf-8", "surrogatepass")) + len(str(value).encode("utf-8", "surrogatepass"))
        if lower not in seen and lower not in RESERVED and size <= HEADERS:
            kept[name] = value
        seen.add(lower)
    return kept


def _is_large(value):
    return isinstance(value, dict) and (len(json.dumps(value)) > MOST_DATA / 4 or _depth(value) > 31)


def _depth(value):
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0
