"""A caller of the HTTP API, and what every answer must look like."""

import json
import threading

import requests

import secrecy
from openapi_document import check_answer
from waiting import until

ABSENT = object()


class Api:
    """Calls as one API key. A body is sent as it is if bytes or text, in chunks if an iterator, else as JSON."""

    def __init__(self, url, key):
        self.url = url
        self.key = key
        self._threads = threading.local()

    def _session(self):
        if not hasattr(self._threads, "session"):
            self._threads.session = requests.Session()
            self._threads.session.trust_env = False
        return self._threads.session

    def call(self, method, path, body=ABSENT, headers=None, timeout=30):
        sent = {"x-api-key": self.key} if self.key else {}
        sent.update(headers or {})
        content = {}
        if isinstance(body, (bytes, str)):
            content = {"data": body.encode() if isinstance(body, str) else body}
        elif hasattr(body, "__next__"):
            content = {"data": body}
        elif body is not ABSENT:
            content = {"json": body}
            secrecy.note_request(body)
        answer = self._session().request(
            method, self.url + path, headers=sent, timeout=timeout, allow_redirects=False, **content
        )
        secrecy.note_answer(answer.text)
        check_answer(answer)
        return answer

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, path, body=ABSENT, **options):
        return self.call("POST", path, body, **options)

    def put(self, path, body=ABSENT, **options):
        return self.call("PUT", path, body, **options)

    def patch(self, path, body=ABSENT, **options):
        return self.call("PATCH", path, body, **options)

    def delete(self, path, body=ABSENT, **options):
        return self.call("DELETE", path, body, **options)

    def create(self, duration="1h", **fields):
        """A new timer."""
        return succeeded(self.post("/timers", {"duration": duration, **fields}), 201)["timer"]

    def timer(self, timer):
        return succeeded(self.get(f"/timers/{timer['id']}"))["timer"]

    def deliveries(self, timer):
        """The summaries of the timer's deliveries."""
        return succeeded(self.get(f"/timers/{timer['id']}"))["deliveries"]

    def delivery(self, timer, *statuses, within=5.0):
        """The summary of the timer's only delivery, once it has one of the statuses, by default SUCCESS."""
        statuses = statuses or ("SUCCESS",)

        def reached():
            deliveries = self.deliveries(timer)
            assert len(deliveries) <= 1, f"one event, one URL, one delivery: {deliveries}"
            return [delivery for delivery in deliveries if delivery["status"] in statuses]

        return until(reached, within=within, promise=f"the delivery of {timer['id']} gets to {statuses}")[0]

    def change(self, timer, **fields):
        return succeeded(self.patch(f"/timers/{timer['id']}", fields))["timer"]

    def pause(self, timer):
        return succeeded(self.post(f"/timers/{timer['id']}/pause"))["timer"]

    def resume(self, timer):
        return succeeded(self.post(f"/timers/{timer['id']}/resume"))["timer"]

    def fire(self, timer):
        return succeeded(self.post(f"/timers/{timer['id']}/fire"))["timer"]

    def cancel(self, timer, **body):
        return succeeded(self.delete(f"/timers/{timer['id']}", body or ABSENT))["timer"]

    def timers(self, **filters):
        """All timers that match, newest first, over however many pages."""
        found, cursor = [], {}
        while True:
            page = succeeded(self.get("/timers?" + query({"limit": 100, **filters, **cursor})))
            found += page["timers"]
            if "nextCursor" not in page:
                return found
            cursor = {"cursor": page["nextCursor"]}

    def webhook_secret(self):
        return succeeded(self.get("/account/webhook-secret"))["data"]["secret"]

    def with_key(self, key):
        """Another caller of the same server."""
        return Api(self.url, key)

    def test_mode(self):
        """The same account through a key that sees its test data only."""
        answer = succeeded(self.post("/account/api-keys", {"mode": "test"}), 201)
        return self.with_key(answer["apiKey"])


def query(parameters):
    return requests.compat.urlencode(parameters)


def succeeded(response, status=200):
    """The JSON of an answer that must be a success."""
    said = (
        f"{response.request.method} {response.request.path_url} answered {response.status_code}: {response.text[:500]}"
    )
    assert response.status_code == status, f"{said}; promised: {status}"
    assert response.headers["Content-Type"].split(";")[0] == "application/json", f"{said}; as {response.headers}"
    answer = response.json()
    assert answer["success"] is True, f"{said}; a success carries success: true"
    return answer


def refused(response, status, code=None):
    """The problem document of an answer that must be a refusal, in the one shape that all errors have (contract §1)."""
    path = response.request.path_url[:200]
    said = f"{response.request.method} {path} answered {response.status_code}: {response.text[:500]}"
    assert response.status_code == status, f"{said}; promised: {status} {code or ''}"
    problem = problem_in(response.headers, response.content, response.status_code)
    if code:
        assert problem["error"]["code"] == code, f"{said}; promised the code {code}"
    return problem


def problem_in(headers, content, status):
    """Checks the shape of a problem document, readable both as RFC 9457 and the way 000:962 reads it."""
    kind = headers.get("Content-Type", "none").split(";")[0]
    assert kind == "application/problem+json", f"an error must be application/problem+json, is {kind}: {content[:300]}"
    problem = json.loads(content)
    assert problem["status"] == status, f"the problem's status differs from the answer's {status}: {problem}"
    assert problem["success"] is False, problem
    for text in ("type", "title", "detail", "message"):
        assert isinstance(problem[text], str), f"a problem has a text {text}: {problem}"
        assert problem[text], f"a problem's {text} says something: {problem}"
    assert isinstance(problem["error"]["code"], str), problem
    assert isinstance(problem["error"]["message"], str), problem
    for detail in problem["error"].get("details", []):
        assert set(detail) == {"path", "message"}, f"details are a list of {{path, message}}: {problem}"
    return problem


def faults(problem):
    """The paths of all invalid fields that a problem names."""
    return [detail["path"] for detail in problem["error"].get("details", [])]
