"""Webhook endpoints, their events and deliveries, as one API key (contract section 4)."""

from api import ABSENT, query, succeeded
from waiting import until


class Endpoints:
    def __init__(self, api):
        self.api = api

    def create(self, url, events=("a.b",), **fields):
        """A new endpoint, with its secret."""
        body = {"name": "endpoint", "url": url, "events": list(events), **fields}
        return succeeded(self.api.post("/webhooks", body), 201)["data"]

    def get(self, webhook):
        return succeeded(self.api.get(f"/webhooks/{webhook['id']}"))["data"]

    def all(self, **filters):
        return succeeded(self.api.get("/webhooks?" + query(filters)))["data"]

    def change(self, webhook, **fields):
        return succeeded(self.api.patch(f"/webhooks/{webhook['id']}", fields))["data"]

    def delete(self, webhook):
        return succeeded(self.api.delete(f"/webhooks/{webhook['id']}"))

    def rotate(self, webhook, **fields):
        return succeeded(self.api.post(f"/webhooks/{webhook['id']}/regenerate-secret", fields or ABSENT))["data"]

    def test(self, webhook):
        """What a test send came to; that it was not taken is no error of the call."""
        response = self.api.post(f"/webhooks/{webhook['id']}/test")
        assert response.status_code == 200, response.text
        answer = response.json()
        assert answer["success"] is answer["data"]["success"], answer
        return answer["data"]

    def send(self, event, data=None, status=202, **fields):
        """An event of the caller's; its id and how many endpoints it goes to."""
        body = {"type": event, "data": {} if data is None else data, **fields}
        return succeeded(self.api.post("/events", body), status)["data"]

    def deliveries(self, webhook, **filters):
        """All of the endpoint's deliveries, newest first, over however many pages."""
        found, cursor = [], {}
        while True:
            path = f"/webhooks/{webhook['id']}/deliveries?" + query({"limit": 100, **filters, **cursor})
            page = succeeded(self.api.get(path))
            found += page["data"]
            if not page.get("nextCursor"):
                return found
            cursor = {"cursor": page["nextCursor"]}

    def delivery(self, webhook, *statuses, event=None, within=5.0):
        """The endpoint's only delivery (of the event sent), once it has one of the statuses."""

        def reached():
            found = [each for each in self.deliveries(webhook) if event is None or each["eventId"] == event["eventId"]]
            assert len(found) <= 1, f"one event, one endpoint, one delivery: {found}"
            return [each for each in found if each["status"] in statuses]

        return until(reached, within=within, promise=f"a delivery to {webhook['name']} gets to {statuses}")[0]

    def delivered(self, webhook, count=1, within=5.0):
        """The newest of the endpoint's deliveries, once so many have been taken."""

        def taken():
            found = self.deliveries(webhook, status="SUCCESS")
            return found if len(found) >= count else None

        return until(taken, within=within, promise=f"{count} deliveries to {webhook['name']} are taken")[0]

    def verdict(self, webhook, event):
        """The status with which the receiver answered the event's first attempt."""
        ended = self.delivery(webhook, "SUCCESS", "FAILED", "RETRYING", event=event)
        return ended["attemptLog"][0].get("responseCode")

    def one(self, delivery):
        """A delivery by its id."""
        return succeeded(self.api.get(f"/deliveries/{delivery['id']}"))["data"]

    def retry(self, delivery):
        return succeeded(self.api.post(f"/deliveries/{delivery['id']}/retry"))["data"]

    def stats(self, webhook):
        return succeeded(self.api.get(f"/webhooks/{webhook['id']}/stats"))["data"]

    def queue(self):
        return succeeded(self.api.get("/webhooks/queue/stats"))["data"]

    def retry_failed(self, **which):
        return succeeded(self.api.post("/webhooks/queue/retry-failed", which or ABSENT))["data"]["retried"]
