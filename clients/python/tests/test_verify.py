"""verify_webhook against signatures worked out from the contract."""

import base64
import hmac
import json
import time
import unittest
from email.message import Message

from minoots import WebhookVerificationError, verify_webhook

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
OTHER = "whsec_" + base64.b64encode(b"another secret, of 32 bytes, too").decode()
PAYLOAD = {"id": "evt_1", "type": "a.b", "data": {"text": "Grüße 🚀", "ratio": 0.5}}
BODY = json.dumps(PAYLOAD, ensure_ascii=False).encode()
SIGNATURE = {
    "standard": "webhook-signature",
    "x-webhook": "x-webhook-signature",
    "x-minoots": "x-minoots-signature",
}
TIMESTAMP = {"standard": "webhook-timestamp", "x-webhook": "x-webhook-timestamp"}


def digest(key, message):
    return hmac.new(key, message, "sha256")


def standard(key, identifier, at, body):
    return "v1," + base64.b64encode(digest(key, f"{identifier}.{at}.".encode() + body).digest()).decode()


def signed(body=BODY, secrets=(SECRET,), age=0):
    at = int(time.time()) - age
    keys = [base64.b64decode(secret[len("whsec_") :]) for secret in secrets]
    text = secrets[0].encode()
    return {
        "webhook-id": "del_1",
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(standard(key, "del_1", at, body) for key in keys),
        "x-minoots-signature": "sha256=" + digest(text, body).hexdigest(),
        "x-webhook-timestamp": str(at),
        "x-webhook-signature": digest(text, f"{at}.".encode() + body).hexdigest(),
    }


class Verify(unittest.TestCase):
    def refuses(self, code, *call, **options):
        with self.assertRaises(WebhookVerificationError) as raised:
            verify_webhook(*call, **options)
        self.assertEqual(raised.exception.code, code)

    def test_what_the_secret_signed_gives_its_payload(self):
        for scheme in SIGNATURE:
            self.assertEqual(verify_webhook(BODY, signed(), SECRET, scheme=scheme), PAYLOAD)

    def test_another_body_secret_or_signature_is_refused(self):
        for scheme, name in SIGNATURE.items():
            with self.subTest(scheme):
                headers = signed()
                self.refuses("NO_MATCHING_SIGNATURE", BODY + b" ", headers, SECRET, scheme=scheme)
                self.refuses("NO_MATCHING_SIGNATURE", BODY, headers, OTHER, scheme=scheme)
                own = headers[name]
                for forged in ("v1,", "sha256=", "x", " ", "é", "\udcff", own[:-1], own + "0", own.upper()):
                    self.refuses("NO_MATCHING_SIGNATURE", BODY, {**headers, name: forged}, SECRET, scheme=scheme)
                self.refuses("MISSING_HEADER", BODY, {**headers, name: ""}, SECRET, scheme=scheme)
                self.refuses("MISSING_HEADER", BODY, {}, SECRET, scheme=scheme)

    def test_any_of_several_secrets_will_do(self):
        for scheme in SIGNATURE:
            for secrets in ([SECRET, OTHER], (OTHER, SECRET), iter([OTHER, SECRET])):
                self.assertEqual(verify_webhook(BODY, signed(), secrets, scheme=scheme), PAYLOAD)
            self.refuses("NO_MATCHING_SIGNATURE", BODY, signed(), [OTHER, "third"], scheme=scheme)

    def test_a_secret_that_an_operator_chose_is_its_own_text(self):
        for secret in ("your_webhook_verification_secret", "whsec_not base64!", "whsec_"):
            at = int(time.time())
            headers = {
                "webhook-id": "del_1",
                "webhook-timestamp": str(at),
                "webhook-signature": standard(secret.encode(), "del_1", at, BODY),
            }
            self.assertEqual(verify_webhook(BODY, headers, secret), PAYLOAD)

    def test_a_timestamp_may_be_off_by_the_tolerance_either_way_and_no_more(self):
        for scheme in TIMESTAMP:
            for age in (0, 299, -299):
                verify_webhook(BODY, signed(age=age), SECRET, scheme=scheme)
            for age in (302, -302, 86_400):
                self.refuses("TIMESTAMP_OUT_OF_TOLERANCE", BODY, signed(age=age), SECRET, scheme=scheme)
            verify_webhook(BODY, signed(age=3000), SECRET, scheme=scheme, tolerance=3600)
            self.refuses("TIMESTAMP_OUT_OF_TOLERANCE", BODY, signed(age=5), SECRET, scheme=scheme, tolerance=1)

    def test_a_timestamp_that_is_none_or_not_the_one_signed_is_refused(self):
        for scheme, name in TIMESTAMP.items():
            headers = signed()
            at = headers[name]
            for timestamp in ("soon", "-1", "1e9", f"{at}.0", f" {at}", f"{at}\n", "9" * 5000, "٣"):
                self.refuses("BAD_TIMESTAMP", BODY, {**headers, name: timestamp}, SECRET, scheme=scheme)
            other = {**headers, name: str(int(at) - 1)}
            self.refuses("NO_MATCHING_SIGNATURE", BODY, other, SECRET, scheme=scheme)
            self.refuses("MISSING_HEADER", BODY, {**headers, name: ""}, SECRET, scheme=scheme)

    def test_the_id_is_signed_too(self):
        self.refuses("NO_MATCHING_SIGNATURE", BODY, {**signed(), "webhook-id": "del_2"}, SECRET)

    def test_during_a_rotation_each_of_the_two_secrets_verifies_alone(self):
        for secret in (SECRET, OTHER):
            verify_webhook(BODY, signed(secrets=(SECRET, OTHER)), secret)

    def test_signatures_of_other_versions_are_passed_over(self):
        headers = signed()
        headers["webhook-signature"] = f"v1a,AAAA {headers['webhook-signature']} v2,BBBB"
        verify_webhook(BODY, headers, SECRET)

    def test_only_the_scheme_asked_for_counts(self):
        headers = signed()
        del headers["webhook-signature"]
        self.refuses("MISSING_HEADER", BODY, headers, SECRET)

    def test_bodies_may_be_text_or_bytes_and_headers_any_mapping_in_any_case(self):
        message = Message()
        for name, value in signed().items():
            message[name.title()] = value
        upper = {name.upper(): value for name, value in signed().items()}
        for headers in (signed(), upper, message):
            for body in (BODY, BODY.decode(), bytearray(BODY), memoryview(BODY)):
                self.assertEqual(verify_webhook(body, headers, SECRET), PAYLOAD)

    def test_a_call_that_can_never_verify_is_the_callers_mistake(self):
        for secret in (None, "", [], [None], [SECRET, ""], b"bytes"):
            with self.assertRaises(TypeError):
                verify_webhook(BODY, signed(), secret)
        for body in (None, PAYLOAD, 7):
            with self.assertRaises(TypeError):
                verify_webhook(body, signed(), SECRET)
        for options in ({"tolerance": float("nan")}, {"tolerance": -1}, {"scheme": "none"}):
            with self.assertRaises(ValueError):
                verify_webhook(BODY, signed(), SECRET, **options)

    def test_what_is_signed_and_no_json_is_refused(self):
        for body in (b"text", b"", b"\xff"):
            self.refuses("NOT_JSON", body, signed(body), SECRET)

    def test_a_flood_of_signatures_costs_one_hmac(self):
        headers = signed()
        headers["webhook-signature"] = f"v1,{'A' * 43}= " * 100_000 + headers["webhook-signature"]
        began = time.monotonic()
        verify_webhook(BODY, headers, SECRET)
        self.assertLess(time.monotonic() - began, 1)


if __name__ == "__main__":
    unittest.main()
