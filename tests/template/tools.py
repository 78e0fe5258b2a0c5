"""The commands that the tests call, from the environments that the Makefile makes."""

import os
import subprocess
import sys
from pathlib import Path

from sam import ROOT

TOOLS = Path(sys.executable).parent
CHECKOV = Path(os.environ.get("CHECKOV", ROOT / "target/checkov/bin/checkov"))


def environment(**more):
    """What commands get: nothing of this machine's AWS settings, and no reports to the tools' makers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    settings = {"PATH": f"{TOOLS}:{kept['PATH']}", "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-west-1"}
    return kept | settings | more


def run(*command, cwd=ROOT, timeout=900, **more):
    """What a command prints; it has to succeed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, (
        f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    )
    return done.stdout
