"""What is sent is signed as Standard Webhooks says, as others and the SDK prove it; the secrets are nowhere to be read."""

import base64
import logging
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

import twh
from twh_server.access.sealing import Sealer
from twh_server.database.tables import metadata
from twh_server.tenancy.export import export
from twh_server.webhooks import signing

BODY = '{"name":"Äpfel"}'.encode()


def test_the_published_vector_is_signed_as_published():
    """From the documentation of Standard Webhooks."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    message_id = "msg_p5jXN8AQM9LWM0D4loKWxJek"

    headers = signing.headers([secret], message_id=message_id, timestamp=1614265330, body=b'{"test": 2432232314}')

    assert headers == {
        "webhook-id": message_id,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("count", [1, 2, 5])
def test_with_several_secrets_each_proves_by_itself(count):
    secrets = [signing.new_secret() for _ in range(count)]
    now = int(datetime.now(UTC).timestamp())

    headers = signing.headers(secrets, message_id="evt_1", timestamp=now, body=BODY)

    for secret in map(signing.secret_text, secrets):
        assert Webhook(secret).verify(BODY.decode(), headers) == {"name": "Äpfel"}
        twh.webhooks.prove(BODY, headers, secret=secret)
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.secret_text(signing.new_secret())).verify(BODY.decode(), headers)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"\x00\xff\xfe", b"x" * 1_000_000], ids=["empty", "small", "no text", "big"]
)
def test_whatever_the_body_the_sdk_proves_it(body):
    secret = signing.new_secret()
    now = int(datetime.now(UTC).timestamp())

    headers = signing.headers([secret], message_id="evt_1", timestamp=now, body=body)

    twh.webhooks.prove(body, headers, secret=signing.secret_text(secret))
    with pytest.raises(twh.WebhookRejected):
        twh.webhooks.prove(body + b" ", headers, secret=signing.secret_text(secret))


async def test_a_secret_is_in_the_answer_that_gives_it_and_nowhere_else(
    webhooks, receiver, http, database, shop, superuser, caplog
):
    caplog.set_level(logging.DEBUG)
    webhooks.sealer = Sealer(bytes(32))
    key = {"Idempotency-Key": "create"}
    created = (await http.post("/v1/webhook-endpoints", json={"url": receiver.url}, headers=key)).json()
    path = f"/v1/webhook-endpoints/{created['id']}"
    rotated = (await http.post(f"{path}/rotate-secret", json={}, headers={"Idempotency-Key": "rotate"})).json()
    receiver.answer = receiver.say(500, b"no")
    await webhooks.happen("A")
    await webhooks.fan_out()
    await webhooks.attempt_all()
    webhooks.sealer = Sealer(b"\x01" * 32)  # one that opens nothing
    await webhooks.happen("B")
    await webhooks.fan_out()
    await webhooks.attempt_all()

    told = [caplog.text.encode(), b"".join([line async for line in export(database, shop.tenant)])]
    deliveries = (await http.get("/v1/deliveries")).json()["data"]
    read = [f"/v1/deliveries/{delivery['id']}/attempts" for delivery in deliveries]
    read += [path, "/v1/webhook-endpoints", "/v1/events", "/v1/audit-log", "/v1/deliveries"]
    told += [(await http.get(one)).content for one in read]
    for table in metadata.tables:
        rows = await (await superuser.execute(f"select to_json(t)::text from {table} as t")).fetchall()
        told += [row.encode() for (row,) in rows]
    found = b"\n".join(told)

    assert receiver.requests
    for given in (created["secret"], rotated["secret"]):
        secret = base64.b64decode(given.removeprefix("whsec_"))
        for spelt in (
            given.encode(),
            given.removeprefix("whsec_").encode(),
            secret.hex().encode(),
            repr(secret).encode(),
        ):
            assert spelt not in found
