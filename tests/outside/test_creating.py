"""Contract section 2: POST /timers, its fields and their limits."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from api import faults, refused, succeeded
from instants import iso, millis, now
from shapes import check_timer

WEBHOOK = "https://hooks.example.com/expired"


def test_a_new_timer_is_whole_and_begins_now(api):
    before = now()
    answer = succeeded(api.post("/timers", {"duration": "90m"}), 201)
    assert set(answer) == {"success", "timer", "usage"}
    timer = check_timer(answer["timer"])
    assert before - 1 <= timer["startTime"] <= now()
    assert timer["createdAt"] == timer["updatedAt"] == iso(timer["startTime"])
    assert (timer["status"], timer["duration"], timer["timeRemaining"]) == ("running", 5_400_000, 5_400_000)
    assert (timer["progress"], timer["percentComplete"], timer["metadata"], timer["events"]) == (0, 0, {}, {})
    assert timer["id"].startswith("timer_")
    assert timer["name"] == timer["id"]
    assert api.timer(timer)["id"] == timer["id"]


def test_ids_sort_by_time(api):
    made = []
    while len(made) < 20:
        timer = api.create()
        if not made or timer["createdAt"] > made[-1]["createdAt"]:
            made.append(timer)
    assert [timer["id"] for timer in made] == sorted(timer["id"] for timer in made)


def test_a_timer_moves_on(api):
    timer = api.create("1h")
    seen = api.timer(timer)
    while seen["timeRemaining"] == timer["timeRemaining"]:
        seen = api.timer(timer)
    check_timer(seen)
    assert seen["timeRemaining"] <= seen["endTime"] - now() + 1000
    assert seen["updatedAt"] == timer["updatedAt"]


NAMES = [
    "n",
    "n" * 256,
    "日本語のタイマー",
    "🍅" * 256,
    "a\u0301" * 128,
    "\u0000",
    "\u202e",
    'quote " and \\',
    "a\nb",
    "null",
]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:16])
def test_a_name_is_any_text_of_up_to_256_characters(api, name):
    timer = api.create(name=name)
    assert timer["name"] == api.timer(timer)["name"] == name


@pytest.mark.parametrize("field", ["name", "agent_id", "agentId", "team", "scenario", "organizationId", "projectId"])
@pytest.mark.parametrize("value", ["n" * 257, "🍅" * 257, 5, True, [], {}, 0], ids=lambda value: repr(value)[:8])
def test_longer_names_and_labels_and_other_kinds_are_refused(api, field, value):
    problem = refused(api.post("/timers", {"duration": "1h", field: value}), 400, "INVALID_REQUEST")
    assert faults(problem) == [field]


@pytest.mark.parametrize("chosen", ["a", "A-b_C-9", "x" * 48, "0", "-", "_", "timer_1", "batch"])
def test_a_caller_may_choose_the_id(api, chosen):
    timer = api.create(id=chosen)
    assert timer["id"] == timer["name"] == chosen
    assert api.timer(timer)["id"] == chosen
    assert api.change(timer, name="renamed")["name"] == "renamed"
    assert api.pause(timer)["status"] == "paused"
    assert api.cancel(timer)["status"] == "cancelled"


@pytest.mark.parametrize("chosen", ["", "x" * 49, "a b", "a.b", "a/b", "é", "💥", "a\n", "a:b", "#", 5, [], True])
def test_any_other_id_is_refused(api, chosen):
    problem = refused(api.post("/timers", {"duration": "1h", "id": chosen}), 400, "INVALID_REQUEST")
    assert faults(problem) == ["id"]


def test_a_taken_id_is_a_conflict_and_never_an_overwrite(api):
    first = api.create(id="taken", name="first")
    refused(api.post("/timers", {"duration": "2h", "id": "taken", "name": "second"}), 409, "CONFLICT")
    assert (api.timer(first)["name"], api.timer(first)["endTime"]) == ("first", first["endTime"])
    api.cancel(first)
    refused(api.post("/timers", {"duration": "2h", "id": "taken"}), 409, "CONFLICT")
    assert api.timer(first)["status"] == "cancelled"


def test_an_id_taken_in_one_mode_is_free_in_the_other(api):
    test = api.test_mode()
    live = api.create(id="both", name="live")
    assert test.create(id="both", name="test")["name"] == "test"
    assert api.timer(live)["name"] == "live"


def test_of_many_who_want_one_id_exactly_one_gets_it(api):
    def create(number):
        return api.post("/timers", {"duration": "1h", "id": "wanted", "name": str(number)})

    with ThreadPoolExecutor(20) as pool:
        responses = list(pool.map(create, range(60)))
    [winner] = [response for response in responses if response.status_code == 201]
    for loser in responses:
        if loser is not winner:
            refused(loser, 409, "CONFLICT")
    assert api.timer({"id": "wanted"})["name"] == winner.json()["timer"]["name"]


def test_labels_come_back_when_set_and_only_then(api):
    labels = {"team": "t", "scenario": "s", "organizationId": "o", "projectId": "p"}
    timer = api.create(agent_id="a" * 256, **labels)
    assert {**labels, "agentId": "a" * 256}.items() <= timer.items()
    assert "agent_id" not in timer
    assert not {"agentId", *labels} & set(api.create())


# Written out, because a dict would not keep a number's spelling.
GIVEN = (
    '{"z":1,"a":1.0,"m":1e2,"n":-0,"big":18446744073709551616,"long":0.1000000000000000055511151231257827,'
    '"E":1E-7,"2":"two","1":"one","":null,"__proto__":{"x":1},"$serde_json::private::Number":"1",'
    '"text":"é💥\\u2028","list":[1,1.0,[],{}],"no":false}'
)


@pytest.mark.parametrize(
    "place", ['"metadata":%s', '"events":{"on_expire":{"data":%s}}', '"events":{"on_cancel":{"data":%s}}']
)
def test_metadata_and_data_come_back_exactly_as_given(api, place):
    member = place % GIVEN
    response = api.post("/timers", '{"duration":"1h",' + member + "}")
    timer = succeeded(response, 201)["timer"]
    member = member.replace("\\u2028", "\u2028")
    assert member in response.text
    assert member in api.get(f"/timers/{timer['id']}").text
    assert member in api.get("/timers?limit=1").text


def test_of_duplicate_keys_the_last_counts(api):
    body = '{"duration":"1h","duration":"2h","metadata":{"a":1,"b":2,"a":3},"name":"x","name":"y"}'
    timer = succeeded(api.post("/timers", body), 201)["timer"]
    assert (timer["duration"], timer["name"], timer["metadata"]) == (7_200_000, "y", {"a": 3, "b": 2})


@pytest.mark.parametrize("metadata", [[], "text", 5, True, [{}]])
def test_metadata_is_an_object(api, metadata):
    problem = refused(api.post("/timers", {"duration": "1h", "metadata": metadata}), 400, "INVALID_REQUEST")
    assert faults(problem) == ["metadata"]


def nested(levels, opening='{"a":', inner="0", closing="}"):
    return opening * levels + inner + closing * levels


PLACES = {
    "metadata": '{"duration":"1h","metadata":%s}',
    "events.on_expire.data": '{"duration":"1h","events":{"on_expire":{"data":%s}}}',
    "events.on_progress.data": '{"duration":"1h","events":{"on_progress":{"intervals":["50%%"],"data":%s}}}',
    "events.on_cancel.data": '{"duration":"1h","events":{"on_cancel":{"data":%s}}}',
    "data": '{"duration":"1h","data":%s}',
}
EACH_PLACE = pytest.mark.parametrize("path", PLACES)


@EACH_PLACE
def test_data_may_nest_32_levels_and_no_more(api, path):
    succeeded(api.post("/timers", PLACES[path] % nested(32)), 201)
    succeeded(api.post("/timers", PLACES[path] % ('{"a":' + nested(31, "[", "0", "]") + "}")), 201)
    problem = refused(api.post("/timers", PLACES[path] % nested(33)), 400, "INVALID_REQUEST")
    assert faults(problem) == [path]
    refused(api.post("/timers", PLACES[path] % ('{"a":' + nested(32, "[", "0", "]") + "}")), 400)


@EACH_PLACE
def test_a_number_that_no_double_holds_is_refused(api, path):
    succeeded(api.post("/timers", PLACES[path] % '{"x":1.7976931348623157e308,"y":5e-324,"z":1e-400}'), 201)
    for number in ("1e400", "-1e309", "1" * 400):
        refused(api.post("/timers", PLACES[path] % ('{"x":' + number + "}")), 400, "INVALID_REQUEST")


def sized(size):
    """A JSON object of exactly so many bytes."""
    return '{"a":"' + "x" * (size - len('{"a":""}')) + '"}'


@EACH_PLACE
def test_data_may_have_32_kib(api, path):
    succeeded(api.post("/timers", PLACES[path] % sized(32 * 1024)), 201)
    refused(api.post("/timers", PLACES[path] % sized(32 * 1024 + 1)), 413, "PAYLOAD_TOO_LARGE")


def test_all_data_and_metadata_count_together(api):
    body = (
        '{"duration":"1h","metadata":%s,"events":{"on_expire":{"data":%s},'
        '"on_progress":{"intervals":["50%%"],"data":%s},"on_cancel":{"data":%s}}}'
    )
    quarter = sized(8 * 1024)
    succeeded(api.post("/timers", body % (quarter, quarter, quarter, quarter)), 201)
    refused(api.post("/timers", body % (sized(8 * 1024 + 1), quarter, quarter, quarter)), 413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("event", ["on_expire", "on_cancel"])
def test_no_body_may_grow_beyond_96_kib(api, event):
    # 1e20 is written 100000000000000000000: what is within 32 KiB as received grows fivefold in the form that is sent.
    data = '{"a":[' + ",".join(["1e20"] * 6000) + "]}"
    assert len(data) < 32 * 1024
    body = '{"duration":"1h","events":{"%s":{"webhook":"%s","data":%s}}}' % (event, WEBHOOK, data)  # noqa: UP031
    refused(api.post("/timers", body), 413, "PAYLOAD_TOO_LARGE")


def test_a_message_may_have_4_kib(api):
    for message in ("m" * 4096, "é" * 2048):
        succeeded(api.post("/timers", {"duration": "1h", "events": {"on_expire": {"message": message}}}), 201)
    for event in ("on_expire", "on_progress", "on_cancel"):
        for message in ("m" * 4097, "é" * 2049, 5, {}):
            action = {"message": message} | ({"intervals": ["50%"]} if event == "on_progress" else {})
            problem = refused(
                api.post("/timers", {"duration": "1h", "events": {event: action}}), 400, "INVALID_REQUEST"
            )
            assert faults(problem) == [f"events.{event}.message"]


def test_a_timer_may_have_no_events_or_no_webhooks(api):
    for events in ({}, {"on_expire": {}}, {"on_cancel": {}}, {"on_progress": {"intervals": ["50%"]}}):
        assert api.create(events=events)["events"] == events


@pytest.mark.parametrize("events", [[], "on_expire", 5, {"on_expire": []}, {"on_expire": "https://example.com/"}])
def test_events_are_objects(api, events):
    refused(api.post("/timers", {"duration": "1h", "events": events}), 400, "INVALID_REQUEST")


SHORTHANDS = [
    ({"webhook": WEBHOOK}, {"webhook": WEBHOOK}),
    ({"callback": WEBHOOK}, {"webhook": WEBHOOK}),
    ({"webhook": WEBHOOK, "message": "m", "data": {"a": 1}}, {"webhook": WEBHOOK, "message": "m", "data": {"a": 1}}),
    ({"message": "m"}, {"message": "m"}),
    ({"webhook": WEBHOOK, "events": {"on_expire": {"webhook": WEBHOOK + "/own"}}}, {"webhook": WEBHOOK + "/own"}),
    ({"callback": WEBHOOK, "events": {"on_expire": {"webhook": WEBHOOK + "/own"}}}, {"webhook": WEBHOOK + "/own"}),
    ({"message": "m", "events": {"on_expire": {"message": "own"}}}, {"message": "own"}),
    ({"data": {"a": 1}, "events": {"on_expire": {"data": {"b": 2}}}}, {"data": {"b": 2}}),
    ({"message": "m", "events": {"on_expire": {"webhook": WEBHOOK}}}, {"webhook": WEBHOOK, "message": "m"}),
]


@pytest.mark.parametrize(("given", "on_expire"), SHORTHANDS, ids=[json.dumps(given)[:60] for given, _ in SHORTHANDS])
def test_a_shorthand_stands_for_a_field_of_on_expire(api, given, on_expire):
    timer = api.create(**given)
    assert timer["events"] == {"on_expire": on_expire}
    assert not {"webhook", "callback", "message", "data"} & set(timer)


@pytest.mark.parametrize("event", ["on_expire", "on_progress", "on_cancel"])
@pytest.mark.parametrize("format", ["xml", "", "JSON", "Slack", 5, []], ids=repr)
def test_an_unknown_format_is_refused(api, event, format):
    action = {"format": format} | ({"intervals": ["50%"]} if event == "on_progress" else {})
    problem = refused(api.post("/timers", {"duration": "1h", "events": {event: action}}), 400, "INVALID_REQUEST")
    assert faults(problem) == [f"events.{event}.format"]


INTERVALS = [
    ["25%", "50%", "75%"],
    [25, 50.5, "75.25%"],
    ["-30m", "-1ms", "-59m59s999ms", "-PT10M"],
    [f"{percent}%" for percent in range(1, 21)],
    ["99.99%", "0.01%"],
    ["50%", "50%", 50, "-30m"],
]


@pytest.mark.parametrize("intervals", INTERVALS, ids=lambda intervals: str(intervals)[:40])
def test_intervals_are_shares_or_times_before_the_end(api, intervals):
    timer = api.create("1h", events={"on_progress": {"intervals": intervals}})
    assert timer["events"]["on_progress"]["intervals"] == intervals


BAD_INTERVALS = [
    *(
        "0%",
        "100%",
        "101%",
        "-5%",
        0,
        100,
        250,
        -25,
        "-1h",
        "-2h",
        "-0s",
        "soon",
        "",
        "%",
        "50%%",
        "30m",
        None,
        True,
        [],
        {},
    ),
]


@pytest.mark.parametrize("interval", BAD_INTERVALS, ids=repr)
def test_an_interval_outside_the_timer_or_unreadable_is_refused(api, interval):
    body = {"duration": "1h", "events": {"on_progress": {"intervals": ["50%", interval]}}}
    problem = refused(api.post("/timers", body), 400, "INVALID_REQUEST")
    [path] = faults(problem)
    assert path.startswith("events.on_progress.intervals")


@pytest.mark.parametrize(
    "intervals", ["50%", 50, {}, [f"{percent}%" for percent in range(1, 22)]], ids=lambda x: str(x)[:8]
)
def test_at_most_20_intervals_in_a_list(api, intervals):
    problem = refused(api.post("/timers", {"duration": "1h", "events": {"on_progress": {"intervals": intervals}}}), 400)
    assert faults(problem) == ["events.on_progress.intervals"]


def with_headers(api, headers, event="on_expire"):
    action = {"webhook": WEBHOOK, "headers": headers} | ({"intervals": ["50%"]} if event == "on_progress" else {})
    return api.post("/timers", {"duration": "1h", "events": {event: action}})


def test_a_caller_may_have_20_headers_of_4_kib_together(api):
    succeeded(with_headers(api, {f"x-{n:02}": "v" for n in range(20)}), 201)
    succeeded(with_headers(api, {"Authorization": "Bearer " + "t" * 4000, "X-Empty": "", "x_y.z~!": "a\tb c"}), 201)
    for headers in (
        {f"x-{n:02}": "v" for n in range(21)},
        {"x-long": "v" * 4096},
        {f"x-{n}": "v" * 500 for n in range(9)},
    ):
        refused(with_headers(api, headers), 400, "INVALID_REQUEST")


RESERVED = [
    *("Content-Type", "Content-Length", "User-Agent", "Host", "webhook-id", "webhook-timestamp", "webhook-signature"),
    *("X-MINOOTS-Signature", "X-MINOOTS-Attempt", "X-MINOOTS-Event", "X-MINOOTS-Delivery"),
    *("X-Webhook-Signature", "X-Webhook-Timestamp", "X-Webhook-ID", "X-Webhook-Event"),
    *("Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer"),
    *("Transfer-Encoding", "Upgrade"),
]


@pytest.mark.parametrize("name", RESERVED)
def test_a_header_that_the_service_or_the_connection_sets_is_refused(api, name):
    for spelling in (name, name.lower(), name.upper()):
        for event in ("on_expire", "on_progress", "on_cancel"):
            [path] = faults(refused(with_headers(api, {spelling: "x"}, event), 400, "INVALID_REQUEST"))
            assert path.startswith(f"events.{event}.headers")


INJECTIONS = [
    *(
        {"x": "a\r\nEvil: 1"},
        {"x": "a\nb"},
        {"x": "a\rb"},
        {"x": "a\0b"},
        {"x": "\n"},
        {"x\r\nEvil": "1"},
        {"x\n": "1"},
    ),
    *({"x\0": "1"}, {"": "1"}, {"a b": "1"}, {"a:b": "1"}, {"é": "1"}, {":path": "1"}, {"x ": "1"}),
    *({"x": 5}, {"x": None}, {"x": ["a"]}, {"x": True}, [], "x: y", 5),
]


@pytest.mark.parametrize("headers", INJECTIONS, ids=lambda headers: repr(headers)[:24])
def test_a_header_that_could_smuggle_or_is_no_text_is_refused(api, headers):
    [path] = faults(refused(with_headers(api, headers), 400, "INVALID_REQUEST"))
    assert path.startswith("events.on_expire.headers")


def test_an_account_without_a_limit_is_told_so_and_nothing_is_counted(api):
    answer = succeeded(api.post("/timers", {"duration": "1h"}), 201)
    assert answer["usage"] == {"concurrent": {"limit": -1, "remaining": -1}}


def test_a_limit_of_concurrent_timers_is_kept_and_told(start_server):
    api = start_server("--max-timers", "3").api
    for current in (1, 2, 3):
        answer = succeeded(api.post("/timers", {"duration": "1h", "id": f"t{current}"}), 201)
        assert answer["usage"] == {"concurrent": {"limit": 3, "current": current, "remaining": 3 - current}}
    refused(api.post("/timers", {"duration": "1h"}), 429, "QUOTA_EXCEEDED")
    api.pause({"id": "t1"})
    refused(api.post("/timers", {"duration": "1h"}), 429, "QUOTA_EXCEEDED")
    api.cancel({"id": "t2"})
    api.create()
    refused(api.post("/timers", {"duration": "1h"}), 429, "QUOTA_EXCEEDED")
    api.fire({"id": "t3"})
    api.create()
    refused(api.post("/timers", {"duration": "1h"}), 429, "QUOTA_EXCEEDED")
    assert len(api.timers()) == 5


def test_many_at_once_do_not_get_past_the_limit(start_server):
    api = start_server("--max-timers", "10").api
    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(lambda _: api.post("/timers", {"duration": "1h"}).status_code, range(60)))
    assert (codes.count(201), codes.count(429)) == (10, 50)
    assert len(api.timers()) == 10


def test_a_timer_that_has_expired_no_longer_counts(start_server):
    api = start_server("--max-timers", "1").api
    timer = api.create("200ms")
    refused(api.post("/timers", {"duration": "1h"}), 429, "QUOTA_EXCEEDED")
    end = millis(timer["expiresAt"])
    while now() < end + 500 and api.timer(timer)["status"] == "running":
        pass
    api.create()


def test_all_of_unicode_in_a_body_may_be_escaped(api):
    body = '{"duration":"1h","name":"\\u00e9\\ud83d\\udca5\\n","metadata":{"\\u006bey":"\\/"}}'
    timer = succeeded(api.post("/timers", body), 201)["timer"]
    assert (timer["name"], timer["metadata"]) == ("é💥\n", {"key": "/"})
