"""An endpoint that fails is left alone for a while, warned of after three days, disabled after five, and begins anew."""

from datetime import timedelta

import pytest

from twh_server.webhooks.disabling import Watch
from twh_server.webhooks.endpoint_health import get_health

ENOUGH = timedelta(seconds=70)
"""Longer than any pause."""


@pytest.fixture
async def failing(webhooks, receiver):
    """An endpoint whose first attempt has failed."""
    receiver.answer = receiver.say(500)
    endpoint = await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.happen("A")
    await webhooks.fan_out()
    await webhooks.attempt_all()
    return endpoint


async def after(webhooks, code, **time):
    """So long after the first attempt, something happens, and is sent; then it is looked after."""
    webhooks.ahead = timedelta(**time)
    await webhooks.happen(code)
    await webhooks.fan_out()
    await webhooks.attempt_all()
    webhooks.ahead += ENOUGH
    await webhooks.watch.look()


async def test_it_fails_since_the_first_attempt_that_did_not_arrive(webhooks, failing):
    since = await webhooks.queue(failing, "failing_since")

    await after(webhooks, "B", hours=1)

    assert await webhooks.queue(failing, "failing_since", "proven", "prompt") == (since, False, False)


async def test_it_is_well_when_something_arrives(webhooks, receiver, failing):
    receiver.answer = receiver.say(204)

    await after(webhooks, "B", days=4)

    assert await webhooks.queue(failing, "failing_since", "proven", "prompt") == (None, True, True)
    assert await webhooks.told("endpoint.disabling") == []


async def test_whoever_asks_is_told_since_when_and_the_endpoint_stays_as_it_is(webhooks, shop, receiver, failing):
    before = await webhooks.endpoint(failing)
    await after(webhooks, "B", days=4)
    ill = await get_health(webhooks.database, shop.tenant, failing.id)
    since, warned_at, held_until = await webhooks.queue(failing, "failing_since", "warned_at", "held_until")
    still = await webhooks.endpoint(failing)
    receiver.answer = receiver.say(204)
    webhooks.ahead += timedelta(days=1)
    await webhooks.attempt_all()
    well = await get_health(webhooks.database, shop.tenant, failing.id)

    assert (ill.endpoint, ill.failing_since, ill.warned_at, ill.held_until) == (
        failing.id,
        since,
        warned_at,
        held_until,
    )
    assert warned_at
    assert ill.pending == 2
    assert ill.next_attempt_at >= held_until
    assert still == before
    assert (well.failing_since, well.warned_at, well.pending, well.next_attempt_at) == (None, None, 0, None)


async def test_who_was_never_sent_anything_is_well_and_who_is_disabled_is_not_tried(webhooks, shop, failing):
    new = await webhooks.create("https://example.com/hook", kinds=["stock.low"])
    await webhooks.update(failing, enabled=False)
    fresh = await get_health(webhooks.database, shop.tenant, new.id)
    held = await get_health(webhooks.database, shop.tenant, failing.id)

    assert (fresh.failing_since, fresh.held_until, fresh.pending, fresh.next_attempt_at) == (None, None, 0, None)
    assert (held.pending, held.next_attempt_at) == (1, None)


async def test_it_is_warned_of_once_after_three_days_and_disabled_after_five(webhooks, failing):
    since = await webhooks.queue(failing, "failing_since")
    await after(webhooks, "B", days=2, hours=23)
    early = await webhooks.told("endpoint.disabling")
    await after(webhooks, "C", days=3)
    await after(webhooks, "D", days=4)
    (warned,) = await webhooks.told("endpoint.disabling")
    before = (await webhooks.endpoint(failing)).enabled
    await after(webhooks, "E", days=5, minutes=5)
    (told,) = await webhooks.told("endpoint.disabled")
    endpoint = await webhooks.endpoint(failing)

    assert early == []
    assert before
    assert (warned["id"], warned["reason"], warned["enabled"]) == (failing.id, "failing", True)
    assert warned["disabled_at"][:10] == (since + timedelta(days=5)).isoformat()[:10]
    assert (endpoint.enabled, endpoint.disabled_because, endpoint.version) == (False, "failing", 2)
    assert (told["reason"], told["version"]) == ("failing", 2)


async def test_nobody_is_disabled_without_two_days_of_warning(webhooks, failing):
    await after(webhooks, "B", days=9)
    still = (await webhooks.endpoint(failing)).enabled
    await after(webhooks, "C", days=11, hours=1)

    assert still
    assert not (await webhooks.endpoint(failing)).enabled


async def test_what_it_held_is_sent_when_it_is_enabled_again_and_it_begins_anew(webhooks, receiver, failing):
    await after(webhooks, "B", days=3)
    await after(webhooks, "C", days=5, hours=1)
    await webhooks.happen("D")
    await webhooks.fan_out()
    seen = len(receiver.requests)
    await webhooks.attempt_all()
    held = len(receiver.requests) - seen

    receiver.answer = receiver.say(204)
    await webhooks.update(failing, enabled=True)
    await webhooks.fan_out()
    await webhooks.attempt_all()

    assert held == 0
    assert await webhooks.queue(failing, "failing_since", "warned_at", "proven") == (None, None, True)
    assert {one.state for one in await webhooks.deliveries(endpoint=failing.id)} == {"delivered"}


async def test_another_address_is_another_chance(webhooks, failing):
    await after(webhooks, "B", days=4)

    await webhooks.update(failing, url="http://127.0.0.1:9/")
    await webhooks.fan_out()

    assert await webhooks.queue(failing, "failing_since", "warned_at") == (None, None)


async def test_other_changes_do_not_make_it_well(webhooks, failing):
    await after(webhooks, "B", days=4)

    await webhooks.update(failing, description="Shop front")
    await webhooks.fan_out()

    assert None not in await webhooks.queue(failing, "failing_since", "warned_at")


async def test_two_who_look_at_the_same_time_tell_once(webhooks, database, failing):
    await after(webhooks, "B", hours=1)
    webhooks.ahead = timedelta(days=4)
    other = Watch(database, webhooks.writer, clock=webhooks.clock)

    await webhooks.both(webhooks.watch.look(), other.look())
    await other.look()

    assert len(await webhooks.told("endpoint.disabling")) == 1


async def test_the_longer_it_fails_the_longer_it_is_left_alone(webhooks, failing):
    await after(webhooks, "B", seconds=100)
    short = await pause(webhooks, failing, seconds=100)
    await after(webhooks, "C", hours=5)
    long = await pause(webhooks, failing, hours=5)

    assert 9 < short < 12
    assert 59 < long < 62


async def pause(webhooks, endpoint, **time):
    """How long it is left alone after an attempt that was made so long after the first."""
    since, held_until = await webhooks.queue(endpoint, "failing_since", "held_until")
    return (held_until - since - timedelta(**time)).total_seconds()
