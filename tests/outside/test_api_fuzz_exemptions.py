"""What `make fuzz-api` overlooks is what the API promises, and nothing beside it: no 5xx, no request that is taken or
refused against the document."""

from types import SimpleNamespace

import exemptions
import lengths
import pytest
import rules
from schemathesis.core.failures import AcceptedNegativeData, ServerError
from schemathesis.generation import GenerationMode
from schemathesis.openapi.checks import AllowHeaderMismatch, RejectedPositiveData, UseAfterFree

from openapi_document import DOCUMENT

INSIDE = "events.on_progress.intervals"


def rejected(status=400):
    return RejectedPositiveData(operation="", message="", status_code=status, allowed_statuses=[])


def accepted(status=200):
    return AcceptedNegativeData(operation="", message="", status_code=status, expected_statuses=[])


def used_after_free():
    return UseAfterFree(operation="", message="", free="", usage="")


def allows(*undocumented, missing=()):
    return AllowHeaderMismatch(
        operation="",
        message="",
        allow_header="",
        missing_methods=list(missing),
        undocumented_methods=list(undocumented),
    )


def case(method, path, body=None, mode=GenerationMode.POSITIVE):
    operation = SimpleNamespace(path=path, schema=SimpleNamespace(raw_schema=DOCUMENT))
    meta = SimpleNamespace(generation=SimpleNamespace(mode=mode))
    return SimpleNamespace(method=method, operation=operation, body=body, meta=meta)


def answer(status, body):
    return SimpleNamespace(status_code=status, json=lambda: body)


def refusal(code, *details):
    faults = [{"path": path, "message": message} for path, message in details]
    return {"error": {"code": code, "message": "", "details": faults}}


def change(body):
    return case("PATCH", "/timers/{id}", body)


PAST = refusal("INVALID_DURATION", ("extend", "would put the end in the past"))
WITH_MILESTONE = {"events": {"on_progress": {"intervals": ["50%", "-30m"]}}}
OUTSIDE = refusal("INVALID_REQUEST", (INSIDE, '"-30m" is not inside the timer, which runs for 900000 ms'))


def test_a_change_may_be_refused_for_what_depends_on_the_timer():
    assert exemptions.is_promised(rejected(), change({"extend": "-5m"}), answer(400, PAST))
    assert exemptions.is_promised(rejected(), change(WITH_MILESTONE), answer(400, OUTSIDE))


@pytest.mark.parametrize(
    ("failure", "body", "said"),
    [
        pytest.param(ServerError(operation="", status_code=500), {"extend": "-5m"}, (500, PAST), id="a 500"),
        pytest.param(rejected(422), {"extend": "-5m"}, (422, PAST), id="another status"),
        pytest.param(rejected(), {"duration": "5m"}, (400, PAST), id="a field that was not given"),
        pytest.param(rejected(), {"extend": "-5m", "duration": "5m"}, (400, PAST), id="two ends"),
        pytest.param(
            rejected(),
            {"extend": "5m"},
            (400, refusal("INVALID_DURATION", ("extend", "is too long"))),
            id="other words",
        ),
        pytest.param(
            rejected(),
            {"name": "n", "extend": "-5m"},
            (
                400,
                refusal("INVALID_DURATION", *[(name, "would put the end in the past") for name in ("name", "extend")]),
            ),
            id="a fault of another field beside it",
        ),
        pytest.param(
            rejected(), {"name": "n"}, (400, refusal("INVALID_REQUEST", ("name", "is too long"))), id="another field"
        ),
        pytest.param(
            rejected(),
            WITH_MILESTONE,
            (400, refusal("INVALID_REQUEST", (INSIDE, '"-30m" is not inside the timer, which runs for 9000000 ms'))),
            id="a milestone that is inside",
        ),
        pytest.param(
            rejected(),
            WITH_MILESTONE,
            (400, refusal("INVALID_REQUEST", (INSIDE, '"50%" is not inside the timer, which runs for 900000 ms'))),
            id="a share, which is always inside",
        ),
        pytest.param(accepted(), {"extend": 5}, (200, {}), id="a change against the document that was taken"),
    ],
)
def test_nothing_else_of_a_change_is_overlooked(failure, body, said):
    assert not exemptions.is_promised(failure, change(body), answer(*said))


def test_a_creation_may_not_be_refused_for_anything():
    assert not exemptions.is_promised(rejected(), case("POST", "/timers", {"extend": "-5m"}), answer(400, PAST))


def test_a_timer_is_cancelled_whatever_the_body_if_it_is_no_object():
    cancelled, running = ({"timer": {"status": status}} for status in ("cancelled", "running"))

    def is_promised(body, said, failure=None):
        return exemptions.is_promised(failure or accepted(), case("DELETE", "/timers/{id}", body), answer(200, said))

    assert is_promised([1], cancelled)
    assert not is_promised([1], running)
    assert not is_promised({"reason": 5}, cancelled)
    assert not is_promised([1], cancelled, rejected())


def test_of_a_batch_each_timer_that_breaks_the_document_is_to_be_refused():
    timers = [{"duration": "1h"}, {"duration": "1h", "name": 5}]
    given = case("POST", "/timers/batch", {"timers": timers}, GenerationMode.NEGATIVE)

    def judge(*statuses):
        results = {"results": [{"status": status} for status in statuses]}
        exemptions.timers_of_a_batch_are_judged_one_by_one(answer(200, results), given)
        return exemptions.is_promised(accepted(), given, answer(200, results))

    assert judge(201, 400)
    for wrong in ([201, 201], [400, 201], [201, 500]):
        with pytest.raises(AssertionError, match=r"timers\[1\] breaks its schema"):
            judge(*wrong)
    given.body = {"timers": [{"duration": "1h"}] * 101}
    assert not exemptions.is_promised(accepted(), given, answer(200, {"results": [{"status": 201}] * 101}))
    given.body = {"timers": [{"duration": "1h"}], "more": 1}
    assert not judge(201)


def test_of_a_valid_batch_each_timer_is_to_be_created():
    given = case("POST", "/timers/batch", {"timers": [{"duration": "1h"}]})

    def judge(status):
        exemptions.timers_of_a_batch_are_judged_one_by_one(answer(200, {"results": [{"status": status}]}), given)

    judge(201)
    judge(409)
    for wrong in (400, 500):
        with pytest.raises(AssertionError, match=r"timers\[0\] is valid"):
            judge(wrong)


def test_what_was_deleted_is_gone_save_its_history():
    def is_promised(path, said):
        return exemptions.is_promised(used_after_free(), case("GET", path), answer(200, said))

    assert is_promised("/webhooks/{id}/stats", {})
    assert is_promised("/webhooks/{id}/deliveries", {})
    assert not is_promised("/webhooks/{id}", {})
    assert is_promised("/timers/{id}", {"timer": {"status": "cancelled"}})
    assert not is_promised("/timers/{id}", {"timer": {"status": "running"}})
    assert not exemptions.is_promised(rejected(), case("GET", "/webhooks/{id}/stats"), answer(400, {}))


def test_the_path_of_batches_takes_what_a_timers_path_takes_and_nothing_else():
    def is_promised(failure, path="/timers/batch"):
        return exemptions.is_promised(failure, case("OPTIONS", path), answer(405, {}))

    assert is_promised(allows("GET", "PATCH", "DELETE"))
    assert not is_promised(allows("GET", "PATCH", "DELETE", "PUT"))
    assert not is_promised(allows("GET", "PATCH", "DELETE", missing=["POST"]))
    assert not is_promised(allows("GET", "PATCH", "DELETE"), "/timers")


@pytest.mark.parametrize(
    "body",
    [
        {"duration": 1, "name": "n", "events": {"on_progress": {"intervals": ["50%", 25, "0.5%"]}}},
        {"duration": "2h", "events": {"on_progress": {"intervals": ["-30m"]}, "on_expire": None}},
        {"extend": "-5m", "metadata": {"duration": "soon", "expiresAt": "1970-01-01T00:00:00Z"}},
        {"name": 5, "duration": [], "expiresAt": 7, "events": "*", "headers": []},
        {"events": ["*"], "headers": {"X-One": "1"}, "url": "https://a.example/"},
        {"timers": [{"duration": "1h"}, None, 5]},
    ],
)
def test_a_request_that_keeps_the_rules_stays_as_it_is(body):
    assert rules.kept(body) == body


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (
            {"duration": "15m", "events": {"on_progress": {"intervals": ["-30m"]}}},
            {"duration": 1_860_000, "events": {"on_progress": {"intervals": ["-30m"]}}},
        ),
        ({"duration": "soon"}, {"duration": "2h"}),
        ({"headers": {"X-A": "1", "x-a": "2", "TE": "x"}}, {"headers": {"X-A": "1"}}),
        ({"message": "é" * 4_096}, {"message": "é" * 2_048}),
    ],
)
def test_a_request_that_breaks_a_rule_is_made_to_keep_it(body, kept):
    assert rules.kept(body) == kept


@pytest.mark.parametrize(
    ("value", "millis"),
    [
        *((15, 15), ("90000", 90_000), ("6h30m", 23_400_000), ("1w 2d", 777_600_000), ("1.5H", 5_400_000)),
        *(("PT15M", 900_000), ("P1DT1S", 86_401_000), ("-30m", -1_800_000), ("+5ms", 5), ("480.0s", 480_000)),
        *(("", None), ("soon", None), ("1h?", None), ("P1Y", None), ("1.2.3h", None), (True, None), (None, None)),
    ],
)
def test_lengths_are_read_as_the_service_reads_them(value, millis):
    assert lengths.millis(value) == millis
