"""Guessing is slowed, for whoever guesses and for nobody whose key has worked."""

import pytest

from twh_server.access import attempts
from twh_server.access.attempts import ATTEMPTS_AT_ONCE, Attempts, source_of
from twh_server.access.key_form import new_secret
from twh_server.access.keys import Keys
from twh_server.access.refusals import ApiKeyUnknown, TooManyAttempts
from twh_server.database.engine import Transient


async def guess(known, times, source="192.0.2.1"):
    for _ in range(times):
        with pytest.raises(ApiKeyUnknown):
            await known.find(new_secret("sandbox"), source=source)


async def test_after_twenty_unknown_keys_an_address_is_not_looked_up_for(known, asked):
    await guess(known, ATTEMPTS_AT_ONCE)

    with pytest.raises(TooManyAttempts) as refusal:
        await known.find(new_secret("sandbox"), source="192.0.2.1")

    assert refusal.value.facts == {"retry_after_seconds": 1}
    assert asked.times == ATTEMPTS_AT_ONCE == 20


async def test_an_attempt_comes_back_every_second(known, clock):
    await guess(known, ATTEMPTS_AT_ONCE)
    clock.now += 3

    await guess(known, 3)

    with pytest.raises(TooManyAttempts):
        await known.find(new_secret("sandbox"), source="192.0.2.1")


async def test_another_address_is_not_held_up(known):
    await guess(known, ATTEMPTS_AT_ONCE)

    await guess(known, ATTEMPTS_AT_ONCE, source="192.0.2.2")


async def test_a_key_that_has_worked_is_not_held_up_by_others_at_its_address(shop, known, clock, asked):
    await known.find(shop.secret, source="192.0.2.1")
    await guess(known, ATTEMPTS_AT_ONCE)
    clock.now += 2
    await guess(known, 2)

    found = await known.find(shop.secret, source="192.0.2.1")

    assert found.tenant == shop.tenant
    assert asked.times == 24


async def test_a_key_that_exists_costs_no_attempt(shop, asked, clock):
    known = Keys(asked, clock=clock)
    await guess(known, ATTEMPTS_AT_ONCE - 1)

    await known.find(shop.secret, source="192.0.2.1")

    await guess(known, 1)


async def test_one_unknown_key_again_and_again_costs_one_attempt_each_two_seconds(known, clock):
    secret = new_secret("sandbox")
    for _ in range(100):
        for _ in range(5):
            with pytest.raises(ApiKeyUnknown):
                await known.find(secret, source="192.0.2.1")
        clock.now += 2


async def test_a_lost_database_costs_no_attempt(known, asked):
    asked.broken = True
    for _ in range(ATTEMPTS_AT_ONCE + 1):
        with pytest.raises(Transient):
            await known.find(new_secret("sandbox"), source="192.0.2.1")
    asked.broken = False

    await guess(known, ATTEMPTS_AT_ONCE)


def test_no_more_addresses_are_remembered_than_there_is_room_for(monkeypatch, clock):
    monkeypatch.setattr(attempts, "SOURCES_MAX", 3)
    slowed = Attempts(clock=clock)

    for number in range(10):
        slowed.take(str(number))

    assert list(slowed._left) == ["7", "8", "9"]


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_who_has_a_network_is_counted_as_one(host, source):
    assert source_of(host) == source
