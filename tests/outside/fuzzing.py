"""The API fuzzed from its own OpenAPI document by schemathesis, with every check on.

Run by itself (`make fuzz-api`) it goes on for as many seconds as it is told, 600 by default, first as a live key, then
as a test key. Further options go to schemathesis: `--seed 7`, which it prints at the end of each run."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from minoots import Server
from receiver import Receiver

FOLDER = Path(__file__).parent / "fuzz"


def fuzz(server, key, seconds, *options):
    """What schemathesis says after this many seconds, and its exit code: 0 if every answer was as documented."""
    api = server.api.with_key(key)
    keys = api.get("/account/api-keys").json()["apiKeys"]
    [own] = [known["id"] for known in keys if known["keyPreview"][-4:] == key[-4:]]
    receiver = Receiver()
    environment = os.environ | {
        "MINOOTS_FUZZ_RECEIVER": receiver.url,
        "MINOOTS_FUZZ_KEY": key,
        "MINOOTS_FUZZ_KEY_ID": own,
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(FOLDER),
        "COLUMNS": "200",
    }
    command = [Path(sys.executable).parent / "schemathesis", "--config-file", FOLDER / "schemathesis.toml", "run"]
    command += [f"{server.url}/openapi.json", "--url", server.url, "--max-time", str(seconds)]
    command += ["--continue-on-failure", "--warnings", "off", "--no-color", *options]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=2 * seconds + 120
        )
    receiver.close()
    assert api.get("/timers").status_code == 200, "the run locked itself out: what it saw after that is worth nothing"
    return done.returncode, done.stdout + done.stderr


def main(seconds, *options):
    codes = []
    for mode in ("live", "test"):
        # A server for each: a live key may revoke the others.
        with tempfile.TemporaryDirectory() as folder:
            server = Server(Path(folder)).start()
            try:
                key = server.api.post("/account/api-keys", {"mode": mode}).json()["apiKey"]
                code, said = fuzz(server, key, seconds // 2, *options)
                print(f"As a {mode} key:\n{said}", flush=True)
                assert server.is_healthy(), "the server did not outlive it"
                assert "panicked" not in server.said(), server.said()[-5000:]
                codes.append(code)
            finally:
                server.stop()
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 600, *sys.argv[2:]))
