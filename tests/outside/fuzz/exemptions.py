"""Where the API promises something else than schemathesis expects.

Each exemption names the promise, and asks of the answer just what the promise says: one that differs in anything is a
find. None is for an answer of 5xx.
"""

import jsonschema_rs
import lengths
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import AllowHeaderMismatch, RejectedPositiveData, UseAfterFree

MOVES = ("duration", "expiresAt", "extend")
# Of two refusals it depends on the stored timer whether they are due.
MOVED_TOO_FAR = {"would put the end in the past", "would make the timer run for more than 366 days in all"}


def is_promised(failure, case, response):
    """Whether this answer, which schemathesis objects to, is as the API promises it."""
    operation = (case.method.upper(), case.operation.path)
    rules = {
        ("PATCH", "/timers/{id}"): _depends_on_the_timer,
        ("DELETE", "/timers/{id}"): _no_reason_cancels_all_the_same,
        ("POST", "/timers/batch"): _each_of_a_batch_is_refused_by_itself,
        ("OPTIONS", "/timers/batch"): _a_timer_may_be_called_batch,
        ("GET", "/timers/{id}"): _a_cancelled_timer_stays_readable,
        ("GET", "/webhooks/{id}/stats"): _history_stays_readable,
        ("GET", "/webhooks/{id}/deliveries"): _history_stays_readable,
    }
    rule = rules.get(operation)
    return rule is not None and rule(failure, case, response)


def _depends_on_the_timer(failure, case, response):
    """Where an end may move to depends on where it is, and where a milestone may lie on how long the timer runs."""
    if not isinstance(failure, RejectedPositiveData) or response.status_code != 400 or not isinstance(case.body, dict):
        return False
    error = response.json()["error"]
    if len(error.get("details", [])) != 1:
        return False
    [fault] = error["details"]
    if error["code"] == "INVALID_DURATION":
        given = [name for name in MOVES if case.body.get(name) is not None]
        return given == [fault["path"]] and fault["message"] in MOVED_TOO_FAR
    return (
        error["code"] == "INVALID_REQUEST"
        and fault["path"] == "events.on_progress.intervals"
        and _names_one_outside(case.body, fault["message"])
    )


def _names_one_outside(body, message):
    intervals = (((body.get("events") or {}).get("on_progress")) or {}).get("intervals") or []
    for interval in intervals:
        said = f'"{interval}" is not inside the timer, which runs for '
        runs = message.removeprefix(said).removesuffix(" ms")
        rest = lengths.millis(interval) if isinstance(interval, str) and interval.strip().startswith("-") else None
        if message.startswith(said) and rest is not None and runs.isdigit():
            return -rest >= int(runs) - 1
    return False


def _no_reason_cancels_all_the_same(failure, case, response):
    """A body that can't be read as an object is no reason, and no ground to let the timer run on."""
    return (
        isinstance(failure, AcceptedNegativeData)
        and response.status_code == 200
        and not isinstance(case.body, dict)
        and response.json()["timer"]["status"] == "cancelled"
    )


def _each_of_a_batch_is_refused_by_itself(failure, case, response):
    """Each timer is created or refused on its own: the call answers 200. `timers_of_a_batch_are_judged_one_by_one` sees
    to it that those which break the schema were refused."""
    return (
        isinstance(failure, AcceptedNegativeData)
        and response.status_code == 200
        and isinstance(case.body, dict)
        and isinstance(case.body.get("timers"), list)
        and len(case.body["timers"]) <= 100
        and len(response.json()["results"]) == len(case.body["timers"])
        and not all(map(_new_timer(case).is_valid, case.body["timers"]))
    )


def _a_timer_may_be_called_batch(failure, case, _):
    """`/timers/batch` is the path of a timer with this id, too, so it takes what `/timers/{id}` takes."""
    of_a_timer = {method.upper() for method in case.operation.schema.raw_schema["paths"]["/timers/{id}"]}
    return (
        isinstance(failure, AllowHeaderMismatch)
        and not failure.missing_methods
        and set(failure.undocumented_methods) == of_a_timer
    )


def _a_cancelled_timer_stays_readable(failure, _, response):
    return isinstance(failure, UseAfterFree) and response.json()["timer"]["status"] == "cancelled"


def _history_stays_readable(failure, _, response):
    """A deleted endpoint is gone, and what it was sent stays readable by its id."""
    return isinstance(failure, UseAfterFree) and response.status_code == 200


def timers_of_a_batch_are_judged_one_by_one(response, case):
    """What is to be said against an answer to `POST /timers/batch`: what breaks the schema was created, or what a valid
    call asks for was refused."""
    if (case.method.upper(), case.operation.path, response.status_code) != ("POST", "/timers/batch", 200):
        return
    valid, results = _new_timer(case).is_valid, response.json()["results"]
    is_valid_call = case.meta is not None and case.meta.generation.mode.is_positive
    for place, (timer, result) in enumerate(zip(case.body["timers"], results, strict=True)):
        if not valid(timer):
            assert 400 <= result["status"] < 500, (
                f"timers[{place}] breaks its schema and was answered {result['status']}"
            )
        elif is_valid_call:
            # Its id may be taken.
            assert result["status"] in (201, 409), f"timers[{place}] is valid and was answered {result}"


def _new_timer(case):
    document = case.operation.schema.raw_schema
    schema = {"$ref": "#/components/schemas/NewTimer", "components": document["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
