"""When what failed is tried again: by the schedule, by what the endpoint asks for, and not at all once it is gone."""

from datetime import UTC, datetime, timedelta

import pytest

from twh_server.webhooks.schedule import JITTER, Schedule

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


async def failed_once(webhooks, receiver, *, status, headers=None, codes=("A",)):
    """An endpoint that has answered so; answers it and its deliveries."""
    receiver.answer = receiver.say(status, headers=headers)
    endpoint = await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.happen(*codes)
    await webhooks.fan_out()
    await webhooks.attempt_all()
    return endpoint, await webhooks.deliveries()


def wait_of(delivery, webhooks):
    return (delivery.next_attempt_at - webhooks.clock()).total_seconds()


def test_a_wait_is_longer_by_chance_and_by_a_tenth_at_most():
    schedule = Schedule(waits_seconds=[0, 100], chance=lambda: 1.0)

    assert schedule.next_attempt(made=1, at=NOW) == NOW + timedelta(seconds=100 * (1 + JITTER))
    assert schedule.next_attempt(made=2, at=NOW) is None


@pytest.mark.parametrize("status", [429, 503])
async def test_what_an_endpoint_asks_for_holds_all_its_deliveries(webhooks, receiver, status):
    endpoint, (delivery,) = await failed_once(webhooks, receiver, status=status, headers={"Retry-After": "120"})
    await webhooks.happen("B")
    await webhooks.fan_out()

    async with webhooks.delivering():
        webhooks.ahead = timedelta(seconds=110)
        await webhooks.looked()
    held = len(receiver.requests)
    receiver.answer = receiver.say(204)
    webhooks.ahead = timedelta(seconds=122)
    await webhooks.attempt_all()

    assert 118 < (delivery.next_attempt_at - webhooks.clock() + webhooks.ahead).total_seconds() <= 120
    assert held == 1
    assert {one.state for one in await webhooks.deliveries(endpoint=endpoint.id)} == {"delivered"}


async def test_other_answers_do_not_slow_deliveries_down(webhooks, receiver):
    _, (delivery,) = await failed_once(webhooks, receiver, status=500, headers={"Retry-After": "3600"})

    assert wait_of(delivery, webhooks) <= 5


async def test_an_endpoint_that_asks_for_less_than_the_schedule_has_its_delivery_by_the_schedule(webhooks, receiver):
    _, (delivery,) = await failed_once(webhooks, receiver, status=429, headers={"Retry-After": "1"})

    assert 4 < wait_of(delivery, webhooks) <= 5


async def test_an_endpoint_that_is_gone_is_disabled_at_once_and_sends_what_it_held_when_it_is_enabled(
    webhooks, receiver
):
    endpoint, (delivery,) = await failed_once(webhooks, receiver, status=410)
    await webhooks.watch.look()
    disabled = await webhooks.endpoint(endpoint)
    await webhooks.happen("B")
    await webhooks.fan_out()
    webhooks.ahead = timedelta(days=1)
    await webhooks.attempt_all()
    held = len(receiver.requests)
    (told,) = await webhooks.told("endpoint.disabled")

    receiver.answer = receiver.say(204)
    await webhooks.update(endpoint, enabled=True)
    await webhooks.fan_out()
    await webhooks.attempt_all()

    assert delivery.state == "pending"
    assert (disabled.enabled, disabled.disabled_because) == (False, "gone")
    assert (told["id"], told["reason"], told["enabled"]) == (endpoint.id, "gone", False)
    assert held == 1
    assert (await webhooks.endpoint(endpoint)).disabled_because is None
    assert [one.state for one in await webhooks.deliveries()] == ["delivered"] * 2


async def test_an_endpoint_that_moved_meanwhile_is_not_disabled_for_what_its_old_address_said(webhooks, receiver):
    endpoint, _ = await failed_once(webhooks, receiver, status=410)
    await webhooks.update(endpoint, url=f"http://127.0.0.1:{receiver.port}/moved")

    await webhooks.watch.look()

    assert (await webhooks.endpoint(endpoint)).enabled


async def test_a_dead_letter_that_is_begun_again_has_the_whole_schedule_and_keeps_its_number(
    webhooks, receiver, superuser, shop
):
    _, (delivery,) = await failed_once(webhooks, receiver, status=500)
    await superuser.execute(
        "update deliveries set attempts = 10, tries = 0, next_attempt_at = now() where tenant_id = %s", (shop.tenant,)
    )
    await superuser.execute("update endpoint_queues set due_at = now() where tenant_id = %s", (shop.tenant,))

    await webhooks.attempt_all()

    (again,) = await webhooks.deliveries()
    assert (again.state, again.attempts) == ("pending", 11)
    assert wait_of(again, webhooks) <= 5
    assert [attempt.number for attempt in await webhooks.attempts(delivery)] == [1, 11]
