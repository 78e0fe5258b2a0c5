"""What schemathesis needs to know about this API, and what keeps it from calling anybody but the tests' receiver."""

import base64
import hashlib
import json
import os
import re
from datetime import UTC, datetime, timedelta

import schemathesis
from hypothesis import strategies as st

RECEIVER = os.environ["MINOOTS_FUZZ_RECEIVER"]
OWN_KEY = os.environ["MINOOTS_FUZZ_KEY_ID"]
URLS = {"webhook", "callback", "url"}
LENGTH = r"[0-9]+|([0-9.]+ ?[dhmswDHMSW]+ ?)+|P.+"
FORMS = {
    "duration": re.compile(LENGTH),
    "extend": re.compile(f"[+-]?({LENGTH})"),
    "overlap": re.compile(LENGTH),
    "interval": re.compile(f"[0-9.]+%?|-({LENGTH})"),
}


def text(pattern):
    return st.from_regex(pattern, fullmatch=True)


LONG = 3_600_000

# At most 366 days, in every form, and long enough for the milestones below to lie inside.
TERMS = text(r"[1-9][0-9]{0,2}([.][0-9]{1,3})? ?[hH]( ?[0-9]{1,2}[mM])?( [1-9]s)?")
durations = st.one_of(st.integers(LONG, 31_622_400_000).map(str), TERMS, text("PT[1-9][0-9]{0,2}H"), text("[1-9][dw]"))
ahead = st.integers(3_600, 300 * 86_400).map(
    lambda seconds: (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
)
cursors = st.tuples(st.integers(0, 2**53), text("[A-Za-z0-9_-]{1,48}")).map(
    lambda at: base64.urlsafe_b64encode(f"1.{at[0]}.{at[1]}".encode()).decode().rstrip("=")
)
for name, strategy in {
    "minoots-duration": durations,
    "minoots-extension": st.one_of(durations, text("[+-][1-9]ms")),
    "minoots-overlap": st.one_of(text("[0-9]{1,2}h"), text("[0-6]d"), text("[0-9]{1,8}")),
    "minoots-milestone": st.one_of(text("[1-9][0-9]?([.][0-9]{1,6})?%"), text("[1-9][0-9]?"), text("-[1-5][0-9]?m")),
    "minoots-cursor": cursors,
    "date-time": ahead,
    "minoots-url": text("[a-z]{1,8}").map(lambda path: f"{RECEIVER}/{path}"),
}.items():
    schemathesis.openapi.format(name, strategy)


def _tame(value):
    """The same body, with every URL that webhooks could go to replaced by the receiver's.

    What is valid by the schema keeps the rules that a schema can't say: no end in the past, though answers, which later
    requests are made of, grow old; timers longer than their milestones; texts of our own formats, for schemathesis
    takes some from elsewhere. What breaks the schema stays as it is.
    """
    if isinstance(value, list):
        return [_tame(item) for item in value]
    if isinstance(value, dict):
        return {name: _tame_member(name, item) for name, item in value.items()}
    return value


def _tame_member(name, value):
    if name == "intervals" and isinstance(value, list):
        return [_tame_member("interval", item) for item in value]
    if name == "duration" and isinstance(value, (int, float)) and 0 < value < LONG:
        return LONG
    if not isinstance(value, str):
        return _tame(value)
    if name in URLS and value.strip().lower().startswith("http"):
        return RECEIVER
    if name == "expiresAt" and _is_past(value):
        return (datetime.now(UTC) + timedelta(days=1)).isoformat()
    if name in FORMS and not FORMS[name].fullmatch(value):
        return "50%" if name == "interval" else "2h"
    return value


def _is_past(text):
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return False
    return instant.tzinfo is not None and instant <= datetime.now(UTC)


@schemathesis.hook
def before_call(context, case, kwargs):
    if isinstance(case.body, dict):
        case.body = _tame(case.body)
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 1 <= len(key.strip()) <= 255:
        # One key for one request: the same one again is answered from memory.
        request = f"{case.method} {case.path} {json.dumps(case.body, default=str)}"
        case.headers["Idempotency-Key"] = hashlib.sha256(request.encode("utf-8", "surrogatepass")).hexdigest()
    # The run must not lock itself out.
    if case.operation.path.startswith("/account/api-keys/") and (case.path_parameters or {}).get("id") == OWN_KEY:
        case.path_parameters["id"] = "key_other"
