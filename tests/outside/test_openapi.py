"""/openapi.json says what the API does. That every answer of the other tests keeps to it, `Api.call` sees to."""

import json
import os
import subprocess
import sys

import pytest
import requests
from openapi_spec_validator import OpenAPIV31SpecValidator

from minoots import ROOT
from openapi_document import DOCUMENT, PATH, check_answer, operations, resolved, validator
from test_clients import run

GENERATED = ROOT / "tests/outside/openapi"


@pytest.mark.parametrize("path", ["/openapi.json", "/api/openapi.json"])
def test_the_document_is_served_without_a_key_as_it_is_committed(server, path):
    answer = requests.get(server.url + path, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.content == PATH.read_bytes()


def test_the_document_is_valid():
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def examples(holder):
    for content in resolved(holder).get("content", {}).values():
        values = [example["value"] for example in content.get("examples", {}).values()]
        values += [content["example"]] if "example" in content else []
        yield from ((content["schema"], value) for value in values)


def test_every_answer_request_and_webhook_has_an_example_and_it_keeps_to_its_schema():
    webhooks = [(name, methods["post"]) for name, methods in DOCUMENT["webhooks"].items()]
    for name, operation in [(f"{method} {path}", operation) for method, path, operation in operations()] + webhooks:
        holders = [operation["requestBody"]] if "requestBody" in operation else []
        holders += [response for response in operation["responses"].values() if "content" in resolved(response)]
        for holder in holders:
            found = list(examples(holder))
            assert found, f"{name} lacks an example"
            for schema, value in found:
                errors = [error.message for error in validator(schema).iter_errors(value)]
                assert errors == [], f"{name}: {json.dumps(value)[:300]}"


def test_an_answer_with_a_field_too_many_or_too_few_is_noticed(api):
    answer = api.post("/timers", {"duration": "1h"})
    timer = answer.json()["timer"]
    without_status = {name: value for name, value in timer.items() if name != "status"}
    for wrong in ({**timer, "secret": "s"}, without_status, {**timer, "duration": "1h"}):
        answer._content = json.dumps({**answer.json(), "timer": wrong}).encode()
        with pytest.raises(AssertionError, match="says otherwise"):
            check_answer(answer)
    answer.status_code = 418
    with pytest.raises(AssertionError, match="does not say so"):
        check_answer(answer)


def test_every_example_of_a_request_is_taken(start_server):
    """As printed, by a server as strict as a deployed one."""
    api = start_server("--strict-webhooks").api
    timer = api.create()["id"]
    webhook = {"name": "n", "url": "https://example.com/", "events": ["a.b"]}
    ids = {
        "timers": lambda: timer,
        "webhooks": lambda: api.post("/webhooks", webhook).json()["data"]["id"],
        "account": lambda: api.post("/account/api-keys").json()["id"],
    }
    taken = 0
    for method, path, operation in sorted(operations(), key=lambda operation: operation[0] == "delete"):
        for _, body in examples(operation.get("requestBody", {})):
            whose = path.split("/")[1]
            if path == "/webhooks/queue/retry-failed":
                body = {**body, "webhookId": ids["webhooks"]()}
            answer = api.call(method.upper(), path.replace("{id}", ids[whose]()) if "{id}" in path else path, body)
            assert 200 <= answer.status_code < 300, f"{method} {path} of {body}: {answer.text}"
            taken += 1
    assert taken >= 18


def test_every_error_code_is_documented_with_its_meaning():
    described = DOCUMENT["components"]["schemas"]["ErrorCode"]
    for code in described["enum"]:
        assert f"- `{code}`, " in described["description"], code


def test_a_client_generated_by_openapi_typescript_compiles_and_talks_to_the_server(server, tmp_path):
    for file in ("talk.ts", "process.d.ts", "tsconfig.json", "package.json"):
        (tmp_path / file).write_bytes((GENERATED / file).read_bytes())
    (tmp_path / "node_modules").symlink_to(GENERATED / "node_modules")
    tools = GENERATED / "node_modules/.bin"
    run([tools / "openapi-typescript", PATH, "-o", "api.d.ts"], tmp_path)
    run([tools / "tsc", "-p", "."], tmp_path)
    told = json.loads(run(["node", "talk.js", server.url, server.key], tmp_path))
    assert told["names"][0] == "from generated types"
    assert (told["limit"], told["moved"], told["signs"]) == (-1, (6 * 60 + 45) * 60_000, True)
    assert (told["code"], told["status"]) == ("TIMER_NOT_FOUND", 404)


TALK = """
import sys
from generated import AuthenticatedClient
from generated.api.timers import create_timer, get_timer, list_timers
from generated.api.webhooks import create_webhook
from generated.models import CreatedTimerAnswer, NewTimer, NewWebhook, Problem, TimerListAnswer

client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2], raise_on_unexpected_status=True)
created = create_timer.sync(client=client, body=NewTimer(duration="6h30m", name="from a generated client"))
assert isinstance(created, CreatedTimerAnswer), created
assert created.timer.duration == 23_400_000 and created.timer.expires_at.tzinfo is not None
listed = list_timers.sync(client=client, limit=1)
assert isinstance(listed, TimerListAnswer) and listed.timers[0].id == created.timer.id
webhook = create_webhook.sync(client=client, body=NewWebhook(name="n", url="http://127.0.0.1:9/", events=["a.*"]))
assert webhook.data.secret.startswith("whsec_")
refused = get_timer.sync(client=client, id="nobody")
assert isinstance(refused, Problem) and refused.error.code == "TIMER_NOT_FOUND"
print("talked")
"""


def test_a_client_generated_by_openapi_python_client_is_typed_and_talks_to_the_server(server, tmp_path):
    tools = os.path.dirname(sys.executable)
    settings = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    command = ["openapi-python-client", "generate", "--path", PATH, "--output-path", "generated", "--meta", "none"]
    run([*command, "--fail-on-warning"], tmp_path, **settings)
    # client.py is the generator's own and the same for every document.
    run(["mypy", "--follow-imports=silent", "generated/api", "generated/models"], tmp_path, **settings)
    (tmp_path / "talk.py").write_text(TALK)
    talk = [sys.executable, "talk.py", server.url, server.key]
    done = subprocess.run(talk, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout == "talked\n", done.stderr
