"""What schemathesis needs to know about this API, and what keeps it from calling anybody but the tests' receiver."""

import base64
import hashlib
import json
import os
from datetime import UTC, datetime, timedelta

import exemptions
import rules
import schemathesis
from hypothesis import strategies as st

RECEIVER = os.environ["MINOOTS_FUZZ_RECEIVER"]
OWN_KEY = os.environ["MINOOTS_FUZZ_KEY_ID"]
URLS = {"webhook", "callback", "url"}


def text(pattern):
    return st.from_regex(pattern, fullmatch=True)


# At most 366 days, in every form.
TERMS = text(r"[1-9][0-9]{0,2}([.][0-9]{1,3})? ?[hH]( ?[0-9]{1,2}[mM])?( [1-9]s)?")
SHORT = text("[1-9][0-9]{0,3} ?([mM]?[sS]|[mM])")
durations = st.one_of(
    st.integers(60_000, 31_622_400_000).map(str), TERMS, SHORT, text("PT[1-9][0-9]{0,2}[HMS]"), text("[1-9][dw]")
)
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


def _redirected(value):
    """The same body, with every URL that webhooks could go to replaced by the receiver's."""
    if isinstance(value, list):
        return [_redirected(item) for item in value]
    if isinstance(value, dict):
        return {name: RECEIVER if _is_url(name, item) else _redirected(item) for name, item in value.items()}
    return value


def _is_url(name, value):
    return name in URLS and isinstance(value, str) and value.strip().lower().startswith("http")


@schemathesis.hook
def before_call(context, case, kwargs):
    if isinstance(case.body, dict):
        case.body = rules.kept(_redirected(case.body))
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 1 <= len(key.strip()) <= 255:
        # One key for one request: the same one again is answered from memory.
        request = f"{case.method} {case.path} {json.dumps(case.body, default=str)}"
        case.headers["Idempotency-Key"] = hashlib.sha256(request.encode("utf-8", "surrogatepass")).hexdigest()
    # The run must not lock itself out.
    if case.operation.path.startswith("/account/api-keys/") and (case.path_parameters or {}).get("id") == OWN_KEY:
        case.path_parameters["id"] = "key_other"


@schemathesis.hook
def filter_failure(context, failure, case, response):
    return not exemptions.is_promised(failure, case, response)


@schemathesis.check
def timers_of_a_batch(ctx, response, case):
    exemptions.timers_of_a_batch_are_judged_one_by_one(response, case)
