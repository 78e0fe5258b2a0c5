"""Contract sections 1 and 2: lists of timers, their filters, pages and limits."""

import pytest

from api import query, refused, succeeded
from instants import millis
from shapes import check_timer


def fill(api, team, count):
    """So many timers of a team, made 100 at a time."""
    made = []
    for start in range(0, count, 100):
        batch = [{"duration": "1h", "team": team, "name": str(n)} for n in range(start, min(start + 100, count))]
        results = succeeded(api.post("/timers/batch", {"timers": batch}))["results"]
        made += [result["timer"] for result in results]
    return made


def page(api, **parameters):
    return succeeded(api.get("/timers?" + query(parameters)))


def test_a_list_is_newest_first(api, team):
    made = [api.create(team=team)["id"] for _ in range(5)]
    assert [timer["id"] for timer in api.timers(team=team)] == made[::-1]


def test_a_listed_timer_is_a_whole_timer(api, team, receiver):
    timer = api.create(team=team, metadata={"a": 1}, events={"on_expire": {"webhook": receiver.url}})
    [listed] = page(api, team=team)["timers"]
    check_timer(listed)
    changes = ("timeRemaining", "progress", "percentComplete")
    assert {k: v for k, v in listed.items() if k not in changes} == {k: v for k, v in timer.items() if k not in changes}


def test_nothing_found_is_an_empty_list(api, team):
    assert page(api, team=team) == {"success": True, "timers": [], "count": 0}


@pytest.mark.parametrize(
    ("limit", "given"),
    [(None, 50), (1, 1), (7, 7), (100, 100), (101, 100), (1_000_000, 100), (10**30, 100)],
    ids=lambda value: str(value)[:8],
)
def test_a_page_has_the_limit_or_50_and_at_most_100(api, limit, given):
    fill(api, f"paged {limit}", 105)
    answer = page(api, team=f"paged {limit}", **({} if limit is None else {"limit": limit}))
    assert (len(answer["timers"]), answer["count"]) == (given, given)
    assert answer["nextCursor"]


def test_the_last_page_has_no_cursor_and_counts_itself(api, team):
    fill(api, team, 7)
    first = page(api, team=team, limit=4)
    last = page(api, team=team, limit=4, cursor=first["nextCursor"])
    assert (first["count"], last["count"]) == (4, 3)
    assert "nextCursor" not in last


@pytest.mark.parametrize("limit", ["0", "-1", "-100", "many", "1.5", "", "0x10", "1e1", "٣"])
def test_a_limit_below_1_or_no_number_is_refused(api, limit):
    refused(api.get("/timers?" + query({"limit": limit})), 400, "INVALID_REQUEST")


@pytest.mark.parametrize("cursor", ["x", "AAAA", "e30", "..", "💥", "9" * 500, "%00"], ids=lambda text: text[:5])
def test_an_unreadable_cursor_is_refused(api, cursor):
    refused(api.get("/timers?" + query({"cursor": cursor})), 400, "INVALID_REQUEST")


def test_a_cursor_with_another_letter_is_refused_or_leads_to_a_page_but_never_breaks_the_server(api, team):
    fill(api, team, 3)
    cursor = page(api, team=team, limit=1)["nextCursor"]
    for at in range(len(cursor)):
        bent = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
        response = api.get("/timers?" + query({"team": team, "cursor": bent}))
        assert response.status_code in (200, 400), f"cursor {bent} of {cursor}: {response.text}"


@pytest.mark.parametrize("status", ["sleeping", "Running", "EXPIRED", "running,paused", " "])
def test_an_unknown_status_is_refused(api, status):
    refused(api.get("/timers?" + query({"status": status})), 400, "INVALID_REQUEST")


def test_pages_visit_every_timer_exactly_once(api, team):
    made = [timer["id"] for timer in fill(api, team, 230)]
    seen, cursor = [], {}
    while True:
        answer = page(api, team=team, limit=23, **cursor)
        seen += answer["timers"]
        if "nextCursor" not in answer:
            break
        cursor = {"cursor": answer["nextCursor"]}
    assert sorted(timer["id"] for timer in seen) == sorted(made)
    times = [millis(timer["createdAt"]) for timer in seen]
    assert times == sorted(times, reverse=True)


def test_pages_stay_stable_while_timers_come_and_change(api, team):
    before = fill(api, team, 60)
    seen, cursor, turn = [], {}, 0
    while True:
        answer = page(api, team=team, limit=9, **cursor)
        seen += [timer["id"] for timer in answer["timers"]]
        if "nextCursor" not in answer:
            break
        cursor = {"cursor": answer["nextCursor"]}
        fill(api, team, 5)
        api.cancel(before[turn])
        api.pause(before[-turn - 1])
        api.change(before[30], extend="1m")
        turn += 1
    assert turn >= 5
    assert len(seen) == len(set(seen))
    assert set(seen) >= {timer["id"] for timer in before}


@pytest.mark.parametrize("status", ["running", "paused", "expired", "cancelled"])
def test_a_status_filters(api, team, status):
    running, paused, expired, cancelled = (timer["id"] for timer in fill(api, team, 4))
    api.pause({"id": paused})
    api.fire({"id": expired})
    api.cancel({"id": cancelled})
    wanted = {"running": running, "paused": paused, "expired": expired, "cancelled": cancelled}[status]
    found = api.timers(team=team, status=status)
    assert [(timer["id"], timer["status"]) for timer in found] == [(wanted, status)]


def test_a_filter_by_status_goes_over_pages_too(api, team):
    made = fill(api, team, 40)
    for timer in made[::2]:
        api.cancel(timer)
    seen, cursor = [], {}
    while True:
        answer = page(api, team=team, status="cancelled", limit=3, **cursor)
        seen += [timer["id"] for timer in answer["timers"]]
        if "nextCursor" not in answer:
            break
        cursor = {"cursor": answer["nextCursor"]}
    assert sorted(seen) == sorted(timer["id"] for timer in made[::2])


LABELS = ["agent_id", "team", "scenario", "organizationId", "projectId"]


@pytest.mark.parametrize("label", LABELS)
def test_each_label_filters(api, team, label):
    mine = api.create(**{label: f"{team} a"})
    api.create(**{label: f"{team} b"})
    api.create(name=f"{team} a")
    assert [timer["id"] for timer in api.timers(**{label: f"{team} a"})] == [mine["id"]]


def test_labels_filter_together(api, team):
    both = api.create(team=team, scenario="s", agent_id="a")
    api.create(team=team, scenario="t", agent_id="a")
    api.create(team=team, agent_id="a")
    found = api.timers(team=team, scenario="s", agentId="a", status="running")
    assert [timer["id"] for timer in found] == [both["id"]]


@pytest.mark.parametrize("given", ["agent_id", "agentId"])
@pytest.mark.parametrize("asked", ["agent_id", "agentId"])
def test_an_agent_is_found_by_either_spelling(api, team, given, asked):
    timer = api.create(**{given: team})
    assert timer["agentId"] == team
    assert [found["id"] for found in api.timers(**{asked: team})] == [timer["id"]]


@pytest.mark.parametrize("label", ["Zürich & Köln", "日本語", "a=b&c=d", "50%", "💥", "#general", " blanks ", "'\"\\"])
def test_labels_are_any_text(api, label):
    timer = api.create(team=label)
    assert [found["id"] for found in api.timers(team=label)] == [timer["id"]]


def test_a_filter_takes_the_whole_label_only(api, team):
    api.create(team=team)
    for other in (team[:-1], team + "x", team.upper(), "*", "%"):
        assert api.timers(team=other) == []
