"""A webhook is ours or it is refused, and the refusal says which check failed. Judged by an implementation not our own."""

import base64
import hmac
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from email.message import Message
from types import MappingProxyType

import httpx
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
    with refused("no_match"):
        verify(body, signed(body, OTHER))


def test_one_of_several_secrets_is_enough(body):
    assert verify(body, signed(body, OTHER), secret=[SECRET, OTHER]).id == "evt_1"


def test_one_of_several_signatures_is_enough(body):
    headers = signed(body)
    headers["Webhook-Signature"] = f"v1a,AAAA {signed(body, OTHER)['Webhook-Signature']} {headers['Webhook-Signature']}"

    assert verify(body, headers).id == "evt_1"


def test_a_changed_body_is_refused(body):
    with refused("no_match"):
        verify(body.replace(b"12", b"13"), signed(body))


def test_a_changed_id_is_refused(body):
    with refused("no_match"):
        verify(body, {**signed(body), "Webhook-Id": "evt_2"})


def test_only_version_1_counts(body):
    headers = signed(body)
    headers["Webhook-Signature"] = headers["Webhook-Signature"].replace("v1,", "v2,") + " v1a,AAAA"

    with refused("unknown_version"):
        verify(body, headers)


@pytest.mark.parametrize(
    "signature", ["v1,", "v1", "v1,%%%", "v1,AAAA", "v1,ünreadable", "v1,\udcff", "v1,AAAA v2,AAAA"]
)
def test_a_malformed_signature_is_refused(body, signature):
    with refused("no_match"):
        verify(body, {**signed(body), "Webhook-Signature": signature})


@pytest.mark.parametrize("signature", [",", "nonsense", "V1,AAAA", "v11,AAAA", "v1a,AAAA"])
def test_without_a_signature_of_our_version_it_is_said_that_there_is_none(body, signature):
    with refused("unknown_version"):
        verify(body, {**signed(body), "Webhook-Signature": signature})


def test_an_id_that_is_no_text_proves_nothing(body):
    with refused("no_match"):
        verify(body, {**signed(body), "Webhook-Id": "evt_\udcff"})


def test_the_beginning_of_a_signature_proves_nothing(body):
    headers = signed(body)
    whole = base64.b64decode(headers["Webhook-Signature"].removeprefix("v1,"))
    headers["Webhook-Signature"] = f"v1,{base64.b64encode(whole[:16]).decode()}"

    with refused("no_match"):
        verify(body, headers)


@pytest.mark.parametrize("among", [1, 20])
def test_the_right_signature_is_found_wherever_it_stands(body, among):
    others = [signed(body, OTHER)["Webhook-Signature"], "v1a,AAAA", "v3,AAAA", "nonsense"] * among
    right = signed(body)["Webhook-Signature"]

    for place in (0, len(others) // 2, len(others)):
        header = " ".join([*others[:place], right, *others[place:]])
        assert verify(body, {**signed(body), "Webhook-Signature": header}).id == "evt_1"


@pytest.mark.parametrize("name", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
def test_a_missing_header_is_named(body, name):
    headers = {header: value for header, value in signed(body).items() if header != name}

    with pytest.raises(errors.WebhookRejected, match=name.lower()) as refusal:
        verify(body, headers)

    assert refusal.value.check == "missing_header"


def test_the_tolerance_is_five_minutes_either_way(body):
    headers = signed(body)

    assert verify(body, headers, now=NOW + 300).id == verify(body, headers, now=NOW - 300).id == "evt_1"
    with refused("too_old"):
        verify(body, headers, now=NOW + 301)
    with refused("too_new"):
        verify(body, headers, now=NOW - 301)


def test_the_tolerance_may_be_another(body):
    assert verify(body, signed(body), now=NOW + 3_600, tolerance=3_600).id == "evt_1"
    with refused("too_old"):
        verify(body, signed(body), now=NOW + 11, tolerance=10)


@pytest.mark.parametrize("timestamp", ["soon", "-1", "1e9", "1.5", " 1", "٣", "9" * 400])
def test_a_timestamp_that_is_none_is_refused(body, timestamp):
    with refused("malformed_timestamp"):
        verify(body, {**signed(body), "Webhook-Timestamp": timestamp})


def test_parsed_json_is_refused_with_the_fix(event, body):
    with pytest.raises(TypeError, match="raw bytes"):
        verify(event, signed(body))


@pytest.mark.parametrize("secret", ["whsec_?", "whsec_ü", "whsec_", "", [SECRET, ""]])
def test_a_secret_that_is_none_is_no_secret(body, secret):
    """With an empty key, whoever signs with an empty key would be believed."""
    with pytest.raises(ValueError, match="whsec_"):
        verify(body, signed(body), secret=secret)


def test_no_secret_at_all_is_refused(body):
    with pytest.raises(ValueError, match="at least one secret"):
        verify(body, signed(body), secret=[])


def test_a_secret_may_be_without_its_prefix(body):
    assert verify(body, signed(body), secret=SECRET.removeprefix("whsec_")).id == "evt_1"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_of_any_kind_are_raw(body, kind):
    assert verify(kind(body), signed(body)).id == "evt_1"


def test_a_kind_from_the_future_is_an_unknown_event(event):
    body = json.dumps({**event, "type": "reservation.expired", "data": {"id": "rsv_1"}}).encode()

    unknown = verify(body, signed(body))

    assert isinstance(unknown, models.UnknownEvent)
    assert unknown.type == "reservation.expired"
    assert unknown.data == {"id": "rsv_1"}


@pytest.mark.parametrize(
    ("body", "check"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"[]", "not_an_event"),
        (b'"text"', "not_an_event"),
        (b"{}", "not_an_event"),
    ],
)
def test_a_proved_body_that_is_no_event_is_refused(body, check):
    with refused(check):
        verify(body, signed(body))


def message_of(headers):
    message = Message()
    for name, value in headers.items():
        message[name] = value
    return message


HEADERS = {
    "pairs of text": lambda headers: list(headers.items()),
    "ASGI": lambda headers: [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    "WSGI": lambda headers: {
        "wsgi.input": io.BytesIO(),
        "CONTENT_TYPE": "application/json",
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    },
    "capitals": lambda headers: {name.upper(): value for name, value in headers.items()},
    "lists of values": lambda headers: {name: [value] for name, value in headers.items()},
    "http.server": message_of,
    "httpx": httpx.Headers,
    "a read-only mapping": MappingProxyType,
}


@pytest.mark.parametrize("form", HEADERS)
def test_headers_may_be_what_a_framework_has(body, form):
    assert verify(body, HEADERS[form](signed(body))).id == "evt_1"


def test_a_signature_header_that_stands_twice_is_read_whole_where_it_is_a_list(body):
    headers = {**signed(body), "Webhook-Signature": ["v1,AAAA", signed(body)["Webhook-Signature"]]}

    assert verify(body, headers).id == "evt_1"


@pytest.mark.parametrize("form", HEADERS)
def test_a_missing_header_is_missing_in_any_form(body, form):
    headers = {name: value for name, value in signed(body).items() if name != "Webhook-Timestamp"}

    with refused("missing_header"):
        verify(body, HEADERS[form](headers))


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        (lambda event: json.dumps(event, indent=2, ensure_ascii=False).encode(), "parsed and written again"),
        (lambda event: json.dumps(event).encode(), "parsed and written again"),
        (lambda event: compact(event) + b"\n", "line ends stand around the body"),
        (lambda event: compact({**event, "id": "evt_2"}), "Is the secret this endpoint's"),
        (lambda event: compact(event)[:-1], "Is the secret this endpoint's"),
        (lambda _: b"[" * 100_000, "Is the secret this endpoint's"),
        (lambda _: b"[" * 50_000, "Is the secret this endpoint's"),
    ],
)
def test_the_usual_mistake_is_named(event, change, hint):
    event = {**event, "note": "Äpfel"}
    headers = signed(compact(event))

    with pytest.raises(errors.WebhookRejected) as refusal:
        verify(change(event), headers)

    assert refusal.value.check == "no_match"
    assert refusal.value.code == "webhook_no_match"
    assert hint in refusal.value.hint


def compact(event):
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def test_many_signatures_cost_no_more_than_one(body, monkeypatch):
    """Whoever knows no secret chooses how many there are; the body is hashed for each of our secrets, and no more."""
    hashed, digest = [], hmac.digest
    headers = {**signed(body), "Webhook-Signature": "v1,AAAA " * 1_000}
    monkeypatch.setattr(hmac, "digest", lambda *told: hashed.append(told) or digest(*told))

    with refused("no_match"):
        verify(body, headers, secret=[SECRET, OTHER])

    assert len(hashed) == 2 * 3  # as it came, without what stands around it, and written anew


def test_every_check_says_what_to_look_at(body):
    attempts = [
        ({"headers": {}}, "missing_header"),
        ({"headers": {**signed(body), "Webhook-Signature": "v2,AAAA"}}, "unknown_version"),
        ({"now": NOW + 1_000}, "too_old"),
        ({"now": NOW - 1_000}, "too_new"),
        ({"secret": OTHER}, "no_match"),
    ]
    for more, check in attempts:
        with pytest.raises(errors.WebhookRejected) as refusal:
            verify(body, **{"headers": signed(body), **more})
        assert refusal.value.check == check
        assert refusal.value.hint


def test_the_client_verifies_without_asking_anyone(server, body):
    headers = signed(body, at=int(datetime.now(UTC).timestamp()))

    assert server.client().webhooks.verify(body, headers, secret=SECRET).id == "evt_1"
    assert server.asked == []


STOCK_LOW = {
    "item": {"id": "itm_01kaqgn4dzev7b2yptc4m5c3qr", "sku": "TSHIRT-M"},
    "location": {"id": "loc_01kaqgn4e3f0dvm63vkxhkqk8d", "code": "MAIN"},
    "on_hand": "2",
    "available": "2",
    "reorder_point": "5",
}
CLOUD = {
    "specversion": "1.0",
    "id": "evt_1",
    "source": "/tenants/ten_1",
    "type": "stock.low",
    "time": "2026-05-10T12:00:00.250000Z",
    "sequence": "0000000000000000042",
    "tenant": "ten_1",
    "subject": "itm_01kaqgn4dzev7b2yptc4m5c3qr",
    "actor": "key_1",
    "actorname": "tills",
}


def test_a_cloud_event_is_read_as_the_event_that_it_is_made_of():
    event = webhooks.parse(json.dumps({**CLOUD, "datacontenttype": "application/json", "data": STOCK_LOW}).encode())

    assert isinstance(event, models.StockLow)
    assert (event.sequence, event.actor.name, event.data.available) == (42, "tills", Decimal(2))
    assert event.timestamp == datetime(2026, 5, 10, 12, 0, 0, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "body",
    [
        {**CLOUD, "dataref": "/v1/events/evt_1"},
        {
            "id": "evt_1",
            "type": "stock.low",
            "timestamp": "2026-05-10T12:00:00Z",
            "sequence": 42,
            "subject": "itm_01kaqgn4dzev7b2yptc4m5c3qr",
            "url": "/v1/events/evt_1",
        },
    ],
)
def test_an_event_without_its_data_is_thin(body):
    event = webhooks.parse(json.dumps(body).encode())

    assert isinstance(event, models.ThinEvent)
    assert (event.type, event.sequence, event.subject) == ("stock.low", 42, "itm_01kaqgn4dzev7b2yptc4m5c3qr")
    assert (event.id, event.url, event.data) == ("evt_1", "/v1/events/evt_1", None)


@pytest.mark.parametrize("lacks", ["sequence", "id", "time", "type"])
def test_a_cloud_event_that_is_none_of_ours_is_no_event(lacks):
    body = {name: value for name, value in CLOUD.items() if name != lacks} | {"data": STOCK_LOW}

    with pytest.raises(errors.WebhookRejected) as rejected:
        webhooks.parse(json.dumps(body).encode())

    assert rejected.value.check == "not_an_event"
