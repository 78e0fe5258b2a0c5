"""The committed OpenAPI document, and whether an answer is what it says: nothing more, nothing less."""

import json
import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema_rs

PATH = Path(__file__).resolve().parents[2] / "shared/src/http/openapi/openapi.json"
DOCUMENT = json.loads(PATH.read_text())


def operations():
    """Method, path and operation, for each."""
    return [
        (method, path, operation)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    ]


def resolved(thing):
    """What a reference refers to."""
    while "$ref" in thing:
        target = DOCUMENT
        for name in thing["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        thing = target
    return thing


def closed(schema):
    """The same schema, under which an answer has no other members than those that are described."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: closed(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        schema.setdefault("additionalProperties", False)
    return schema


@cache
def _components():
    return closed(DOCUMENT["components"]["schemas"])


def validator(schema, *, closing=True):
    """Judges values by a schema of the document."""
    components = _components() if closing else DOCUMENT["components"]["schemas"]
    whole = {**(closed(schema) if closing else schema), "components": {"schemas": components}}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


@cache
def _template(path):
    """The path of the document that a request's path is served by; concrete ones come first."""
    for template in sorted(DOCUMENT["paths"], key=lambda template: "{" in template):
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return template
    return None


@cache
def _answer(method, template, status):
    operation = DOCUMENT["paths"][template][method]
    response = operation["responses"].get(str(status))
    if response is None:
        return None
    [(media_type, content)] = resolved(response)["content"].items()
    return media_type, validator(content["schema"])


def check_answer(response):
    """Fails unless the document says that its operation may give this answer."""
    method = response.request.method.lower()
    path = urlsplit(response.request.url).path
    template = _template(path.removeprefix("/api"))
    if template is None or method not in DOCUMENT["paths"][template]:
        return
    said = f"{method.upper()} {path[:200]} answered {response.status_code}: {response.text[:500]}"
    answer = _answer(method, template, response.status_code)
    assert answer is not None, f"{said}; the OpenAPI document does not say so"
    media_type, judge = answer
    assert response.headers["Content-Type"] == media_type, f"{said}; as {response.headers}"
    errors = [f"{error.instance_path}: {error.message[:300]}" for error in judge.iter_errors(response.json())]
    assert errors == [], f"{said}; the OpenAPI document says otherwise: {errors}"
