"""Deliveries verify with the libraries that receivers use, and nothing else does."""

from dataclasses import replace

import pytest

from api import succeeded
from verifiers import ALL, GITHUB, STANDARD, Received, fired

CHOSEN = "your_webhook_verification_secret"  # as in 000:987
REFUSED = {library: "No matching signature found" for library in STANDARD} | {GITHUB: False}


def rotate(server, **options):
    return succeeded(server.api.post("/account/webhook-secret/rotate", options))["data"]


@pytest.fixture
def delivery(server, receiver):
    return fired(
        server, receiver, name="Bau 🏗️", message="“Fertig” <&>\u2028", data={"ratio": 1.0, "big": 2**60, "é": None}
    )


@pytest.fixture
def secret(server):
    return server.api.webhook_secret()


@pytest.mark.parametrize("library", ALL)
def test_delivery_verifies(delivery, secret, library):
    assert delivery.answer(library, secret) is True


@pytest.mark.parametrize("library", ALL)
def test_tampered_body_does_not_verify(delivery, secret, library):
    tampered = replace(delivery, body=delivery.body.replace(b'"expired"', b'"running"'))
    assert tampered.body != delivery.body
    assert tampered.answer(library, secret) == REFUSED[library]


@pytest.mark.parametrize("library", ALL)
def test_body_in_another_spelling_does_not_verify(delivery, secret, library):
    spaced = replace(delivery, body=delivery.body + b" ")
    assert spaced.answer(library, secret) == REFUSED[library]


@pytest.mark.parametrize("library", STANDARD)
def test_tampered_id_does_not_verify(delivery, secret, library):
    tampered = delivery.with_header("webhook-id", delivery.headers["webhook-id"] + "0")
    assert tampered.answer(library, secret) == REFUSED[library]


@pytest.mark.parametrize("library", STANDARD)
def test_tampered_timestamp_does_not_verify(delivery, secret, library):
    later = int(delivery.headers["webhook-timestamp"]) + 1
    assert delivery.with_header("webhook-timestamp", str(later)).answer(library, secret) == REFUSED[library]


@pytest.mark.parametrize("library", ALL)
def test_another_accounts_secret_does_not_verify(start_server, delivery, library):
    other = start_server().api.webhook_secret()
    assert delivery.answer(library, other) == REFUSED[library]


@pytest.fixture
def chosen(start_server, receiver):
    """A delivery of a server whose operator chose a secret that is not base64."""
    return fired(start_server("--webhook-secret", CHOSEN), receiver)


@pytest.mark.parametrize("library", ALL)
def test_operators_own_secret_verifies_as_the_text_that_it_is(chosen, library):
    assert chosen.answer_for_text(library, CHOSEN) is True


@pytest.mark.parametrize("library", ALL)
def test_operators_own_secret_in_another_spelling_does_not_verify(chosen, library):
    assert chosen.answer_for_text(library, CHOSEN.upper()) == REFUSED[library]


@pytest.mark.parametrize("library", STANDARD)
def test_standard_libraries_read_every_secret_as_base64_unless_told_that_it_is_text(chosen, library):
    assert not chosen.is_accepted(library, CHOSEN)


@pytest.mark.parametrize("library", ALL)
def test_operators_own_secret_in_the_standard_form_verifies_like_a_generated_one(start_server, receiver, library):
    secret = "whsec_" + "b3BlcmF0b3Incy1vd24ta2V5LW9mLTMyLWJ5dGVzISE="
    delivery = fired(start_server("--webhook-secret", secret), receiver)
    assert delivery.answer(library, secret) is True


def test_during_a_rotation_both_secrets_verify_and_the_hex_signature_is_the_new_ones(start_server, receiver):
    server = start_server()
    old = server.api.webhook_secret()
    new = rotate(server, overlap="1h")["secret"]
    assert server.api.webhook_secret() == new != old
    delivery = fired(server, receiver)
    for library in STANDARD:
        assert delivery.answer(library, new) is True
        assert delivery.answer(library, old) is True
    assert delivery.answer(GITHUB, new) is True
    assert delivery.answer(GITHUB, old) is False


def test_when_the_overlap_is_over_only_the_new_secret_verifies(start_server, receiver):
    server = start_server()
    old = server.api.webhook_secret()
    new = rotate(server, overlap="1ms")["secret"]
    delivery = fired(server, receiver)
    for library in ALL:
        assert delivery.answer(library, new) is True
        assert delivery.answer(library, old) == REFUSED[library]


def test_operators_own_secret_goes_on_verifying_while_a_generated_one_takes_its_place(start_server, receiver):
    server = start_server("--webhook-secret", CHOSEN)
    new = rotate(server)["secret"]
    delivery = fired(server, receiver)
    for library in STANDARD:
        assert delivery.answer(library, new) is True
        assert delivery.answer_for_text(library, CHOSEN) is True
    assert delivery.answer(GITHUB, new) is True


def test_attempt_after_a_rotation_is_signed_with_both_secrets_over_the_same_id_and_body(start_server, start_receiver):
    server, receiver = start_server(), start_receiver(500, 200)
    old = server.api.webhook_secret()
    first = fired(server, receiver)
    new = rotate(server)["secret"]
    second = Received.of(receiver.wait(2, within=7)[1])
    assert second.body == first.body
    assert second.headers["webhook-id"] == first.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) >= int(first.headers["webhook-timestamp"]) + 5
    for library in STANDARD:
        assert first.answer(library, old) is True
        assert first.answer(library, new) == REFUSED[library]
        assert second.answer(library, old) is True
        assert second.answer(library, new) is True
    assert second.answer(GITHUB, new) is True
