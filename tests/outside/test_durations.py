"""Contract section 2: durations and instants as callers write them."""

import pytest

from api import faults, refused, succeeded
from instants import iso, now

SECOND, MINUTE, HOUR, DAY, WEEK = 1_000, 60_000, 3_600_000, 86_400_000, 604_800_000

READ = [
    # Milliseconds, as a number or as digits.
    (1_500_000, 1_500_000),
    (86_400_000.0, DAY),
    (1e7, 10_000_000),
    (1_000_000.1, 1_000_001),
    ("90000000", 90_000_000),
    ("0090000000", 90_000_000),
    # Terms.
    ("15m", 15 * MINUTE),
    ("6h30m", 6 * HOUR + 30 * MINUTE),
    ("2w", 2 * WEEK),
    ("1w 2d", WEEK + 2 * DAY),
    ("1d2h3m4s5ms", DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND + 5),
    ("3600000ms", HOUR),
    ("1.5h", 90 * MINUTE),
    ("480.0s", 480 * SECOND),
    ("21.6h", 77_760_000),
    ("0.5d 0.5h", 12 * HOUR + 30 * MINUTE),
    ("1H 30M", 90 * MINUTE),
    ("2D", 2 * DAY),
    ("500000MS", 500_000),
    ("  20m  ", 20 * MINUTE),
    ("1 h 30 m", 90 * MINUTE),
    ("1h\t30m", 90 * MINUTE),
    ("30m1h", 90 * MINUTE),
    ("1h1h", 2 * HOUR),
    ("0h15m", 15 * MINUTE),
    # A fraction of a millisecond is rounded up.
    ("1000.0001s", 1_000_001),
    ("1h 0.1ms", HOUR + 1),
    ("0.3h 0.00000001ms", 18 * MINUTE + 1),
    ("1.1h", 66 * MINUTE),
    ("4.35h", 15_660_000),
    # ISO 8601.
    ("PT15M", 15 * MINUTE),
    ("PT1H30M", 90 * MINUTE),
    ("P1DT2H", DAY + 2 * HOUR),
    ("P2W", 2 * WEEK),
    ("P1W2D", WEEK + 2 * DAY),
    ("PT1.5H", 90 * MINUTE),
    ("PT1,5H", 90 * MINUTE),
    ("pt15m", 15 * MINUTE),
    ("PT3600S", HOUR),
    ("PT1000.0001S", 1_000_001),
    # The most.
    ("366d", 366 * DAY),
    (366 * DAY, 366 * DAY),
    ("8784h", 366 * DAY),
    ("P366D", 366 * DAY),
    ("365d 23h 59m 59s 999.1ms", 366 * DAY),
]


@pytest.mark.parametrize(("given", "millis"), READ, ids=[str(given) for given, _ in READ])
def test_a_duration_is_read(api, given, millis):
    timer = api.create(given)
    assert timer["duration"] == millis
    assert timer["endTime"] - timer["startTime"] == millis
    assert timer["expiresAt"] == iso(timer["endTime"])


@pytest.mark.parametrize("given", [1, "1", "1ms", 0.001, "0.0001s", "PT0.001S", "PT0.0001S"], ids=str)
def test_the_shortest_duration_is_a_millisecond(api, given):
    assert api.create(given)["duration"] == 1


REFUSED = [
    *(None, "", " ", "soon", "h", "ms", "1x", "1 hour", "1h30", "30 1h", "1h,30m", "1h-30m", "1..5h"),
    *("5.5", "1_000", "1,000", "1e3", "1e3s", "0x10", "NaN", "Infinity", "1y", "1mo", "1M1Y", "15µs", "１５m", "١٥m"),
    *("15m\0", "15m\n!", "15m;", "--15m", "+-15m", "1h" * 500),
    *("P", "PT", "P1", "PT1", "P1M", "P1Y", "P1Y2M3D", "P0Y15D", "PT1M1H", "PT1D", "P1H", "P1DT", "P 1D"),
    *(0, -1, -0.5, "0", "-1", "0s", "0ms", "0.0h", "-15m", "PT0S", "-PT15M", "P-1D"),
    *(366 * DAY + 1, "367d", "366d 1ms", "366d 0.1ms", "53w", "P367D", 1e300, "9" * 60, "9" * 25 + "w", "1" * 20 + "h"),
    *(True, False, [], ["15m"], {}, {"minutes": 15}),
]


@pytest.mark.parametrize("given", REFUSED, ids=lambda given: repr(given)[:24])
def test_what_is_no_duration_or_out_of_bounds_is_refused(api, given):
    problem = refused(api.post("/timers", {"duration": given}), 400, "INVALID_DURATION")
    assert faults(problem) == ["duration"]


def test_a_timer_needs_a_duration_or_an_end(api):
    assert faults(refused(api.post("/timers", {"name": "endless"}), 400, "INVALID_DURATION")) == ["duration"]


def test_a_duration_and_an_end_together_are_refused(api):
    refused(api.post("/timers", {"duration": "1h", "expiresAt": iso(now() + HOUR)}), 400, "INVALID_DURATION")


@pytest.mark.parametrize(
    "form",
    [
        lambda end: iso(end),
        lambda end: iso(end).replace("Z", "+00:00"),
        lambda end: iso(end + 2 * HOUR).replace("Z", "+02:00"),
        lambda end: iso(end - 5.5 * HOUR).replace("Z", "-05:30"),
        lambda end: iso(end).replace("Z", "000000Z"),
        lambda end: iso(end).lower(),
    ],
    ids=["Z", "+00:00", "+02:00", "-05:30", "nanoseconds", "lower case"],
)
def test_an_end_is_an_rfc_3339_instant(api, form):
    end = int(now() + 3 * HOUR)
    timer = succeeded(api.post("/timers", {"expiresAt": form(end)}), 201)["timer"]
    assert timer["endTime"] == end
    assert timer["expiresAt"] == iso(end)
    assert timer["duration"] == end - timer["startTime"]


def test_an_end_may_be_given_in_whole_seconds(api):
    end = int(now() + HOUR) // 1000 * 1000
    timer = succeeded(api.post("/timers", {"expiresAt": iso(end).replace(".000Z", "Z")}), 201)["timer"]
    assert timer["endTime"] == end


def test_an_end_between_two_milliseconds_is_rounded_up(api):
    end = int(now() + HOUR)
    timer = succeeded(api.post("/timers", {"expiresAt": iso(end).replace("Z", "001Z")}), 201)["timer"]
    assert timer["endTime"] == end + 1


def test_an_end_may_be_366_days_ahead_and_no_further(api):
    nearly = iso(now() + 366 * DAY - MINUTE)
    assert succeeded(api.post("/timers", {"expiresAt": nearly}), 201)["timer"]["expiresAt"] == nearly
    refused(api.post("/timers", {"expiresAt": iso(now() + 366 * DAY + MINUTE)}), 400, "INVALID_DURATION")


BAD_ENDS = [
    *("", "tomorrow", "2099", "2099-01-01", "2099-01-01T00:00:00", "2099-13-01T00:00:00Z", "2027-02-30T00:00:00Z"),
    *(
        "1970-01-01T00:00:00Z",
        "2001-09-09T01:46:40Z",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59Z",
        "+99999-01-01T00:00:00Z",
    ),
    *(4_102_444_800_000, "4102444800000", True, [], {}),
]


@pytest.mark.parametrize("given", BAD_ENDS, ids=str)
def test_what_is_no_instant_in_the_future_is_refused(api, given):
    problem = refused(api.post("/timers", {"expiresAt": given}), 400, "INVALID_DURATION")
    assert faults(problem) == ["expiresAt"]


def test_an_end_just_past_is_refused(api):
    refused(api.post("/timers", {"expiresAt": iso(now() - 1)}), 400, "INVALID_DURATION")
