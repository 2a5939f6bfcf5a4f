"""What an endpoint wants arrives, signed; what does not arrive is tried again; nothing is held by two at once."""

import asyncio
import contextlib
import time
from datetime import timedelta

import msgspec
import pytest
from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from twh_server import __version__
from twh_server.database.identifiers import EVENT
from twh_server.events import feed
from twh_server.events.follow import Follower
from twh_server.journal.writer import Writer
from twh_server.webhooks.claims import LEASE_SECONDS
from twh_server.webhooks.fan_out import FOLLOWER, fan_out
from twh_server.webhooks.schedule import WAITS_SECONDS


async def test_a_delivery_is_the_stored_event_signed_as_standard_webhooks_says(webhooks, receiver, database, shop):
    endpoint = await webhooks.create(receiver.url)
    await webhooks.happen("A")
    await webhooks.fan_out()

    await webhooks.attempt_all()

    request, body = receiver.requests[0]
    assert Webhook(endpoint.secret).verify(body, dict(request.headers))["type"] == "location.created"
    assert body == await feed.get(database, shop.tenant, request.headers["webhook-id"])
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == f"TWH/{__version__}"
    assert request.raw_path == "/hook?token=a%7Eb"
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(body + b" ", dict(request.headers))


async def test_any_2xx_is_delivered_and_what_was_answered_can_be_read(webhooks, receiver):
    receiver.answer = receiver.say(202, b"thank you")
    await webhooks.create(receiver.url)
    await webhooks.happen("A")
    await webhooks.fan_out()

    await webhooks.attempt_all()

    (delivery,) = await webhooks.deliveries()
    (attempt,) = await webhooks.attempts(delivery)
    assert (delivery.state, delivery.attempts, delivery.next_attempt_at) == ("delivered", 1, None)
    assert (delivery.event, delivery.event_type) == (receiver.ids[0], "location.created")
    assert delivery.delivered_at == attempt.at
    assert (attempt.number, attempt.status, attempt.error, attempt.response) == (1, 202, None, "thank you")


async def test_each_attempt_is_told_of(webhooks, receiver):
    told = []
    receiver.answer = receiver.say(500)
    await webhooks.create(receiver.url)
    await webhooks.happen("A", "B")
    await webhooks.fan_out()

    await webhooks.attempt_all(attempted=told.append)

    assert [(result.delivered, result.status) for result in told] == [(False, 500)] * 2


@pytest.mark.parametrize("status", [301, 400, 404, 410, 500, 503])
async def test_anything_but_2xx_is_a_failed_attempt(webhooks, receiver, status):
    receiver.answer = receiver.say(status, headers={"location": receiver.url})
    await webhooks.create(receiver.url)
    await webhooks.happen("A")
    await webhooks.fan_out()

    await webhooks.attempt_all()

    (delivery,) = await webhooks.deliveries()
    assert (delivery.state, delivery.attempts) == ("pending", 1)
    assert [attempt.status for attempt in await webhooks.attempts(delivery)] == [status]
    assert len(receiver.requests) == 1  # a redirect is not followed


async def test_a_failing_delivery_is_tried_on_schedule_and_then_given_up(webhooks, receiver):
    receiver.answer = receiver.say(500)
    await webhooks.create(receiver.url)
    await webhooks.happen("A")
    await webhooks.fan_out()

    waits = []
    for _ in WAITS_SECONDS:
        await webhooks.attempt_all()
        (delivery,) = await webhooks.deliveries()
        if delivery.next_attempt_at:
            waits.append(round((delivery.next_attempt_at - webhooks.clock()).total_seconds()))
            webhooks.ahead += timedelta(seconds=waits[-1] + 1)

    assert waits == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert (delivery.state, delivery.attempts) == ("failed", len(WAITS_SECONDS))
    assert [attempt.number for attempt in await webhooks.attempts(delivery)] == list(range(1, 11))
    assert len(set(receiver.ids)) == 1
    assert await webhooks.deliveries(state="failed") == [delivery]


async def test_a_delivery_that_failed_once_arrives_later_under_the_same_id(webhooks, receiver):
    receiver.answer = receiver.say(500)
    await webhooks.create(receiver.url)
    await webhooks.happen("A")
    await webhooks.fan_out()
    await webhooks.attempt_all()

    receiver.answer = receiver.say(200)
    webhooks.ahead = timedelta(seconds=6)
    await webhooks.attempt_all()

    (delivery,) = await webhooks.deliveries()
    assert (delivery.state, delivery.attempts) == ("delivered", 2)
    assert receiver.ids == [delivery.event] * 2


async def test_a_hanging_endpoint_is_left_at_the_deadline(webhooks, receiver):
    receiver.answer = lambda _: asyncio.sleep(60)
    await webhooks.create(receiver.url)
    await webhooks.happen("A")
    await webhooks.fan_out()

    await webhooks.attempt_all(deadline_seconds=0.2)

    (delivery,) = await webhooks.deliveries()
    (attempt,) = await webhooks.attempts(delivery)
    assert (attempt.status, attempt.error) == (None, "There was no complete answer within 0.2 seconds.")
    assert 200 <= attempt.milliseconds < 2000


async def test_a_dripping_body_ends_at_the_deadline(webhooks, receiver):
    async def drip(request):
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            await asyncio.sleep(0.02)

    receiver.answer = drip
    await webhooks.create(receiver.url)
    await webhooks.happen("A")
    await webhooks.fan_out()

    await webhooks.attempt_all(deadline_seconds=1)

    (delivery,) = await webhooks.deliveries()
    (attempt,) = await webhooks.attempts(delivery)
    assert attempt.status == 200
    assert attempt.response.startswith(".")
    assert attempt.milliseconds < 2000
    assert delivery.state == "delivered"  # the status line decides


async def test_of_a_huge_body_only_the_beginning_is_read(webhooks, receiver):
    sent = 0

    async def pour(request):
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1024):
            await response.write(b"x\x00\xff" + b"y" * (1 << 20))
            sent += 1
        return response

    receiver.answer = pour
    await webhooks.create(receiver.url)
    await webhooks.happen("A")
    await webhooks.fan_out()

    await webhooks.attempt_all()

    (delivery,) = await webhooks.deliveries()
    (attempt,) = await webhooks.attempts(delivery)
    assert attempt.response == "x\ufffd\ufffd" + "y" * 4093
    assert sent < 64


async def test_a_reset_connection_is_a_failed_attempt(webhooks, receiver):
    async def reset(request):
        request.transport.abort()
        await asyncio.sleep(1)

    receiver.answer = reset
    await webhooks.create(receiver.url)
    await webhooks.happen("A")
    await webhooks.fan_out()

    await webhooks.attempt_all()

    (delivery,) = await webhooks.deliveries()
    (attempt,) = await webhooks.attempts(delivery)
    assert attempt.error == "The connection was closed before there was an answer."


async def test_an_endpoint_that_is_not_there_is_a_failed_attempt(webhooks):
    await webhooks.create("http://127.0.0.1:9/")
    await webhooks.create("http://does-not-exist.invalid/")
    await webhooks.happen("A")
    await webhooks.fan_out()

    await webhooks.attempt_all()

    errors = [(await webhooks.attempts(delivery))[0].error for delivery in await webhooks.deliveries()]
    assert any(error.startswith("There was no connection:") for error in errors)
    assert any(error.startswith("The name does-not-exist.invalid has no address") for error in errors)


async def test_two_couriers_never_hold_one_delivery_at_once(webhooks, receiver):
    async def slowly(_request):
        await asyncio.sleep(0.05)
        return web.Response(status=204)

    receiver.answer = slowly
    await webhooks.create(receiver.url)
    await webhooks.happen(*[f"L{number}" for number in range(200)])
    await webhooks.fan_out()

    async with webhooks.delivering(couriers=3) as courier:
        await webhooks.settled(courier)
        await receiver.hear(200)

    assert receiver.under_way_max == 1
    assert len(receiver.ids) == len(set(receiver.ids)) == 200
    assert {delivery.state for delivery in await webhooks.deliveries()} == {"delivered"}


async def test_what_was_sent_but_not_recorded_is_sent_again_under_the_same_id(webhooks, receiver):
    receiver.answer = lambda _: asyncio.sleep(60)
    await webhooks.create(receiver.url)
    await webhooks.happen("A")
    await webhooks.fan_out()
    crashing = asyncio.create_task(webhooks.courier().run())
    await receiver.hear()
    crashing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await crashing

    receiver.answer = receiver.say(204)
    await webhooks.attempt_all()
    while_leased = list(receiver.ids)
    webhooks.ahead = timedelta(seconds=LEASE_SECONDS + 1)
    await webhooks.attempt_all()

    (delivery,) = await webhooks.deliveries()
    assert while_leased == [delivery.event]
    assert receiver.ids == [delivery.event] * 2
    assert (delivery.state, delivery.attempts) == ("delivered", 1)


async def test_whoever_comes_after_the_lease_changes_nothing(webhooks, receiver):
    answering = asyncio.Event()

    async def wait_then_fail(_request):
        await answering.wait()
        return web.Response(status=500)

    receiver.answer = wait_then_fail
    await webhooks.create(receiver.url)
    await webhooks.happen("A")
    await webhooks.fan_out()
    async with webhooks.delivering():
        await receiver.hear()
        receiver.answer = receiver.say(204)
        webhooks.ahead = timedelta(seconds=LEASE_SECONDS + 1)
        await webhooks.attempt_all()
        answering.set()

    (delivery,) = await webhooks.deliveries()
    assert (delivery.state, delivery.attempts) == ("delivered", 1)
    assert [attempt.status for attempt in await webhooks.attempts(delivery)] == [204]


async def test_a_slow_endpoint_holds_up_only_its_own(webhooks, receiver):
    async def hang_unless_good(request):
        await asyncio.sleep(0 if request.path == "/good" else 60)
        return web.Response(status=204)

    receiver.answer = hang_unless_good
    await webhooks.create(receiver.url)
    good = await webhooks.create(f"http://127.0.0.1:{receiver.port}/good", kinds=["location.created"])
    await webhooks.happen(*[f"L{number}" for number in range(100)])
    await webhooks.fan_out()

    running = asyncio.create_task(webhooks.courier().run())
    async with asyncio.timeout(5):
        while len(await webhooks.deliveries(endpoint=good.id, state="delivered")) < 100:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_stopping_finishes_what_is_under_way(webhooks, receiver):
    answering = asyncio.Event()

    async def wait(_request):
        await answering.wait()
        return web.Response(status=200)

    receiver.answer = wait
    await webhooks.create(receiver.url)
    await webhooks.happen("A")
    await webhooks.fan_out()
    courier = webhooks.courier()
    running = asyncio.create_task(courier.run())
    await receiver.hear()

    courier.stop()
    await asyncio.sleep(0.05)
    assert not running.done()
    answering.set()
    await asyncio.wait_for(running, 2)

    assert [delivery.state for delivery in await webhooks.deliveries()] == ["delivered"]


async def test_a_secret_sealed_with_a_lost_key_is_a_failed_attempt_that_says_so(webhooks, receiver):
    await webhooks.create(receiver.url)
    webhooks.sealer = type(webhooks.sealer)(bytes(32))
    await webhooks.happen("A")
    await webhooks.fan_out()

    await webhooks.attempt_all()

    (delivery,) = await webhooks.deliveries()
    (attempt,) = await webhooks.attempts(delivery)
    assert attempt.error == "It was sealed with a key that this server does not have."
    assert receiver.requests == []


async def test_from_commit_to_delivered_takes_well_under_a_tenth_of_a_second(webhooks, receiver, database):
    writer = Writer(database, webhooks.bell)
    webhooks.writer = writer
    await webhooks.create(receiver.url)
    courier = webhooks.courier()
    follower = Follower(database, webhooks.bell, FOLLOWER, fan_out, committed=courier.wake)
    running = [asyncio.create_task(courier.run()), asyncio.create_task(follower.run())]
    took = []
    for number in range(21):
        await webhooks.happen(f"L{number}")
        committed = time.perf_counter()
        await receiver.hear(number + 1)
        took.append(time.perf_counter() - committed)
    courier.stop()
    follower.stop()
    await asyncio.wait_for(asyncio.gather(*running), 5)
    await writer.close()

    assert sorted(took)[len(took) // 2] < 0.1
    assert [event["sequence"] for event in receiver.events] == list(range(2, 23))
    assert EVENT.parse(receiver.ids[0])


@pytest.mark.parametrize(
    ("chosen", "content_type", "fields"),
    [
        ({}, "application/json", ["id", "type", "timestamp", "sequence", "subject", "data"]),
        ({"payload": "thin"}, "application/json", ["id", "type", "timestamp", "sequence", "subject", "url"]),
        (
            {"form": "cloudevents"},
            "application/cloudevents+json",
            ["specversion", "id", "source", "type", "time", "sequence", "tenant", "subject", "datacontenttype", "data"],
        ),
        (
            {"form": "cloudevents", "payload": "thin"},
            "application/cloudevents+json",
            ["specversion", "id", "source", "type", "time", "sequence", "tenant", "subject", "dataref"],
        ),
    ],
)
async def test_an_event_comes_in_the_form_that_the_endpoint_chose_signed_and_the_same_each_time(
    webhooks, receiver, chosen, content_type, fields
):
    receiver.answer = receiver.say(500)
    created = await webhooks.create(receiver.url, kinds=["location.created"], **chosen)
    await webhooks.happen("A")
    await webhooks.fan_out()

    await webhooks.attempt_all()
    webhooks.ahead = timedelta(seconds=6)
    await webhooks.attempt_all()

    (first, body), (second, again) = receiver.requests
    assert {first.headers["content-type"], second.headers["content-type"]} == {content_type}
    assert list(msgspec.json.decode(body)) == fields
    assert body == again
    Webhook(created.secret).verify(body, dict(first.headers))
