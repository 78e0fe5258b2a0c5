"""What the documents and the server itself tell a newcomer to type does what they say."""

import json
import os
import re
import signal
import subprocess

import pytest
import requests
from requests.structures import CaseInsensitiveDict

from documents import OTHER_SHELLS, README, blocks
from minoots import BINARY, ROOT, free_port
from verifiers import ALL, Received
from waiting import until

BASH = [block for block in blocks() if block.language == "bash"]
COMMANDS = [block for block in BASH if not block.says_why_it_is_not_run]
SERVING = [block for block in COMMANDS if block.serves]
CALLING = [block for block in COMMANDS if not block.serves]


def test_readme_starts_the_server_with_the_command_that_needs_rust_only():
    assert README.exists(), "README.md is missing: it is where a newcomer begins"
    texts = [block.text for block in SERVING if block.path == README]
    assert any("cargo run --release -- dev" in text for text in texts), f"README starts the server otherwise: {texts}"
    assert any(block.path == README for block in CALLING), "README shows how the API is called"


def test_commands_of_all_documents_are_in_blocks_that_are_run():
    unlabelled = [str(block) for block in blocks() if not block.language]
    assert unlabelled == [], "a block says its language, `text` if it has none"
    assert [str(block) for block in blocks() if block.language in OTHER_SHELLS] == [], "commands are in `bash` blocks"


def test_commands_that_are_not_run_name_files_that_exist():
    named = [name for block in BASH if block.says_why_it_is_not_run for name in block.names]
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("block", CALLING, ids=str)
def test_commands_work_as_printed(stage, block):
    assert not re.search(r"make test|pytest", block.text), f"{block} would run this test: <!-- not run: REASON -->"
    done = bash(stage, on_port(stage, block.text, stage.server.port), capture_output=True, timeout=300)
    assert done.returncode == 0, f"{block} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    refusal = re.search(r'.*"success":\s*false.*', done.stdout)
    assert refusal is None, f"{block} is refused: {refusal[0]}"


@pytest.mark.parametrize("block", SERVING, ids=str)
def test_command_serves_as_printed(stage, block, tmp_path):
    port = free_port()
    inherited = {name: value for name, value in stage.environment.items() if not name.startswith("MINOOTS_")}
    stage.environment = inherited | {"MINOOTS_PORT": str(port), "MINOOTS_DATA_DIR": str(tmp_path / "data")}
    script = re.sub(r"--data-dir[ =]\S+", f"--data-dir {tmp_path / 'data'}", on_port(stage, block.text, port))
    output = tmp_path / "served.txt"
    with output.open("w") as file:
        # A group of its own, so that what the command starts ends with it.
        process = bash(stage, script, run=subprocess.Popen, stdout=file, stderr=file, start_new_session=True)
    try:
        url = f"http://127.0.0.1:{port}"
        # `cargo run` and `make` compile first where that has not been done.
        until(lambda: is_healthy(url) or process.poll() is not None, within=900, promise=f"{block} serves on {url}")
        assert process.poll() is None, f"{block} ended:\n{output.read_text()}"
        until(lambda: "curl " in output.read_text(), within=5, promise="the server prints what a newcomer can try")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
    until(lambda: not is_healthy(url), within=25, promise=f"{block} ends upon SIGTERM")


def bash(stage, script, *, run=subprocess.run, **options):
    """Runs the commands in the repository's root, failing at the first that fails."""
    environment = stage.environment | {"PATH": f"{BINARY.parent}:{stage.environment['PATH']}"}
    command = ["bash", "-euo", "pipefail", "-c", script]
    return run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, text=True, **options)


def on_port(stage, text, port):
    """The text with the stage's addresses and key, and the server on another port than a newcomer's."""
    return re.sub(r"\b3001\b", str(port), stage.put_on(text))


def is_healthy(url):
    try:
        return requests.get(f"{url}/health", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def test_the_curl_line_that_the_server_prints_brings_a_signed_webhook_to_its_inbox_within_five_seconds(server):
    create = printed_command(server)
    timer = answer_of(create)["timer"]
    [request] = until(
        lambda: server.api.get("/inbox").json()["requests"],
        within=5,
        promise=f"a webhook is in the inbox after {create}",
    )
    assert (request["method"], request["path"]) == ("POST", "/inbox")
    delivery = Received(CaseInsensitiveDict(request["headers"]), request["body"].encode())
    assert json.loads(delivery.body)["event"] == "timer_expired"
    assert json.loads(delivery.body)["timer"]["id"] == timer["id"]
    for library in ALL:
        assert delivery.answer(library, server.api.webhook_secret()) is True


@pytest.mark.parametrize("key", ["mnt_live_chosen-by-the-operator", "it's$HOME`ls`\\"])
def test_the_printed_curl_line_works_with_any_key_that_the_operator_may_choose(start_server, key):
    server = start_server("--api-key", key)
    assert answer_of(printed_command(server))["success"] is True


def printed_command(server):
    """The line that the server prints to make a timer with."""
    [create] = re.findall(r"^\s*(curl .*)$", server.said(), re.MULTILINE)
    return create


def answer_of(command):
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=10)
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    answer = json.loads(done.stdout)
    assert answer["success"] is True, f"{command}\n{answer}"
    return answer


def test_cargo_run_compiles_no_crate_of_the_aws_sdk():
    command = ["cargo", "tree", "-p", "minoots", "-e", "normal,build", "--locked", "--prefix", "none"]
    tree = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert tree.returncode == 0, tree.stderr
    crates = {line.split()[0] for line in tree.stdout.splitlines() if line}
    assert {"minoots", "minoots-shared", "minoots-embedded"} <= crates
    assert [crate for crate in crates if crate.startswith("aws-")] == []
