"""The clients of clients/: their own tests against this server, their packages, and the examples of their READMEs."""

import json
import os
import re
import subprocess
import sys
import zipfile

import pytest

from documents import blocks
from endpoints import Endpoints
from minoots import ROOT
from seeds import Sample
from stage import NODE, Stage, listener

JS, PYTHON = ROOT / "clients/js", ROOT / "clients/python"
EXAMPLES = [block for block in blocks() if block.path in (JS / "README.md", PYTHON / "README.md")]


def run(command, folder, **settings):
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", **settings}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    said = done.stdout + done.stderr
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{said[-20_000:]}"
    return said


def test_javascript_clients_own_tests_pass_against_this_server(server):
    said = run(["node", "--test", "test/"], JS, MINOOTS_BASE_URL=server.url, MINOOTS_API_KEY=server.key)
    assert int(re.search(r"^[#ℹ] pass (\d+)$", said, re.MULTILINE)[1]) > 70
    for nothing in ("fail", "skipped", "todo"):
        assert re.search(rf"^[#ℹ] {nothing} 0$", said, re.MULTILINE), said


def test_python_clients_own_tests_pass_against_this_server(server):
    path = f"{PYTHON / 'src'}{os.pathsep}{PYTHON / 'tests'}"
    command = [sys.executable, "-W", "error", "-m", "unittest", "discover", "-s", "tests"]
    said = run(command, PYTHON, PYTHONPATH=path, MINOOTS_BASE_URL=server.url, MINOOTS_API_KEY=server.key)
    assert int(re.search(r"^Ran (\d+) tests", said, re.MULTILINE)[1]) > 50
    assert "skipped" not in said


def test_javascript_client_keeps_what_its_types_say_and_uses_nothing_that_browsers_lack():
    run([NODE / "node_modules/.bin/tsc", "-p", JS], JS)


def test_javascript_package_holds_what_is_imported_and_depends_on_nothing():
    [package] = json.loads(run(["npm", "pack", "--dry-run", "--json"], JS))
    files = {file["path"] for file in package["files"]}
    sources = {str(path.relative_to(JS)) for path in (JS / "src").glob("*.js")}
    assert files == {"package.json", "README.md", "LICENSE-MIT", "LICENSE-APACHE", "index.js", "index.d.ts", *sources}
    described = json.loads((JS / "package.json").read_text())
    assert not described.keys() & {"dependencies", "peerDependencies", "optionalDependencies"}
    assert (described["name"], described["engines"]) == ("minoots", {"node": ">=18"})


def test_python_package_holds_its_types_and_licences_and_depends_on_nothing(tmp_path):
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    run([*pip, "--wheel-dir", tmp_path, PYTHON], tmp_path)
    [wheel] = tmp_path.glob("minoots-*.whl")
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
        [metadata] = [files.read(name).decode() for name in names if name.endswith("METADATA")]
    modules = {f"minoots/{path.name}" for path in (PYTHON / "src/minoots").glob("*.py")}
    assert modules | {"minoots/py.typed"} <= set(names)
    assert len([name for name in names if "LICENSE" in name]) == 2
    assert re.search(r"^Requires-Python: >=3\.9$", metadata, re.MULTILINE)
    assert "Requires-Dist" not in metadata
    # The wheel alone is enough.
    run([sys.executable, "-c", "import minoots"], tmp_path, PYTHONPATH=str(wheel))


@pytest.fixture
def at_home(server, receiver, tmp_path):
    """A stage where `minoots` can be imported as if it were installed."""
    stage = Stage(tmp_path, server, receiver)
    (stage.folder / "node_modules").mkdir()
    (stage.folder / "node_modules/minoots").symlink_to(JS)
    stage.environment["PYTHONPATH"] = str(PYTHON / "src")
    return stage


def examples(serving):
    """The READMEs' code, which either ends by itself or serves."""
    code = [block for block in EXAMPLES if block.language in ("javascript", "python")]
    assert {block.path for block in code} == {JS / "README.md", PYTHON / "README.md"}
    return [block for block in code if (":3000" in block.text or "3000)" in block.text) == serving]


def sample(block):
    return Sample("README", str(block), block.language, block.text)


@pytest.mark.parametrize("block", examples(serving=False), ids=str)
def test_example_of_a_readme_runs_as_printed(at_home, block):
    said = at_home.run(sample(block))
    assert "not sent" not in said


@pytest.mark.parametrize("block", examples(serving=True), ids=str)
def test_receiver_of_a_readme_takes_webhooks_with_its_secret_only(at_home, family, block):
    port, address = listener()
    own_port = {".listen(3000)": f".listen({port}, '127.0.0.1')", "port=3000": f"port={port}"}
    text = block.text
    for printed, used in own_port.items():
        text = text.replace(printed, used)
    endpoints = Endpoints(at_home.api)
    webhook = endpoints.create(f"{address}/webhooks", events=[f"{family}.happened"], maxRetries=0)
    timers = at_home.api.webhook_secret()
    for secret, answer in ((webhook["secret"], 200), (timers, 401)):
        at_home.environment["WEBHOOK_SECRET"] = secret
        with at_home.serving(Sample("README", str(block), block.language, text), port) as read:
            assert endpoints.verdict(webhook, endpoints.send(f"{family}.happened", {"text": "Grüße 🚀"})) == answer
            assert (f"{family}.happened as del_" in read()) == (answer == 200)
            timer = at_home.api.fire(at_home.api.create(webhook=f"{address}/webhooks"))
            assert at_home.verdict(timer) == (200 if secret == timers else 401)


def test_a_timers_life_is_the_same_in_both_languages(at_home):
    """What one client makes the other one reads."""
    create = "import {{ minoots }} from 'minoots'; console.log((await minoots.timers.create({})).id);"
    made = at_home.run(Sample("", "create", "javascript", create.format("{ duration: '6h30m', name: 'both' }")))
    read = (
        "from minoots import minoots\ntimer = next(iter(minoots.timers.list()))\nprint(timer['id'], timer['duration'])"
    )
    assert at_home.run(Sample("", "read", "python", read)) == f"{made.strip()} 23400000\n"
