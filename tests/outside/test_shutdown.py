"""How `minoots dev` ends and begins again."""

import signal
import socket
import threading
import time

import pytest
import requests

from api import Api, refused, succeeded
from minoots import refuses_to_start
from misbehaving import answers_when, hangs
from waiting import until


def refuses_connections(server):
    try:
        response = requests.get(f"{server.url}/health", timeout=5)
    except requests.ConnectionError:
        return True
    return response.status_code == 503


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=lambda stop: stop.name)
def test_an_idle_server_ends_at_once_with_0(start_server, stop):
    server = start_server()
    server.api.create()
    begun = time.monotonic()
    server.stop(stop)
    assert time.monotonic() - begun < 2


HALF = {
    "nothing": b"",
    "half a line": b"GET /ti",
    "half a head": b"GET /timers HTTP/1.1\r\nHost:",
    "a whole request": b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "one and a half": b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /ti",
}


@pytest.mark.parametrize("sent", HALF.values(), ids=HALF)
def test_a_connection_on_which_no_request_is_under_way_holds_nothing_up(start_server, sent):
    server = start_server()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(sent)
        # What was sent before is accepted before: this one's answer says that the other one is there.
        assert server.is_healthy()
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 3


def test_a_request_that_does_not_end_is_not_waited_for_beyond_20_seconds(start_server):
    server = start_server()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        head = f"POST /timers HTTP/1.1\r\nHost: x\r\nx-api-key: {server.key}\r\nContent-Length: 99\r\n\r\n"
        connection.sendall(head.encode())
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 21


def test_a_running_attempt_is_let_end_while_nothing_new_is_taken(start_server, misbehaving):
    server, done = start_server(), threading.Event()
    receiver = misbehaving(answers_when(done))
    timer = server.api.fire(server.api.create(webhook=receiver.url))
    server.api.delivery(timer, "SENDING")
    process = server.process
    process.send_signal(signal.SIGTERM)
    until(lambda: refuses_connections(server), within=2, promise="no request is taken after SIGTERM")
    assert process.poll() is None, "it waits for the running attempt"
    done.set()
    assert process.wait(3) == 0
    server.process = None
    server.start()
    delivery = server.api.delivery(timer)
    assert (delivery["status"], delivery["attempts"], delivery["responseCode"]) == ("SUCCESS", 1, 200)
    assert receiver.count == 1


def test_an_attempt_that_does_not_end_is_not_waited_for_beyond_20_seconds_and_is_not_lost(start_server, misbehaving):
    server = start_server()
    receiver = misbehaving(hangs)
    timer = server.api.fire(server.api.create(webhook=receiver.url))
    server.api.delivery(timer, "SENDING")
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 21
    server.start()
    until(lambda: receiver.count == 2, within=8, promise="the attempt that was cut off is made again")


def test_what_falls_due_while_the_server_is_down_is_told_when_it_is_back(start_server, receiver):
    server = start_server()
    events = {
        "on_expire": {"webhook": receiver.url},
        "on_progress": {"webhook": receiver.url, "intervals": ["50%"]},
    }
    timer = server.api.create("1s", events=events)
    server.stop()
    until(lambda: time.time() * 1000 > timer["endTime"] + 100, promise="the timer falls due")
    assert receiver.hits == []
    server.start()
    assert {hit.event for hit in receiver.wait(2)} == {"timer_progress", "timer_expired"}
    assert receiver.one(event="timer_expired").json["timer"]["endTime"] == timer["endTime"]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_key_secret_and_timers_stay_the_same(start_server, end):
    server = start_server()
    key, secret = server.key, server.api.webhook_secret()
    running, paused, cancelled = (server.api.create(name=name) for name in ("running", "paused", "cancelled"))
    paused, cancelled = server.api.pause(paused), server.api.cancel(cancelled)
    getattr(server, end)()
    server.start()
    assert (server.key, server.api.webhook_secret()) == (key, secret)
    assert server.api.timer(running)["endTime"] == running["endTime"]
    assert server.api.timer(paused) == paused
    assert server.api.timer(cancelled) == cancelled
    assert len(server.api.timers()) == 3


def test_a_second_server_on_the_same_data_is_refused_and_says_why(start_server):
    server = start_server()
    timer = server.api.create()
    code, said = refuses_to_start("--port", "0", "--data-dir", str(server.folder / "data"))
    assert code not in (0, 101), "an error, no panic"
    assert str(server.folder / "data") in said
    assert "panicked" not in said
    assert server.api.timer(timer)["status"] == "running"
    assert server.is_healthy()


def test_a_taken_port_is_refused_and_says_so(start_server, tmp_path):
    server = start_server()
    code, said = refuses_to_start("--port", str(server.port), "--data-dir", str(tmp_path / "data"))
    assert code not in (0, 101), "an error, no panic"
    assert str(server.port) in said
    assert "panicked" not in said
    assert server.is_healthy()


def test_a_data_folder_that_cannot_be_is_refused_and_says_so(tmp_path):
    (tmp_path / "file").write_text("no folder")
    code, said = refuses_to_start("--port", "0", "--data-dir", str(tmp_path / "file"))
    assert code not in (0, 101)
    assert str(tmp_path / "file") in said
    assert "panicked" not in said


def test_the_data_folder_lets_nobody_else_in(start_server):
    server = start_server()
    for path in [server.folder / "data", *(server.folder / "data").rglob("*")]:
        mode = path.stat().st_mode
        parent_is_closed = (server.folder / "data").stat().st_mode & 0o077 == 0
        assert parent_is_closed or mode & 0o077 == 0, f"{path} holds secrets and is readable by others: {mode:o}"


def test_a_key_of_another_server_opens_nothing(server, start_server):
    refused(Api(server.url, start_server().key).get("/timers"), 401, "INVALID_API_KEY")
    succeeded(server.api.get("/timers"))
