"""When a key was used last is written seldom, in the background, and never in anyone's way."""

from datetime import UTC, datetime, timedelta

import pytest

from twh_server.access.keys import Keys
from twh_server.access.last_use import LastUse

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)


@pytest.fixture
def clock(clock):
    clock.now = NOON
    return clock


@pytest.fixture
def last_use(asked, clock):
    return LastUse(asked, clock=clock)


@pytest.fixture
def written(superuser, shop):
    """When the shop's key was used last, as the database has it."""

    async def written():
        found = await superuser.execute("select last_used_at from api_keys where id = %s", (shop.key,))
        return (await found.fetchone())[0]

    return written


async def test_a_used_key_says_when(shop, last_use, written):
    last_use.note(shop.tenant, shop.key)

    await last_use.write()

    assert await written() == NOON


async def test_it_is_written_once_a_minute_at_most_and_then_what_was_last(shop, last_use, written, clock, asked):
    for second in range(120):
        clock.now = NOON + timedelta(seconds=second)
        last_use.note(shop.tenant, shop.key)
        await last_use.write()

    assert asked.times == 2
    assert await written() == NOON + timedelta(seconds=60)


async def test_nothing_is_written_of_what_was_not_used(last_use, asked):
    await last_use.write()
    await last_use.write(all_of_it=True)

    assert asked.times == 0


async def test_at_the_end_of_a_process_everything_is_written(shop, last_use, written, clock):
    last_use.note(shop.tenant, shop.key)
    await last_use.write()
    clock.now += timedelta(seconds=7)
    last_use.note(shop.tenant, shop.key)

    await last_use.write(all_of_it=True)

    assert await written() == NOON + timedelta(seconds=7)


async def test_many_keys_are_written_at_once(shop, other_shop, last_use, asked):
    last_use.note(shop.tenant, shop.key)
    last_use.note(other_shop.tenant, other_shop.key)

    await last_use.write()

    assert asked.times == 1


async def test_a_lost_database_is_survived_and_written_to_later(shop, last_use, asked, written):
    asked.broken = True
    last_use.note(shop.tenant, shop.key)
    await last_use.write()
    asked.broken = False

    await last_use.write()

    assert await written() == NOON


async def test_an_earlier_use_that_is_written_later_changes_nothing(shop, database, written):
    late, early = LastUse(database, clock=lambda: NOON), LastUse(database, clock=lambda: NOON - timedelta(hours=1))
    for process in (late, early):
        process.note(shop.tenant, shop.key)
        await process.write()

    assert await written() == NOON


async def test_a_key_that_is_just_being_changed_is_not_waited_for(shop, last_use, database, written, clock):
    last_use.note(shop.tenant, shop.key)
    async with database.transaction() as tx:
        await tx.execute("update api_keys set name = 'x' where tenant_id = %s and id = %s", (shop.tenant, shop.key))
        await last_use.write()
    clock.now += timedelta(minutes=1)
    last_use.note(shop.tenant, shop.key)

    await last_use.write()

    assert await written() == clock.now


async def test_finding_a_key_notes_its_use(shop, database, written):
    known = Keys(database)
    before = datetime.now(UTC)
    await known.find(shop.secret)

    await known.last_use.write()

    assert await written() >= before
