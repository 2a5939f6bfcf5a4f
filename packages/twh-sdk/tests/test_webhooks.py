"""A webhook is ours or it is refused, and the refusal says which check failed. Judged by an implementation not our own."""

import base64
import json
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from twh import errors, models, webhooks

NOW = 1_780_000_000
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
OTHER = "whsec_" + base64.b64encode(b"another secret, also 32 bytes lo").decode()


@pytest.fixture
def body(event):
    return json.dumps(event).encode()


def signed(body, secret=SECRET, at=NOW, message_id="evt_1"):
    """Headers as another implementation writes them."""
    signature = Webhook(secret).sign(message_id, datetime.fromtimestamp(at, UTC), body.decode())
    return {"Webhook-Id": message_id, "Webhook-Timestamp": str(at), "Webhook-Signature": signature}


def verify(body, headers, secret=SECRET, now=NOW, **more):
    return webhooks.verify(body, headers, secret=secret, clock=lambda: now, **more)


def refused(check):
    return pytest.raises(errors.WebhookRejected, check=lambda refusal: refusal.check == check)


def test_what_others_sign_is_proved(body):
    event = verify(body, signed(body))

    assert isinstance(event, models.EntryRecorded)
    assert event.data.movements[0].item.sku == "TSHIRT-M"


def test_what_we_sign_others_prove(body):
    now = int(datetime.now(UTC).timestamp())
    headers = webhooks.sign(body, secret=SECRET, message_id="evt_1", timestamp=now)

    assert Webhook(SECRET).verify(body.decode(), headers)["id"] == "evt_1"


def test_the_published_vector_is_proved():
    """From the documentation of Standard Webhooks."""
    webhooks.prove(
        b'{"test": 2432232314}',
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        clock=lambda: 1614265330,
    )


def test_another_secret_proves_nothing(body):
    with refused("signature"):
        verify(body, signed(body, OTHER))


def test_one_of_several_secrets_is_enough(body):
    assert verify(body, signed(body, OTHER), secret=[SECRET, OTHER]).id == "evt_1"


def test_one_of_several_signatures_is_enough(body):
    headers = signed(body)
    headers["Webhook-Signature"] = f"v1a,AAAA {signed(body, OTHER)['Webhook-Signature']} {headers['Webhook-Signature']}"

    assert verify(body, headers).id == "evt_1"


def test_a_changed_body_is_refused(body):
    with refused("signature"):
        verify(body.replace(b"12", b"13"), signed(body))


def test_a_changed_id_is_refused(body):
    with refused("signature"):
        verify(body, {**signed(body), "Webhook-Id": "evt_2"})


def test_only_version_1_counts(body):
    headers = signed(body)
    headers["Webhook-Signature"] = headers["Webhook-Signature"].replace("v1,", "v2,")

    with refused("signature"):
        verify(body, headers)


@pytest.mark.parametrize("signature", ["v1,", "v1", ",", "v1,%%%", "v1,AAAA", "nonsense"])
def test_a_malformed_signature_is_refused(body, signature):
    with refused("signature"):
        verify(body, {**signed(body), "Webhook-Signature": signature})


@pytest.mark.parametrize("name", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
def test_a_missing_header_is_named(body, name):
    headers = {header: value for header, value in signed(body).items() if header != name}

    with pytest.raises(errors.WebhookRejected, match=name.lower()) as refusal:
        verify(body, headers)

    assert refusal.value.check == "headers"


def test_the_tolerance_is_five_minutes_either_way(body):
    headers = signed(body)

    assert verify(body, headers, now=NOW + 300).id == verify(body, headers, now=NOW - 300).id == "evt_1"
    for now in (NOW + 301, NOW - 301):
        with refused("timestamp"):
            verify(body, headers, now=now)


@pytest.mark.parametrize("timestamp", ["soon", "-1", "1e9", "٣", "9" * 400])
def test_a_timestamp_that_is_none_is_refused(body, timestamp):
    with refused("timestamp"):
        verify(body, {**signed(body), "Webhook-Timestamp": timestamp})


def test_parsed_json_is_refused_with_the_fix(event, body):
    with pytest.raises(TypeError, match="raw bytes"):
        verify(event, signed(body))


def test_a_broken_secret_is_named(body):
    with pytest.raises(ValueError, match="whsec_"):
        verify(body, signed(body), secret="whsec_?")


def test_a_kind_from_the_future_is_an_unknown_event(event):
    body = json.dumps({**event, "type": "reservation.expired", "data": {"id": "rsv_1"}}).encode()

    unknown = verify(body, signed(body))

    assert isinstance(unknown, models.UnknownEvent)
    assert unknown.type == "reservation.expired"
    assert unknown.data == {"id": "rsv_1"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"{}"])
def test_a_proved_body_that_is_no_event_is_refused(body):
    with refused("body"):
        verify(body, signed(body))


def test_the_client_verifies_without_asking_anyone(server, body):
    headers = signed(body, at=int(datetime.now(UTC).timestamp()))

    assert server.client().webhooks.verify(body, headers, secret=SECRET).id == "evt_1"
    assert server.asked == []
