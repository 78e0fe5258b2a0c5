"""Against a running server: every method does what it says."""

import contextlib
import json
import os
import threading
import unittest
from datetime import datetime, timedelta, timezone
from unittest import mock

from support import Case, running, unique

from minoots import (
    WEBHOOK_EVENTS,
    AuthenticationError,
    ConflictError,
    InvalidRequestError,
    Minoots,
    MinootsError,
    NotFoundError,
    WebhookService,
    WebhookVerificationError,
    minoots,
    verify_webhook,
)

client = running()


class Timers(Case):
    def test_a_timer_lives_its_life(self):
        name = unique()
        timer = client.timers.create("1h", name=name, metadata={"a": 1}, agent_id="agent")
        self.assertEqual((timer["name"], timer["duration"], timer["status"]), (name, 3_600_000, "running"))
        self.assertEqual(timer["agentId"], "agent")
        changed = client.timers.update(timer["id"], extend=timedelta(minutes=30), name=name + "!")
        self.assertEqual(changed["duration"], 5_400_000)
        self.assertEqual(client.timers.pause(timer["id"])["status"], "paused")
        self.assertEqual(client.timers.resume(timer["id"])["status"], "running")
        self.assertEqual(client.timers.fire(timer["id"])["status"], "expired")
        found = client.timers.get(timer["id"])
        self.assertEqual((found["name"], found["status"], found["deliveries"]), (name + "!", "expired", []))

    def test_a_cancellation_tells_its_reason_may_be_repeated_and_comes_too_late_for_what_has_expired(self):
        timer = client.timers.create("1h")
        cancelled = client.timers.cancel(timer["id"], reason="done early")
        self.assertEqual((cancelled["status"], cancelled["reason"]), ("cancelled", "done early"))
        self.assertEqual(client.timers.cancel(timer["id"])["reason"], "done early")
        expired = client.timers.fire(client.timers.create("1h")["id"])
        with self.assertRaises(ConflictError) as raised:
            client.timers.cancel(expired["id"])
        self.assertEqual(raised.exception.code, "INVALID_TIMER_STATUS")

    def test_durations_may_be_timedeltas_and_instants_datetimes(self):
        self.assertEqual(client.timers.create(timedelta(hours=6, minutes=30))["duration"], 23_400_000)
        at = (datetime.now(timezone.utc) + timedelta(hours=1)).replace(microsecond=500_000)
        expires_at = client.timers.create(expires_at=at)["expiresAt"]
        self.assertEqual(expires_at, at.strftime("%Y-%m-%dT%H:%M:%S.500Z"))

    def test_a_batch_gives_a_result_for_each_in_order(self):
        first, second = client.timers.create_batch([{"duration": "1h", "name": "fine"}, {"duration": "soon"}])
        self.assertEqual((first["status"], first["timer"]["name"]), (201, "fine"))
        self.assertEqual((second["status"], second["error"]["code"]), (400, "INVALID_DURATION"))

    def test_a_list_is_everything_when_iterated_over_and_a_page_when_asked_for(self):
        team = unique()
        made = client.timers.create_batch({"duration": "1h", "team": team} for _ in range(5))
        newest_first = [result["timer"]["id"] for result in made][::-1]

        def ids(timers):
            return [timer["id"] for timer in timers]

        page = client.timers.list(team=team, limit=2).page()
        self.assertEqual(ids(page.data), newest_first[:2])
        following = client.timers.list(team=team, limit=2, cursor=page.next_cursor)
        self.assertEqual(ids(following.page().data), newest_first[2:4])
        self.assertEqual(ids(following), newest_first[2:])
        self.assertEqual(ids(client.timers.list(team=team, limit=2)), newest_first)
        pages = list(client.timers.list(team=team, limit=2).pages())
        self.assertEqual([ids(page.data) for page in pages][:2], [newest_first[:2], newest_first[2:4]])
        self.assertEqual(list(client.timers.list(team=team, status="paused")), [])
        with self.assertRaises(InvalidRequestError):
            client.timers.list(status="done").page()

    def test_a_lost_answer_makes_no_second_timer(self):
        team = unique()
        attempts = []
        attempt = Minoots()._transport._opener.open

        def loses_the_first(*request, **options):
            response = attempt(*request, **options)
            attempts.append(response.read())
            if len(attempts) == 1:
                raise ConnectionResetError
            return attempt(*request, **options)

        own = Minoots()
        with mock.patch.object(own._transport._opener, "open", loses_the_first):
            own.timers.create("1h", team=team)
        self.assertEqual(len(attempts), 2)
        self.assertEqual(len(list(client.timers.list(team=team))), 1)

    def test_threads_may_share_a_client(self):
        team = unique()
        threads = [threading.Thread(target=client.timers.create, args=["1h"], kwargs={"team": team}) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(list(client.timers.list(team=team))), 20)


class Errors(Case):
    def test_errors_carry_status_code_and_every_invalid_field(self):
        with self.assertRaises(InvalidRequestError) as raised:
            client.timers.create("soon", name="n" * 257)
        self.assertEqual(raised.exception.status, 400)
        self.assertEqual({detail["path"] for detail in raised.exception.details}, {"duration", "name"})
        for call, code in (
            (lambda: client.timers.get("timer_none"), "TIMER_NOT_FOUND"),
            (lambda: client.webhooks.get("whk_none"), "WEBHOOK_NOT_FOUND"),
            (lambda: client.deliveries.get("del_none"), "DELIVERY_NOT_FOUND"),
        ):
            with self.assertRaises(NotFoundError) as missing:
                call()
            self.assertEqual(missing.exception.code, code)
        with self.assertRaises(AuthenticationError) as stranger:
            Minoots(api_key="mnt_live_nobody").timers.get("a")
        self.assertEqual(stranger.exception.code, "INVALID_API_KEY")

    def test_without_a_key_nothing_is_sent_and_the_error_says_what_to_do(self):
        bare = {name: value for name, value in os.environ.items() if name != "MINOOTS_API_KEY"}
        with mock.patch.dict(os.environ, bare, clear=True), self.assertRaisesRegex(MinootsError, "MINOOTS_API_KEY"):
            Minoots().timers.get("a")

    def test_other_routes_are_called_by_path(self):
        self.assertTrue(client.request("GET", "/account/usage", query={"days": 1})["success"])
        made = client.request("POST", "/account/api-keys", body={"mode": "test"}, idempotency_key=unique())
        self.assertRegex(made["apiKey"], "^mnt_test_")

    def test_a_key_is_made_shown_without_its_text_renamed_and_revoked(self):
        made = client.account.create_api_key(name="first", mode="test")
        self.assertRegex(made["apiKey"], "^mnt_test_")
        self.assertNotIn("success", made)
        [shown] = [key for key in client.account.api_keys() if key["id"] == made["id"]]
        self.assertEqual((shown["name"], shown["mode"], "apiKey" in shown), ("first", "test", False))
        self.assertIn("second", [key["name"] for key in client.account.rename_api_key(made["id"], "second")])
        self.assertNotIn(made["id"], [key["id"] for key in client.account.revoke_api_key(made["id"])])

    def test_the_account_shows_its_secret_and_its_usage_and_the_service_its_health(self):
        secret = client.account.webhook_secret()["secret"]
        rotated = client.account.rotate_webhook_secret(overlap=timedelta(hours=1))
        self.assertNotEqual(rotated["secret"], secret)
        self.assertIn("previousExpiresAt", rotated)
        self.assertEqual(client.account.webhook_secret()["secret"], rotated["secret"])
        self.assertEqual(len(client.account.usage(days=2)), 2)
        self.assertEqual(client.health()["account"]["mode"], "live")

    def test_a_project_and_a_quick_timer_are_made(self):
        self.assertEqual(client.projects.create(name="Apollo", settings={"a": 1})["settings"], {"a": 1})
        self.assertEqual(client.timers.quick_wait("1h", name="quick", agent_id="a")["agentId"], "a")

    def test_the_instance_from_the_environment_is_ready(self):
        self.assertEqual(minoots.timers.create("1h")["status"], "running")


class Webhooks(Case):
    def endpoint(self, url, **fields):
        """An endpoint of its own for the test, subscribed to an event type of its own unless told otherwise."""
        webhook = client.webhooks.create(**{"name": "test", "url": url, "events": [unique() + ".happened"], **fields})
        self.addCleanup(self.deleted, webhook["id"])
        return webhook

    @staticmethod
    def deleted(webhook_id):
        with contextlib.suppress(NotFoundError):
            client.webhooks.delete(webhook_id)

    def test_an_endpoint_is_made_read_listed_changed_and_deleted(self):
        made = self.endpoint(self.receiver().url, description="first", retry_delay=7, payload_format="python")
        self.assertRegex(made["secret"], "^whsec_")
        self.assertEqual((made["active"], made["retryDelay"], made["maxRetries"]), (True, 7, 4))
        self.assertEqual(made["payloadFormat"], "python")
        shown = {name: value for name, value in made.items() if name != "secret"}
        self.assertEqual(client.webhooks.get(made["id"]), shown)
        changed = client.webhooks.update(made["id"], active=False)
        self.assertEqual((changed["active"], changed["description"]), (False, "first"))
        for options, listed in (({}, False), ({"include_inactive": True}, True)):
            ids = [webhook["id"] for webhook in client.webhooks.list(**options)]
            self.assertEqual(made["id"] in ids, listed)
        client.webhooks.delete(made["id"])
        with self.assertRaises(NotFoundError):
            client.webhooks.get(made["id"])

    def test_an_event_reaches_its_endpoint_verifies_in_all_three_schemes_and_is_in_the_history(self):
        receiver, kind = self.receiver(), unique() + ".happened"
        webhook = self.endpoint(receiver.url, events=[kind])
        sent = client.events.send(type=kind, data={"text": "Grüße 🚀"})
        self.assertEqual(sent["triggered"], 1)
        [hit] = self.until(lambda: receiver.requests, "the webhook")
        for scheme in ("standard", "x-webhook", "x-minoots"):
            payload = verify_webhook(hit.body, hit.headers, webhook["secret"], scheme=scheme)
            self.assertEqual((payload["id"], payload["type"]), (sent["eventId"], kind))
            self.assertEqual(payload["data"], {"text": "Grüße 🚀"})
            with self.assertRaises(WebhookVerificationError):
                verify_webhook(hit.body + b" ", hit.headers, webhook["secret"], scheme=scheme)
        [delivery] = self.until(lambda: list(client.webhooks.deliveries(webhook["id"], status="SUCCESS")), "a delivery")
        self.assertEqual((delivery["eventId"], delivery["attempts"]), (sent["eventId"], 1))
        self.assertEqual(client.deliveries.get(delivery["id"]), delivery)
        self.assertIn(delivery["id"], [known["id"] for known in client.deliveries.list(status="SUCCESS")])
        stats = client.webhooks.stats(webhook["id"])
        self.assertEqual((stats["totalDeliveries"], stats["successRate"]), (1, 100))
        self.assertEqual(client.deliveries.retry(delivery["id"])["id"], delivery["id"])
        self.until(lambda: len(receiver.requests) == 2, "the delivery once more")
        self.assertEqual(receiver.requests[1].headers["webhook-id"], hit.headers["webhook-id"])

    def test_an_event_of_the_same_id_is_sent_once(self):
        kind, identifier = unique() + ".happened", unique()
        self.endpoint(self.receiver().url, events=[kind])
        sent = [client.events.send(type=kind, data={}, id=identifier) for _ in range(2)]
        self.assertEqual([each["triggered"] for each in sent], [1, 0])
        self.assertEqual([each["eventId"] for each in sent], [identifier] * 2)
        with self.assertRaises(ConflictError):
            client.events.send(type=kind, data={"other": 1}, id=identifier)

    def test_a_test_send_is_a_result_whether_or_not_it_was_taken(self):
        taken = client.webhooks.test(self.endpoint(self.receiver().url)["id"])
        self.assertEqual((taken["success"], taken["responseCode"]), (True, 200))
        refused = client.webhooks.test(self.endpoint(self.receiver(500).url)["id"])
        self.assertEqual((refused["success"], refused["responseCode"]), (False, 500))

    def test_a_rotated_secret_signs_beside_the_old_one(self):
        receiver = self.receiver()
        webhook = self.endpoint(receiver.url)
        rotated = client.webhooks.regenerate_secret(webhook["id"], overlap=timedelta(hours=1))
        self.assertEqual(rotated["webhookId"], webhook["id"])
        client.webhooks.test(webhook["id"])
        [hit] = receiver.requests
        for secret in (webhook["secret"], rotated["secret"]):
            self.assertEqual(verify_webhook(hit.body, hit.headers, secret)["type"], "webhook.test")

    def test_failed_deliveries_are_retried_and_counted_in_the_queue(self):
        kind = unique() + ".happened"
        webhook = self.endpoint(self.receiver(500).url, events=[kind], max_retries=0)
        client.events.send(type=kind, data={})
        failed = client.webhooks.deliveries(webhook["id"], status="FAILED")
        self.until(lambda: list(failed), "it fails")
        stats = client.webhooks.queue_stats()
        self.assertEqual(set(stats), {"waiting", "active", "delayed", "completed", "failed", "total"})
        self.assertGreaterEqual(stats["failed"], 1)
        self.assertEqual(client.webhooks.retry_failed(webhook_id=webhook["id"]), {"retried": 1})
        self.assertGreaterEqual(client.webhooks.retry_failed()["retried"], 0)
        with self.assertRaises(NotFoundError):
            client.webhooks.retry_failed(webhook_id="whk_none")

    def test_webhook_events_is_the_catalogue_of_the_service(self):
        constants = {name: value for name, value in vars(WEBHOOK_EVENTS).items() if name.isupper()}
        catalogue = client.webhooks.events()
        self.assertEqual(sorted(constants.values()), sorted(each["event"] for each in catalogue))
        self.assertTrue(all(each["description"] for each in catalogue))
        for name, value in constants.items():
            self.assertEqual(name, value.upper().replace(".", "_"))

    def test_webhook_service_triggers_events_for_the_account_of_a_user(self):
        receiver = self.receiver()
        self.endpoint(receiver.url, events=[WEBHOOK_EVENTS.PROJECT_DELETED])
        data = {"id": "p1", "createdAt": datetime(1970, 1, 1, tzinfo=timezone.utc)}
        sent = WebhookService.trigger_event(event_type=WEBHOOK_EVENTS.PROJECT_DELETED, user_id="u1", data=data)
        self.assertEqual(sent["triggered"], 1)
        [hit] = self.until(lambda: receiver.requests, "the webhook")
        self.assertEqual(json.loads(hit.body)["data"], {"id": "p1", "createdAt": "1970-01-01T00:00:00+00:00"})

        class Tenants(WebhookService):
            @classmethod
            def client_for(cls, user_id):
                return Minoots(api_key="mnt_live_nobody") if user_id == "u2" else super().client_for(user_id)

        event = {"event_type": WEBHOOK_EVENTS.USER_DELETED, "data": {}}
        self.assertEqual(Tenants.trigger_event(user_id="u1", **event)["triggered"], 0)
        with self.assertRaises(AuthenticationError):
            Tenants.trigger_event(user_id="u2", **event)


if __name__ == "__main__":
    unittest.main()
