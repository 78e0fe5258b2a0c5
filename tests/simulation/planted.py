"""Plants bugs into a copy of the code, one at a time, and sees the simulation find each of them within 1,000 seeds.

A bug (bugs.py) is a replacement of text. One whose text is no longer there fails: somebody changed the code, and the
bug has to be planted anew. Needs Rust; builds in target/planted, the first time all of it.

    python3 tests/simulation/planted.py            all
    python3 tests/simulation/planted.py NAME ...   some
"""

import os
import pathlib
import shutil
import subprocess
import sys
import time

from bugs import ATTEMPT_NUMBERED, BUGS, HELPERS, RECEIVES

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLANTED = ROOT / "target" / "planted"
TREE = PLANTED / "tree"
SEEDS = 1_000


def copy() -> None:
    """The tree as git knows it, and as it is now; unchanged files stay untouched, so that they are not built again."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    names = {name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()}
    for stale in (path for path in TREE.rglob("*") if path.is_file() and str(path.relative_to(TREE)) not in names):
        stale.unlink()
    for name in names:
        source, copied = ROOT / name, TREE / name
        if not copied.is_file() or copied.read_bytes() != source.read_bytes():
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copied)


def plant(file: str, text: str, instead: str) -> None:
    path = TREE / file
    code = path.read_text()
    if code.count(text) != 1:
        sys.exit(f"{file} has {code.count(text)} times, not once, what this bug replaces:\n{text}")
    path.write_text(code.replace(text, instead))


def build() -> pathlib.Path | None:
    """The simulation of the tree as it is; none if it does not compile, which is shown."""
    environment = {**os.environ, "CARGO_TARGET_DIR": str(PLANTED / "target")}
    built = subprocess.run(
        ["cargo", "build", "--quiet", "--locked", "-p", "minoots-simulation"],
        cwd=TREE,
        env=environment,
        capture_output=True,
        text=True,
    )
    if built.returncode != 0:
        print(f"it does not compile:\n{built.stderr}", flush=True)
        return None
    return PLANTED / "target" / "debug" / "simulate"


def found(simulate: pathlib.Path, *arguments: str) -> str | None:
    """The first seed that is broken and what it broke."""
    ran = subprocess.run(
        [simulate, *arguments, f"0..{SEEDS}"],
        env={**os.environ, "STOP_AT_FIRST": "1"},
        capture_output=True,
        text=True,
    )
    lines = ran.stdout.splitlines()
    if ran.returncode == 1 and len(lines) > 1:
        return f"seed {lines[0].split()[1]}: {lines[1].strip()}"
    if ran.returncode == 0:
        return None
    sys.exit(f"the simulation ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")


def main(asked: list[str]) -> int:
    unknown = [name for name in asked if name not in BUGS]
    if unknown:
        sys.exit(f"there is no bug {unknown[0]!r}; there are: " + "; ".join(BUGS))
    copy()
    missed = []
    for name in asked or BUGS:
        file, replacements = BUGS[name]
        begun = time.monotonic()
        for helper in HELPERS.get(name, []):
            plant(*{"receives": RECEIVES, "attempt_numbered": ATTEMPT_NUMBERED}[helper])
        for text, instead in replacements:
            plant(file, text, instead)
        simulate = build()
        what = simulate and found(simulate)
        copy()
        print(f"{'found ' if what else 'MISSED'} {name} ({time.monotonic() - begun:.0f} s)\n       {what}", flush=True)
        if what is None:
            missed.append(name)
    clean = build()
    broken = found(clean) if clean else "nothing was built"
    if broken:
        sys.exit(f"without any bug a seed is broken: {broken}")
    planted = len(asked or BUGS)
    print(f"{planted - len(missed)} of {planted} found, each within {SEEDS} seeds; without a bug, none is broken")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
