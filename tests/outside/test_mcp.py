"""`minoots mcp`, as an AI agent's client calls it: the official Python client, and lines of JSON."""

import asyncio
import json
import subprocess
import time

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from command import Cli
from minoots import BINARY

TOOLS = ["create_timer", "list_timers", "get_timer", "change_timer", "cancel_timer", "wait_for_timer"]


@pytest.fixture
def cli(server, tmp_path):
    return Cli(tmp_path, server)


@pytest.fixture
def as_client(cli):
    """Runs what a client does in a session."""

    def run(act):
        async def session():
            server = StdioServerParameters(command=str(BINARY), args=["mcp"], env=cli.environment)
            async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
                told = await session.initialize()
                return await act(session, told)

        return asyncio.run(asyncio.wait_for(session(), 30))

    return run


async def done(session, tool, **arguments):
    """What a tool returned, which is said as text as well."""
    result = await session.call_tool(tool, arguments)
    assert not is_error(result), result
    structured = structured_of(result)
    assert json.loads(result.content[0].text) == structured
    return structured


def is_error(result):
    return getattr(result, "is_error", None) or getattr(result, "isError", None)


def structured_of(result):
    return getattr(result, "structured_content", None) or getattr(result, "structuredContent", None)


def test_an_agent_is_told_what_there_is_and_what_it_is_for(as_client):
    async def act(session, told):
        tools = (await session.list_tools()).tools
        return told, tools

    told, tools = as_client(act)
    info = getattr(told, "server_info", None) or told.serverInfo
    assert info.name == "minoots"
    assert "wait_for_timer" in told.instructions
    assert [tool.name for tool in tools] == TOOLS
    assert all(len(tool.description) > 20 for tool in tools)


def test_an_agent_sets_sees_moves_and_ends_a_timer(as_client, api, team):
    async def act(session, _):
        timer = (await done(session, "create_timer", duration="1h", name="build", team=team, metadata={"n": 1}))[
            "timer"
        ]
        assert (timer["name"], timer["duration"], timer["metadata"]) == ("build", 3_600_000, {"n": 1})
        id = timer["id"]
        assert (await done(session, "list_timers", team=team, status="running"))["timers"][0]["id"] == id
        assert (await done(session, "change_timer", id=id, extend="30m"))["timer"]["duration"] == 5_400_000
        assert (await done(session, "change_timer", id=id, paused=True))["timer"]["status"] == "paused"
        changed = await done(session, "change_timer", id=id, paused=False, name="renamed")
        assert (changed["timer"]["status"], changed["timer"]["name"]) == ("running", "renamed")
        ended = await done(session, "cancel_timer", id=id, reason="done early")
        assert (ended["timer"]["status"], ended["timer"]["reason"]) == ("cancelled", "done early")
        return await done(session, "get_timer", id=id)

    found = as_client(act)
    assert found["timer"]["status"] == "cancelled"
    assert found["deliveries"] == []


def test_an_agent_waits_until_a_timer_ends_and_is_told_how_far_it_is(as_client):
    progress = []

    async def note(at, total, message):
        progress.append((at, total, message))

    async def act(session, _):
        timer = (await done(session, "create_timer", duration="1500ms"))["timer"]
        begun = time.monotonic()
        arguments = {"id": timer["id"], "timeout": "20s"}
        result = await session.call_tool("wait_for_timer", arguments, progress_callback=note)
        return structured_of(result), time.monotonic() - begun

    result, took = as_client(act)
    assert (result["ended"], result["timer"]["status"]) == (True, "expired")
    assert 1 < took < 5
    assert len(progress) >= 2
    assert [at for at, _, _ in progress] == sorted({at for at, _, _ in progress}), "progress rises"
    assert all(total == 20 and "left" in message for _, total, message in progress)


def test_waiting_ends_with_its_own_time_and_with_a_cancellation(as_client, api):
    async def act(session, _):
        id = (await done(session, "create_timer", duration="1h"))["timer"]["id"]
        begun = time.monotonic()
        waited = await done(session, "wait_for_timer", id=id, timeout="300ms")
        assert (waited["ended"], waited["timer"]["status"]) == (False, "running")
        assert time.monotonic() - begun < 3
        waiting = asyncio.create_task(done(session, "wait_for_timer", id=id, timeout="20s"))
        await done(session, "cancel_timer", id=id)
        return await waiting

    assert as_client(act)["timer"]["status"] == "cancelled"


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("get_timer", {"id": "timer_nowhere"}, "TIMER_NOT_FOUND"),
        ("create_timer", {"duration": "soon"}, "is not a duration"),
        ("create_timer", {"length": "1h"}, "it takes"),
        ("create_timer", {}, "INVALID_DURATION"),
        ("get_timer", {}, "id is required"),
        ("wait_for_timer", {"id": "x", "timeout": "soon"}, "timeout"),
    ],
    ids=str,
)
def test_an_agent_is_told_what_was_wrong_so_that_it_can_mend_it(as_client, tool, arguments, said):
    async def act(session, _):
        return await session.call_tool(tool, arguments)

    result = as_client(act)
    assert is_error(result)
    assert said in result.content[0].text


def lines(cli, *messages):
    """Sends these lines and gives those that were answered, by their id."""
    process = subprocess.Popen(
        [BINARY, "mcp"],
        cwd=cli.folder,
        env=cli.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    expected = {message["id"] for message in messages if "id" in message}
    answers = {}
    try:
        for message in messages:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            process.stdin.flush()
        while expected - answers.keys():
            answer = json.loads(process.stdout.readline())
            assert answer["jsonrpc"] == "2.0"
            if "id" in answer:
                answers[answer["id"]] = answer
        process.stdin.close()
        assert process.wait(10) == 0, "it ends when its client goes"
        assert process.stdout.read() == "", "nothing but the protocol is on standard output"
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
    return answers


HELLO = [
    {
        "id": 0,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "lines", "version": "1"},
        },
    },
    {"method": "notifications/initialized"},
]


def test_it_speaks_lines_of_json(cli):
    create = {"name": "create_timer", "arguments": {"duration": "PT15M", "name": "Grüße"}}
    answers = lines(cli, *HELLO, {"id": 1, "method": "tools/call", "params": create}, {"id": 2, "method": "tools/list"})
    assert answers[0]["result"]["protocolVersion"] == "2025-06-18"
    assert answers[1]["result"]["structuredContent"]["timer"]["name"] == "Grüße"
    schemas = {tool["name"]: tool["inputSchema"] for tool in answers[2]["result"]["tools"]}
    assert list(schemas) == TOOLS
    assert schemas["wait_for_timer"]["required"] == ["id"]


def test_an_unknown_tool_is_an_error_of_the_protocol(cli):
    answers = lines(cli, *HELLO, {"id": 1, "method": "tools/call", "params": {"name": "nothing"}})
    assert answers[1]["error"]["code"] == -32602


def test_two_calls_run_beside_each_other(cli, api):
    timer = api.create("1s")
    wait = {"name": "wait_for_timer", "arguments": {"id": timer["id"], "timeout": "20s"}}
    get = {"name": "get_timer", "arguments": {"id": timer["id"]}}
    call = "tools/call"
    answers = lines(cli, *HELLO, {"id": 1, "method": call, "params": wait}, {"id": 2, "method": call, "params": get})
    assert list(answers) == [0, 2, 1], "the wait holds nothing up"


def test_a_client_that_goes_at_once_is_no_error(cli):
    assert cli("mcp", stdin="") == ""


def test_without_a_key_it_says_what_is_missing(tmp_path):
    assert "there is no API key" in Cli(tmp_path).fails(3, "mcp")
