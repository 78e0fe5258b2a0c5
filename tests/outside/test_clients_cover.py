"""The clients of clients/ have a method for every operation of the OpenAPI document, and call nothing else.

Every public method is called once, against a server that notes what it is asked and answers everything."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from openapi_document import operations
from test_clients import JS, PYTHON, run

# `PUT` is `PATCH` under another name, for those who expect it.
ALIASES = {("put", "/webhooks/{id}")}
ANSWER = {
    **{"success": True, "data": [], "timer": {}, "timers": [], "deliveries": [], "results": [], "apiKeys": []},
    "usage": {"days": []},
}


@contextmanager
def noting():
    """The address of a server, and the calls that it has noted."""
    calls = set()

    class Handler(BaseHTTPRequestHandler):
        def _note(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.split("?")[0].replace("/THE-ID", "/{id}")
            calls.add((self.command.lower(), path))
            body = json.dumps(ANSWER).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _note

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", calls
    server.shutdown()
    server.server_close()


IN_PYTHON = """
import inspect, os
from minoots import Listing, Minoots

client = Minoots(api_key="key", base_url=os.environ["MINOOTS_BASE_URL"])
client.health()
for resource in vars(client).values():
    for name, method in inspect.getmembers(resource, inspect.ismethod):
        if name.startswith("_") or type(resource).__name__ == "Transport":
            continue
        needed = [p for p in inspect.signature(method).parameters.values() if p.default is p.empty]
        plain = {p.name: "THE-ID" for p in needed}
        answer = method(**{**plain, **({"timers": []} if "timers" in plain else {})})
        if isinstance(answer, Listing):
            list(answer)
"""

IN_JAVASCRIPT = """
import { Minoots } from 'minoots';

const client = new Minoots({ apiKey: 'key', baseUrl: process.env.MINOOTS_BASE_URL });
await client.health();
for (const resource of Object.values(client)) {
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(resource))) {
    if (name === 'constructor') continue;
    const takesId = /^(async )?\\w+\\(id\\b/.test(resource[name].toString());
    await resource[name](...(takesId ? ['THE-ID', {}] : [{}]));
  }
}
"""


def python(url, folder):
    (folder / "all.py").write_text(IN_PYTHON)
    run(["python", "all.py"], folder, PYTHONPATH=str(PYTHON / "src"), MINOOTS_BASE_URL=url)


def javascript(url, folder):
    (folder / "node_modules").mkdir()
    (folder / "node_modules/minoots").symlink_to(JS)
    (folder / "all.mjs").write_text(IN_JAVASCRIPT)
    run(["node", "all.mjs"], folder, MINOOTS_BASE_URL=url)


@pytest.mark.parametrize("client", [python, javascript], ids=lambda client: client.__name__)
def test_a_client_has_a_method_for_every_operation_and_calls_nothing_else(client, tmp_path):
    with noting() as (url, calls):
        client(url, tmp_path)
    documented = {(method, path) for method, path, _ in operations()} - ALIASES
    assert calls == documented, f"lacks {documented - calls}; calls {calls - documented} which no document has"
