"""An endpoint's secret is changed while deliveries go on: with the old secret or with the new one, each verifies."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from twh_server.events import feed
from twh_server.webhooks import targets
from twh_server.webhooks.endpoint_commands import RotateSecret, UpdateEndpoint
from twh_server.webhooks.refusals import EndpointNotFound

DAY = timedelta(days=1)


@pytest.fixture
def rotate(webhooks):
    """Rotates an endpoint's secret; the answer has the new one."""

    async def rotate(endpoint, overlap=DAY):
        return await webhooks.submit(RotateSecret(endpoint=endpoint.id, overlap=overlap, sealer=webhooks.sealer))

    return rotate


@pytest.fixture
def deliver(webhooks, receiver):
    """Makes something happen and delivers it; the body and the headers that arrived."""

    async def deliver(code):
        heard = len(receiver.requests)
        await webhooks.happen(code)
        await webhooks.fan_out()
        await webhooks.attempt_all()
        request, body = next(
            (request, body)
            for request, body in receiver.requests[heard:]
            if msgspec.json.decode(body)["type"] == "location.created"
        )
        return body, dict(request.headers)

    return deliver


async def test_during_the_overlap_a_delivery_verifies_with_either_secret(webhooks, receiver, rotate, deliver):
    old = await webhooks.create(receiver.url)
    new = await rotate(old)

    body, headers = await deliver("A")

    assert old.secret != new.secret
    assert len(headers["webhook-signature"].split()) == 2
    for secret in (old.secret, new.secret):
        assert Webhook(secret).verify(body, headers)["type"] == "location.created"


async def test_after_the_overlap_only_the_new_secret_signs(webhooks, receiver, rotate, deliver):
    old = await webhooks.create(receiver.url)
    new = await rotate(old, overlap=timedelta(milliseconds=50))
    await asyncio.sleep(0.06)

    body, headers = await deliver("A")

    assert len(headers["webhook-signature"].split()) == 1
    assert Webhook(new.secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old.secret).verify(body, headers)


async def test_without_an_overlap_the_new_secret_signs_at_once_and_alone(webhooks, receiver, rotate, deliver):
    old = await webhooks.create(receiver.url)
    new = await rotate(old, overlap=timedelta(0))

    body, headers = await deliver("A")

    assert Webhook(new.secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old.secret).verify(body, headers)
    assert new.previous_secret_until is None


async def test_of_two_rotations_the_last_two_secrets_sign(webhooks, receiver, rotate, deliver):
    first = await webhooks.create(receiver.url)
    second = await rotate(first)
    third = await rotate(first)

    body, headers = await deliver("A")

    for secret in (second.secret, third.secret):
        assert Webhook(secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(first.secret).verify(body, headers)


async def test_a_delivery_that_failed_before_is_signed_with_both_when_it_is_tried_again(webhooks, receiver, rotate):
    receiver.answer = receiver.say(500)
    old = await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.happen("A")
    await webhooks.fan_out()
    await webhooks.attempt_all()
    new = await rotate(old)
    webhooks.ahead = timedelta(minutes=10)

    await webhooks.attempt_all()

    (_, before), (again, body) = receiver.requests
    assert body == before
    at = datetime.fromtimestamp(int(again.headers["webhook-timestamp"]), UTC)
    for secret in (old.secret, new.secret):
        signature = Webhook(secret).sign(again.headers["webhook-id"], at, body.decode())
        assert signature in again.headers["webhook-signature"].split()


async def test_other_changes_leave_both_secrets_as_they_are(webhooks, receiver, rotate, deliver):
    old = await webhooks.create(receiver.url)
    new = await rotate(old)
    await webhooks.update(new, description="ours")

    body, headers = await deliver("A")

    for secret in (old.secret, new.secret):
        assert Webhook(secret).verify(body, headers)


async def test_an_endpoint_changed_and_rotated_in_one_batch_signs_with_both(webhooks, receiver, rotate, deliver):
    old = await webhooks.create(receiver.url)
    rotated, _ = await asyncio.gather(
        rotate(old),
        webhooks.submit(UpdateEndpoint(endpoint=old.id, changes={"description": "x"}, policy=targets.SANDBOX)),
    )

    body, headers = await deliver("A")

    for secret in (old.secret, rotated.secret):
        assert Webhook(secret).verify(body, headers)


async def test_a_rotation_is_a_new_version_and_is_told_without_a_secret(webhooks, receiver, rotate, database, shop):
    old = await webhooks.create(receiver.url)
    new = await rotate(old)

    (told,) = (await feed.read(database, shop.tenant, after=0, kinds=["endpoint.secret_rotated"])).bodies
    event = msgspec.json.decode(told)

    assert (new.version, new.etag) == (2, '"wh2"')
    assert event["previous"] == {"previous_secret_until": None}
    assert event["data"]["previous_secret_until"]
    assert "whsec" not in told.decode()


async def test_there_is_no_secret_to_rotate_of_a_deleted_endpoint(webhooks, receiver, rotate):
    endpoint = await webhooks.create(receiver.url)
    await webhooks.delete(endpoint)

    with pytest.raises(EndpointNotFound):
        await rotate(endpoint)
