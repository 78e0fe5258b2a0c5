"""The code in docs/testing.md runs as printed, and its commands are all that there are in docs/cli.md."""

import os
import re
import subprocess
import sys

import pytest

from command import Cli
from documents import blocks
from minoots import ROOT

GUIDE = ROOT / "docs/testing.md"
EXAMPLES = [block for block in blocks() if block.path == GUIDE and block.language in ("javascript", "python")]


def test_the_guide_to_testing_has_an_example_in_each_language():
    assert sorted(block.language for block in EXAMPLES) == ["javascript", "python"]


@pytest.mark.parametrize("block", EXAMPLES, ids=str)
@pytest.mark.parametrize("speed", ["0", "1"])
def test_an_example_of_the_guide_to_testing_passes(start_server, tmp_path, block, speed):
    server = start_server("--speed", speed)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/minoots").symlink_to(ROOT / "clients/js")
    commands = {
        "javascript": ["node", "--test", "test.mjs"],
        "python": [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test.py"],
    }
    command = commands[block.language]
    (tmp_path / command[-1]).write_text(block.text)
    environment = os.environ | {
        "MINOOTS_BASE_URL": server.url,
        "MINOOTS_API_KEY": server.key,
        "PYTHONPATH": str(ROOT / "clients/python/src"),
    }
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert re.search(r"pass 1\b|1 passed", said), said


def test_every_command_is_in_the_guide_to_the_command_line(tmp_path):
    """With the names of all that `--help` lists, so that a new command can't be forgotten."""
    guide = (ROOT / "docs/cli.md").read_text()
    cli = Cli(tmp_path)
    missing = []
    for noun in commands_of(cli):
        below = commands_of(cli, noun) if noun in ("timers", "webhooks", "events", "deliveries", "keys") else [""]
        missing += [f"minoots {noun} {verb}".strip() for verb in below if f"minoots {noun} {verb}".strip() not in guide]
    assert missing == ["minoots mcp"], "each is explained there; mcp has a guide of its own"


def commands_of(cli, *noun):
    listed = re.search(r"^Commands:\n((?:  .*\n)+)", cli(*noun, "--help"), re.MULTILINE)[1]
    return [line.split()[0] for line in listed.splitlines() if not line.startswith("  help")]
