"""What the documents claim of tests and dependencies is so."""

import re
import tomllib

import pytest
from bugs import ATTEMPT_NUMBERED, BUGS, HELPERS, RECEIVES

from minoots import ROOT

RELIABILITY = (ROOT / "RELIABILITY.md").read_text(encoding="utf-8")
NAMED = re.findall(r"\[`(\w+)`\]\(([^)]+)\)", RELIABILITY)
DOCUMENTS = [ROOT / name for name in ("RELIABILITY.md", "SECURITY.md", "ARCHITECTURE.md", "README.md")]


def test_each_promise_has_its_test():
    rows = [line for line in RELIABILITY.splitlines() if line.startswith("| ") and "| ---" not in line]
    promises = [row.split(" | ") for row in rows if not row.startswith("| promise |")]
    assert len(promises) > 20
    without = [promise for promise, _, shown, *_ in promises if not re.search(r"\[`\w+`\]\(", shown)]
    assert without == []


@pytest.mark.parametrize(("name", "path"), NAMED, ids=[name for name, _ in NAMED])
def test_the_named_test_exists(name, path):
    text = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"\b(?:def|fn) {name}\(", text), f"RELIABILITY.md names {name}, which is not in {path}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_link_leads_to_a_file_and_its_heading(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = document.parent / path if path else document
        assert linked.exists(), f"{document.name} leads to {target}, which is not there"
        if anchor:
            assert anchor in _anchors(linked.read_text(encoding="utf-8")), f"{document.name} leads to {target}"


def _anchors(text):
    """The anchors of headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_each_dependency_has_its_reason_and_each_reason_its_dependency():
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    used = {name for name in manifest["workspace"]["dependencies"] if not name.startswith("minoots-")}
    architecture = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = architecture.split("## Dependencies")[1].split("| --- | --- |")[1].split("\n\n")[0]
    named = [row.split("|")[1] for row in table.strip().splitlines()]
    # "rustls with ring": the words in between are no crates, and ring is no direct dependency.
    words = {word for cell in named for word in re.findall(r"[a-z][a-z0-9_-]+", cell)}
    assert sorted(used - words) == [], "without a reason in ARCHITECTURE.md"
    assert sorted(words - used - {"with", "ring", "tests"}) == [], "no dependency, and yet given a reason"


def test_every_member_forbids_unsafe_code():
    root = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    assert root["workspace"]["lints"]["rust"]["unsafe_code"] == "forbid"
    members = [ROOT / member / "Cargo.toml" for member in root["workspace"]["members"]]
    lax = [
        str(path) for path in members if tomllib.loads(path.read_text()).get("lints", {}).get("workspace") is not True
    ]
    assert lax == []


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_that_is_planted_still_has_its_place(bug):
    file, replacements = BUGS[bug]
    helpers = [{"receives": RECEIVES, "attempt_numbered": ATTEMPT_NUMBERED}[helper] for helper in HELPERS.get(bug, [])]
    texts = {}
    for path, text, instead in [*helpers, *((file, *replacement) for replacement in replacements)]:
        code = texts.setdefault(path, (ROOT / path).read_text(encoding="utf-8"))
        assert code.count(text) == 1, f"{path} has {code.count(text)} times, not once, what this bug replaces:\n{text}"
        texts[path] = code.replace(text, instead)
