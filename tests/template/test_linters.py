"""What the linters of others say: about the template as it is written, and about what SAM makes of it."""

import json
import re
import subprocess

import pytest

from sam import ROOT, TEMPLATE, template
from tools import CHECKOV, run

SKIPS = ROOT / ".checkov.yaml"


@pytest.fixture(scope="module")
def expanded(tmp_path_factory):
    path = tmp_path_factory.mktemp("expanded") / "template.json"
    path.write_text(json.dumps(template().expanded, default=str, indent=1))
    return path


def test_sam_finds_the_template_valid():
    assert "is a valid SAM Template" in run("sam", "validate", "--lint", "--template", TEMPLATE)


@pytest.mark.parametrize("form", ["as it is written", "as SAM expands it"])
def test_cfn_lint_finds_nothing(form, expanded):
    run("cfn-lint", TEMPLATE if form == "as it is written" else expanded)


@pytest.mark.parametrize("form", ["as it is written", "as SAM expands it"])
def test_checkov_finds_nothing_but_what_is_left_out_for_a_reason(form, expanded, tmp_path):
    path = TEMPLATE if form == "as it is written" else expanded
    # In another folder, where it doesn't find the list of what to leave out.
    found = subprocess.run(
        [CHECKOV, "-f", path, "--framework", "cloudformation", "-o", "json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    results = json.loads(found.stdout)["results"]
    failed = {check["check_id"] for check in results["failed_checks"]}
    assert results["parsing_errors"] == []
    assert len(results["passed_checks"]) > 30, "checkov read the template"
    assert failed == left_out().keys(), (
        f"not left out: {failed - left_out().keys()}, not needed: {left_out().keys() - failed}"
    )


def test_everything_left_out_says_why():
    assert all(len(reason) > 30 for reason in left_out().values()), left_out()


def left_out():
    return dict(re.findall(r"^  - (CKV\w+)(?: # (.+))?$", SKIPS.read_text(), re.MULTILINE))
