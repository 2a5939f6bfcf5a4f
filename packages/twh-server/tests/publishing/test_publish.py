"""Publishing: the cursor moves once the bus has acknowledged, and a bus that is away costs nobody anything."""

import asyncio
import contextlib
import itertools
import logging
import time

import buses
import pytest
import pytest_asyncio

from twh_server.database.identifiers import TENANT
from twh_server.events.bell import Bell
from twh_server.events.follow import Run, lag_of
from twh_server.publishing import publish
from twh_server.publishing.addresses import addresses_in
from twh_server.publishing.buses import publisher_at
from twh_server.publishing.publish import Publishing
from twh_server.publishing.publisher import Refused

PATIENCE_SECONDS = 20
IDLE = "show idle_in_transaction_session_timeout"
AT_THE_END = """
insert into cursors (tenant_id, follower, sequence, updated_at)
select tenant_id, %s, sequence, now()
from ledger_heads
"""


@pytest_asyncio.fixture(loop_scope="session")
async def name(request, superuser):
    """A follower's name of its own; it has seen all that other tests did."""
    name = request.node.name[:100]
    await superuser.execute(AT_THE_END, (name,))
    return name


@pytest_asyncio.fixture(loop_scope="session")
async def valkey(tmp_path):
    async with buses.running("valkey", tmp_path) as bus:
        yield bus


class Notes:
    """A bus in this process: it remembers what it acknowledged, and may be told to do something first."""

    bytes_max = 1_000_000

    def __init__(self, before=None, after=None):
        self.before, self.after = before, after
        self.taken, self.opened = [], 0

    async def open(self):
        self.opened += 1

    async def publish(self, messages):
        if self.before:
            await self.before(messages)
        self.taken += messages
        if self.after:
            await self.after()

    async def close(self):
        pass


@contextlib.asynccontextmanager
async def publishing(database, name, publisher):
    """Publish as long as the block runs."""
    publishing = Publishing(database, Bell(), name, publisher)
    running = asyncio.create_task(publishing.run())
    yield
    publishing.stop()
    await asyncio.wait_for(running, PATIENCE_SECONDS)


async def until(condition):
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def numbers_of(stockroom, taken):
    """The numbers of a tenant's events among what a bus has."""
    tenant = TENANT.text(stockroom.shop.tenant)
    return [int(one.attributes["sequence"]) for one in taken if one.attributes["tenant"] == tenant]


async def test_the_cursor_moves_once_the_bus_has_acknowledged(database, name, stockroom):
    acknowledge = asyncio.Event()

    async def wait(_):
        await acknowledge.wait()

    bus = Notes(before=wait)
    async with publishing(database, name, bus):
        await asyncio.sleep(0.2)
        before = (await lag_of(database, name)).events
        acknowledge.set()
        await until(lambda: at_the_end(database, name))

    assert before == 4
    assert numbers_of(stockroom, bus.taken) == [1, 2, 3, 4]


async def test_what_was_acknowledged_when_a_process_died_is_published_again_under_its_id(database, name, stockroom):
    async def die():
        raise asyncio.CancelledError

    dying, next_one = Notes(after=die), Notes()
    with pytest.raises(asyncio.CancelledError):
        await Publishing(database, Bell(), name, dying).run()
    async with publishing(database, name, next_one):
        await until(lambda: at_the_end(database, name))

    assert [one.id for one in next_one.taken] == [one.id for one in dying.taken]
    assert numbers_of(stockroom, next_one.taken) == [1, 2, 3, 4]


async def test_a_message_that_is_refused_holds_up_nobody_but_its_tenant(database, name, stockroom, open_stockroom):
    other = await open_stockroom()

    async def refuse_one(messages):
        if numbers_of(stockroom, messages):
            raise Refused("too large")

    bus = Notes(before=refuse_one)
    async with publishing(database, name, bus):
        await until(lambda: seen(bus, other))

    assert numbers_of(stockroom, bus.taken) == []
    assert (await lag_of(database, name)).events == 4
    assert bus.opened == 1


async def test_a_bus_that_goes_away_is_told_of_once_and_catches_up(
    database, name, stockroom, valkey, caplog, monkeypatch
):
    monkeypatch.setattr(publish, "PAUSE_SECONDS", 0.05)
    caplog.set_level(logging.INFO, logger=publish.__name__)
    (address,) = addresses_in(valkey.url)
    async with publishing(database, name, publisher_at(address)):
        await until(lambda: at_the_end(database, name))
        valkey.kill()
        await stockroom.receive("apples", 5)
        await asyncio.sleep(1)
        lag = await lag_of(database, name)
        await asyncio.to_thread(valkey.start)
        await until(lambda: at_the_end(database, name))

    assert lag.events == 1
    assert 0 < lag.seconds < PATIENCE_SECONDS
    assert numbers_of(stockroom, await valkey.heard()) == [1, 2, 3, 4, 5]
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert said[0].startswith(f"publisher {name} cannot publish, and tries again until it can: ")
    assert said[1] == f"publisher {name} publishes again"


async def test_a_bus_that_is_away_is_looked_for_more_and_more_seldom(database, name, monkeypatch):
    monkeypatch.setattr(publish, "PAUSE_SECONDS", 0.01)
    looks = []

    class Away(Notes):
        async def open(self):
            looks.append(time.monotonic())
            raise ConnectionError

    async with publishing(database, name, Away()):
        await until(lambda: many(looks, 6))

    pauses = [after - before for before, after in itertools.pairwise(looks)]
    assert all(pause >= 0.01 * 2**number for number, pause in enumerate(pauses))


async def test_nobody_waits_for_a_bus_that_hears_and_does_not_answer(database, name, stockroom, valkey, monkeypatch):
    monkeypatch.setattr(publish, "PUBLISH_SECONDS", 0.2)
    monkeypatch.setattr(publish, "OPEN_SECONDS", 0.2)
    (address,) = addresses_in(valkey.url)
    async with publishing(database, name, publisher_at(address)):
        await until(lambda: at_the_end(database, name))
        valkey.hold_still()
        await stockroom.receive("apples", 5)
        await asyncio.sleep(1)
        behind = (await lag_of(database, name)).events
        valkey.go_on()
        await until(lambda: at_the_end(database, name))

    assert behind == 1
    assert sorted(set(numbers_of(stockroom, await valkey.heard()))) == [1, 2, 3, 4, 5]


async def test_the_database_ends_the_transaction_of_a_process_that_hangs(database, name, stockroom):
    run = Run(tenant=stockroom.shop.tenant, first=1, last=4)
    async with database.workers.connection() as connection:
        async with connection.transaction():
            await Publishing(database, Bell(), name, Notes())._publish(connection, run)
            while_publishing = await (await connection.execute(IDLE)).fetchone()
        afterwards = await (await connection.execute(IDLE)).fetchone()

    assert while_publishing == ("20s",)
    assert afterwards == ("30s",)


async def test_stopping_does_not_wait_for_a_bus_that_is_away(database, name, monkeypatch):
    monkeypatch.setattr(publish, "PAUSE_SECONDS", 3_600)
    bus = Notes()

    async def away():
        bus.opened += 1
        raise ConnectionError

    bus.open = away
    async with publishing(database, name, bus):
        await until(lambda: opened(bus))


async def at_the_end(database, name):
    return (await lag_of(database, name)).events == 0


async def seen(bus, stockroom):
    return numbers_of(stockroom, bus.taken) == [1, 2, 3, 4]


async def many(looks, count):
    return len(looks) >= count


async def opened(bus):
    return bus.opened
