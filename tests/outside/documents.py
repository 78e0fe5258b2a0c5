"""The commands in README.md and docs/: which there are, and which say why a test can't run them."""

import re
from dataclasses import dataclass
from pathlib import Path

from minoots import ROOT

README = ROOT / "README.md"
NOT_RUN = re.compile(r"\s*<!-- not run: \S.* -->\s*")
# A command in a block by one of these names would escape the test, so it has to be called bash.
OTHER_SHELLS = {"console", "shell", "sh", "shell-session", "zsh"}


@dataclass(frozen=True)
class Block:
    """A fenced block, with the line above it."""

    path: Path
    line: int
    language: str
    above: str
    text: str

    def __str__(self):
        return f"{self.path.relative_to(ROOT)}:{self.line}"

    @property
    def says_why_it_is_not_run(self):
        return NOT_RUN.fullmatch(self.above) is not None

    @property
    def serves(self):
        """Whether it ends in a server that goes on until it is told to stop."""
        return re.search(r"^\s*(make dev|(cargo run\b.* |\S*minoots )dev)\b", self.text, re.MULTILINE) is not None

    @property
    def names(self):
        """The files of the repository that its commands name."""
        return re.findall(r"(?<!\S)[\w-][\w.-]*(?:/[\w.-]+)+(?!\S)", self.text)


def blocks():
    """All fenced blocks of the documents that there are."""
    paths = [README, *sorted((ROOT / "docs").glob("**/*.md"))]
    return [block for path in paths if path.exists() for block in _blocks(path)]


def _blocks(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    start = None
    for number, line in enumerate(lines):
        if not (fence := re.fullmatch(r"\s*(```+)([\w-]*).*", line)):
            continue
        if start is None:
            start, language = number, fence[2]
        else:
            above = lines[start - 1] if start else ""
            text = "\n".join(lines[start + 1 : number]) + "\n"
            yield Block(path, start + 1, language, above, text)
            start = None
    assert start is None, f"{path}:{start + 1} opens a block that is never closed"
