"""What the server asks of the operating system for its process."""

import re
from pathlib import Path

WANTED = 65_536


def test_as_many_files_may_be_open_as_the_system_allows(server):
    limits = Path(f"/proc/{server.process.pid}/limits").read_text()
    soft, hard = re.search(r"^Max open files +(\S+) +(\S+)", limits, re.MULTILINE).groups()
    assert int(soft) >= min(WANTED, WANTED if hard == "unlimited" else int(hard))


def test_huge_pages_are_off(server):
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    assert re.search(r"^THP_enabled:\s*0$", status, re.MULTILINE), status
