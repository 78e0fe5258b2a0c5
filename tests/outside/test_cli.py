"""The command line against a server: in a pipe, data goes to standard output and everything else to standard error."""

import json
import re
import subprocess

import pytest

from command import Cli, without_colours
from endpoints import Endpoints
from minoots import BINARY, free_port

NOUNS = ["timers", "webhooks", "events", "deliveries", "keys", "listen", "trigger", "verify", "bench", "mcp", "cost"]


@pytest.fixture
def cli(server, tmp_path):
    return Cli(tmp_path, server)


def created(cli, *arguments):
    """The id that a creation prints: nothing else is on standard output, so that scripts can take it."""
    printed = cli("timers", "create", *arguments)
    assert re.fullmatch(r"\S+\n", printed), printed
    return printed.strip()


def test_a_timer_is_created_as_the_options_say(cli, api):
    id = created(
        cli, "6h30m", "--name", "Grüße 🚀", "--id", "chosen-by-cli", "--webhook", "http://127.0.0.1:9/hook",
        "--message", "Too long!", "--data", '{"z":1,"a":1.0}', "--header", "X-Own: a: b", "--progress", "50%,-1m",
        "--agent-id", "agent", "--team", "team", "--scenario", "s", "--organization-id", "o", "--project-id", "p",
        "--metadata", '{"m":[1]}',
    )  # fmt: skip
    timer = api.timer({"id": id})
    target = {"webhook": "http://127.0.0.1:9/hook", "headers": {"X-Own": "a: b"}}
    assert timer["events"] == {
        "on_progress": {**target, "intervals": ["50%", "-1m"]},
        "on_expire": {**target, "message": "Too long!", "data": {"z": 1, "a": 1.0}},
    }
    assert (id, timer["name"], timer["duration"]) == ("chosen-by-cli", "Grüße 🚀", 23_400_000)
    assert [timer[name] for name in ("agentId", "team", "scenario", "organizationId", "projectId")] == [
        "agent",
        "team",
        "s",
        "o",
        "p",
    ]
    assert timer["metadata"] == {"m": [1]}


def test_a_timer_is_created_until_an_instant_and_from_a_file(cli, api, tmp_path):
    id = created(cli, "--until", "2027-01-01T00:00:00Z")
    assert api.timer({"id": id})["expiresAt"] == "2027-01-01T00:00:00.000Z"
    (tmp_path / "timer.json").write_text('{"duration":"5m","name":"from a file"}')
    assert api.timer({"id": created(cli, "--body", "timer.json")})["name"] == "from a file"
    id = cli("timers", "create", "--body", "-", stdin='{"duration":"5m","name":"from a pipe"}').strip()
    assert api.timer({"id": id})["name"] == "from a pipe"


def test_json_is_the_servers_answer_as_it_is(cli, api):
    answer = json.loads(cli("timers", "create", "1h", "--json"))
    assert answer["success"] is True
    id = answer["timer"]["id"]
    assert json.loads(cli("timers", "get", id, "--json"))["timer"]["id"] == id
    assert json.loads(cli("timers", "list", "--json", "--limit", "1"))["count"] == 1
    assert json.loads(cli("timers", "cancel", "--json", id))["timer"]["status"] == "cancelled"
    assert json.loads(cli("webhooks", "list", "--json"))["success"] is True
    assert json.loads(cli("keys", "list", "--json"))["success"] is True


def test_a_timer_is_paused_resumed_extended_fired_and_cancelled(cli, api):
    id = created(cli, "1h")
    assert cli("timers", "pause", id).split() == [id, "paused"]
    assert cli("timers", "resume", id).split()[:2] == [id, "running"]
    cli("timers", "extend", id, "15m")
    assert api.timer({"id": id})["duration"] == pytest.approx(4_500_000, abs=5_000)
    cli("timers", "extend", id, "-30m")
    assert api.timer({"id": id})["duration"] == pytest.approx(2_700_000, abs=5_000)
    assert cli("timers", "fire", id).split()[:2] == [id, "expired"]
    others = [created(cli, "1h") for _ in range(2)]
    assert cli("timers", "cancel", *others, "--reason", "done early").count("cancelled") == 2
    assert "done early" in cli("timers", "get", others[0])


def test_lists_are_filtered_and_say_when_there_is_more(cli, team):
    ids = [created(cli, "1h", "--team", team) for _ in range(3)]
    done = cli.run("timers", "list", "--team", team, "--limit", "2")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["ID", ids[2], ids[1]]
    [cursor] = re.findall(r"--cursor (\S+)", done.stderr)
    rest = cli("timers", "list", "--team", team, "--cursor", cursor)
    assert [line.split()[0] for line in rest.splitlines()] == ["ID", ids[0]]
    assert cli("timers", "list", "--team", team, "--status", "paused").splitlines()[1:] == []


def test_watch_follows_timers_to_their_end(cli):
    ids = [created(cli, duration, "--name", "watched") for duration in ("1s", "1500ms")]
    done = cli.run("timers", "watch", *ids)
    assert done.returncode == 0
    assert [line.split() for line in done.stdout.splitlines()] == [[id, "expired", "watched"] for id in ids]
    assert re.search(r"running\s+\d+%", done.stderr)
    assert "\x1b" not in done.stdout + done.stderr


def test_watch_ends_with_a_code_of_its_own_for_a_cancelled_timer_and_when_the_time_is_up(cli, api):
    id = created(cli, "1h")
    assert "has not ended" in cli.fails(8, "timers", "watch", id, "--timeout", "300ms")
    api.cancel({"id": id})
    assert f"{id} was cancelled" in cli.fails(7, "timers", "watch", id)


def test_create_and_watch_in_one(cli):
    assert cli("timers", "create", "500ms", "--watch", "--name", "short").split()[1:] == [
        cli("timers", "list", "--limit", "1").splitlines()[1].split()[0],
        "expired",
        "short",
    ]


def test_watch_shows_bars_in_a_terminal(cli):
    id = created(cli, "1500ms", "--name", "on screen")
    shown, code = cli.in_terminal("timers", "watch", id)
    assert code == 0
    assert "█" in shown
    assert "\x1b[" in shown
    assert re.search(r"on screen .*\d+%", without_colours(shown))
    assert f"{id}  expired  on screen" in without_colours(shown)


def test_colours_are_for_terminals_and_for_nobody_who_asked_for_none(cli, team):
    created(cli, "1h", "--team", team)
    shown, code = cli.in_terminal("timers", "list", "--team", team)
    assert code == 0
    assert "\x1b[32mrunning\x1b[0m" in shown
    assert "\x1b" not in cli("timers", "list", "--team", team)
    cli.environment["NO_COLOR"] = "1"
    assert "\x1b" not in cli.in_terminal("timers", "list", "--team", team)[0]


def test_names_from_elsewhere_can_not_steer_the_terminal(cli, api):
    timer = api.create(name="\x1b[2J\x1b]0;owned\x07")
    shown, _ = cli.in_terminal("timers", "get", timer["id"])
    assert "\x1b[2J" not in shown
    assert "\x1b]0" not in shown


def test_a_reader_that_has_seen_enough_ends_it_quietly(cli, api):
    for _ in range(3):
        api.create()
    command = f"{BINARY} timers list --json --limit 100 | head -c 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env=cli.environment, capture_output=True, text=True, timeout=20)
    assert done.stdout in ("{0\n", "{141\n")
    assert done.stderr == ""


def test_endpoints_are_made_changed_tested_counted_rotated_and_deleted(cli, api, receiver, family):
    printed = cli(
        "webhooks", "create", f"{receiver.url}/hook", "--events", f"{family}.a,{family}.b", "--header", "X-Own: 1",
        "--max-retries", 0, "--retry-delay", 1, "--timeout", 5, "--description", "for tests", "--name", "CLI",
    )  # fmt: skip
    id, secret = re.search(r"Id\s+(\S+)", printed)[1], re.search(r"Secret\s+(whsec_\S+)", printed)[1]
    webhook = Endpoints(api).get({"id": id})
    assert (webhook["events"], webhook["headers"], webhook["maxRetries"], webhook["timeout"]) == (
        [f"{family}.a", f"{family}.b"],
        {"X-Own": "1"},
        0,
        5,
    )
    assert id in cli("webhooks", "list")
    assert "CLI" in cli("webhooks", "get", id)
    assert re.search(r"Taken\s+yes", cli("webhooks", "test", id))
    event = cli("events", "send", f"{family}.a", "--data", '{"b":1,"a":2}').strip()
    hit = receiver.wait(2)[1]
    assert hit.json["id"] == event
    assert list(hit.json["data"]) == ["b", "a"]
    Endpoints(api).delivery(webhook, "SUCCESS", event={"eventId": event})
    assert re.search(r"Taken\s+1\b", cli("webhooks", "stats", id))
    assert cli("webhooks", "rotate", id, "--overlap", "1h").startswith("whsec_")
    assert cli("webhooks", "rotate", id).strip() != secret
    assert "inactive" in cli("webhooks", "update", id, "--active", "false", "--name", "renamed")
    assert id not in cli("webhooks", "list")
    assert "renamed" in cli("webhooks", "list", "--all")
    cli("webhooks", "delete", id)
    assert "minoots webhooks list" in cli.fails(4, "webhooks", "get", id)


def test_a_test_that_was_not_taken_ends_with_one(cli, start_receiver, family):
    receiver = start_receiver(500)
    printed = cli("webhooks", "create", receiver.url, "--events", f"{family}.x")
    complaint = cli.fails(1, "webhooks", "test", re.search(r"Id\s+(\S+)", printed)[1])
    delivery = re.search(r"minoots deliveries get (\S+)", complaint)[1]
    assert re.search(r"Status\s+FAILED", cli("deliveries", "get", delivery))


def test_deliveries_are_listed_shown_and_sent_again(cli, api, start_receiver, family):
    receiver = start_receiver(500, 200)
    webhook = Endpoints(api).create(receiver.url, [f"{family}.x"], maxRetries=0)
    cli("events", "send", f"{family}.x", "--id", f"{family}-1")
    delivery = Endpoints(api).delivery(webhook, "FAILED")["id"]
    assert "500" in cli("deliveries", "list", "--webhook", webhook["id"], "--status", "FAILED")
    assert "the receiver answered 500" in cli("deliveries", "get", delivery)
    cli("deliveries", "retry", delivery)
    Endpoints(api).delivery(webhook, "SUCCESS")
    assert "0 sent again" in cli("webhooks", "retry-failed", webhook["id"])
    assert re.search(r"failed\s+\d+", cli("webhooks", "queue"))
    timer = api.fire(api.create(webhook=receiver.url))
    api.delivery(timer)
    assert "timer_expired" in cli("deliveries", "list", "--timer", timer["id"])
    assert delivery in cli("deliveries", "list", "--status", "SUCCESS")


def test_keys_are_made_listed_and_revoked(cli, api, server):
    done = cli.run("keys", "create", "--name", "for CI", "--mode", "test")
    key = done.stdout.strip()
    assert key.startswith("mnt_test_")
    assert key not in cli("keys", "list")
    assert "for CI" in cli("keys", "list")
    tests = Cli(cli.folder, server, MINOOTS_TEST_API_KEY=key)
    id = tests("timers", "create", "1h", "--test").strip()
    assert api.get(f"/timers/{id}").status_code == 404
    cli("keys", "revoke", re.search(r"minoots keys revoke (\S+)", done.stderr)[1])
    assert "MINOOTS_API_KEY" in tests.fails(3, "timers", "list", "--test")


def test_the_accounts_secret_is_shown_and_rotated(start_server, tmp_path):
    server = start_server()
    cli = Cli(tmp_path, server)
    before = cli("webhooks", "secret").strip()
    assert before == server.api.webhook_secret()
    after = cli("webhooks", "rotate").strip()
    assert after != before
    assert cli("webhooks", "secret").strip() == after


def test_event_types_are_listed_and_sample_events_sent(cli, api, receiver, family):
    assert "session.started" in cli("webhooks", "events")
    Endpoints(api).create(receiver.url, ["session.started", f"{family}.*"])
    cli("trigger", "session.started")
    cli("trigger", f"{family}.own")
    assert [hit.json["type"] for hit in receiver.wait(2)] == ["session.started", f"{family}.own"]
    assert "minoots webhooks test" in cli.fails(2, "trigger", "webhook.disabled")


@pytest.mark.parametrize("event", ["timer.expired", "timer_cancelled", "timer.progress"])
def test_a_timers_events_are_triggered_by_a_real_timer(cli, receiver, event):
    id = cli("trigger", event, "--webhook", f"{receiver.url}/own").strip()
    hit = receiver.one(event=event.replace(".", "_"))
    assert hit.json["timer"]["id"] == id


def test_bench_says_how_late_and_how_many(cli):
    measured = json.loads(
        cli("bench", "--timers", 150, "--duration", "500ms", "--spread", "500ms", "--json", timeout=60)
    )
    assert (measured["timers"], measured["delivered"], measured["early"], measured["duplicates"]) == (150, 150, 0, 0)
    late = measured["latenessMs"]
    assert 0 <= late["p50"] <= late["p90"] <= late["p99"] <= late["max"]
    assert measured["createdPerSecond"] > 0
    assert measured["deliveredPerSecond"] > 0
    assert re.search(r"Late p99\s+\d+ ms", cli("bench", "--timers", 5, "--duration", "100ms", "--spread", "1ms"))


def test_what_is_not_there_says_what_to_do_next(cli):
    complaint = cli.fails(4, "timers", "get", "timer_nowhere")
    assert complaint.startswith("minoots: ")
    assert "TIMER_NOT_FOUND" in complaint
    assert "minoots timers list" in complaint


def test_every_invalid_field_of_a_refused_request_is_named(cli):
    complaint = cli.fails(5, "timers", "create", "soon", "--webhook", "ftp://x", "--progress", "150%")
    for path in ("duration", "events.on_expire.webhook", "events.on_progress.intervals"):
        assert path in complaint


def test_an_ended_timer_is_refused_and_a_wrong_option_is_usage(cli, api):
    timer = api.fire(api.create())
    assert "INVALID_TIMER_STATUS" in cli.fails(5, "timers", "pause", timer["id"])
    for wrong in (
        ["timers", "create"],
        ["timers", "create", "1h", "--data", "[]"],
        ["nonsense"],
    ):
        cli.fails(2, *wrong)
    assert "nothing to change" in cli.fails(2, "webhooks", "update", "whk_1")


@pytest.mark.parametrize("noun", NOUNS)
def test_every_command_explains_itself_and_has_a_manual_page(cli, noun):
    assert cli(noun, "--help")
    page = cli("man", noun)
    assert page.startswith(".ie") or ".TH" in page
    assert ".SH SYNOPSIS" in page


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands(cli, shell):
    assert "watch" in cli("completions", shell)


def test_bash_takes_the_completions(cli):
    (cli.folder / "completions").write_text(cli("completions", "bash"))
    typed = "COMP_WORDS=(minoots timers w); COMP_CWORD=2; _minoots minoots w timers"
    script = f"source completions; {typed}; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(["bash", "-c", script], cwd=cli.folder, capture_output=True, text=True, timeout=20)
    assert done.stdout.split() == ["watch"], done.stderr


def test_the_manual_page_of_a_command_below_another_is_there(cli):
    assert "extend" in cli("man", "timers", "extend")
    assert "there is no command" in cli.fails(2, "man", "nothing")


def test_listen_prints_what_comes_and_refuses_what_is_not_genuine(cli, api, server):
    with cli.serving("listen", "--port", 0, ready=r"URL\s+(http://\S+)") as listening:
        url = listening.found[1]
        assert api.webhook_secret() in listening.err.read_text()
        timer = api.fire(api.create(webhook=url, name="heard", message="Hello"))
        [line] = listening.lines(1)
        assert line == f"verified  timer_expired  {timer['id']}  heard  Hello  -> 200"
        assert api.delivery(timer)["responseCode"] == 200
        refused = api.with_key(None)
        refused.url = url
        assert refused.post("/", {"event": "timer_expired"}).status_code == 401
        assert listening.lines(2)[1].startswith("REFUSED")
    assert listening.process.returncode == 0


def test_listen_has_an_endpoint_for_as_long_as_it_listens(cli, api, family):
    with cli.serving(
        "listen", "--port", 0, "--events", f"{family}.*", "--json", ready="deleted at the end"
    ) as listening:
        [webhook] = [each for each in Endpoints(api).all() if each["events"] == [f"{family}.*"]]
        cli("trigger", f"{family}.happened")
        heard = json.loads(listening.lines(1)[0])
        assert heard["verified"] is True
        assert json.loads(heard["body"])["type"] == f"{family}.happened"
    assert api.get(f"/webhooks/{webhook['id']}").status_code == 404


def test_listen_hands_on_what_is_genuine_and_answers_what_was_answered(cli, api, start_receiver):
    mine = start_receiver(418, 200)
    arguments = ["listen", "--port", 0, "--forward", f"{mine.url}/hooks", "--count", 1]
    with cli.serving(*arguments, ready=r"URL\s+(http://\S+)") as listening:
        timer = api.fire(api.create(webhook=f"{listening.found[1]}/x?y=1"))
        hit = mine.one()
        assert hit.path == "/hooks/x?y=1"
        assert hit.headers["webhook-signature"]
        # Enough has come: it ends by itself, and its answer has arrived.
        assert listening.process.wait(10) == 0
    assert api.delivery(timer, "RETRYING")["responseCode"] == 418


def test_verify_says_which_signature_is_right(cli, api, receiver, tmp_path):
    api.fire(api.create(webhook=receiver.url))
    hit = receiver.one()
    (tmp_path / "body").write_bytes(hit.body)
    (tmp_path / "headers").write_text("".join(f"{name}: {value}\n" for name, value in hit.headers.items()))
    (tmp_path / "request").write_bytes((tmp_path / "headers").read_bytes() + b"\n" + hit.body)
    secret = ["--secret", api.webhook_secret()]
    captured = ["verify", "--body", "body", "--headers", "headers"]
    assert "webhook-signature: right" in cli(*captured, *secret)
    assert json.loads(cli("verify", "--request", "request", "--json", *secret))["verified"] is True
    assert "not genuine" in cli.fails(1, *captured, "--secret", "another")
    (tmp_path / "body").write_bytes(hit.body + b"\n")
    assert "not genuine" in cli.fails(1, *captured, *secret)
    (tmp_path / "headers").write_text("Host: x\n")
    assert "no signature" in cli.fails(1, *captured, *secret)


def test_listen_in_a_terminal_is_coloured(cli, api):
    port = free_port()
    # Refused until somebody listens, and tried again then.
    api.create("1s", webhook=f"http://127.0.0.1:{port}")
    shown, code = cli.in_terminal("listen", "--port", port, "--count", 1)
    assert code == 0
    assert "\x1b[32mverified\x1b[0m" in shown
