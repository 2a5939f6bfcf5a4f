"""Publishing: whatever is killed, every event of every tenant comes onto the bus, in order, and only with its own id again."""

import asyncio
import contextlib
from collections import defaultdict

import buses
import pytest
from on_postgres import BINARIES

from twh import AsyncClient
from twh.errors import TwhError
from twh_server.database.address import Address
from twh_server.database.embedded import temporary_postgres
from twh_server.database.engine import Database
from twh_server.database.migrate import migrate
from twh_server.events.follow import lag_of
from twh_server.events.kinds import decode

SHOPS, ITEMS, WRITERS = 3, 4, 12
KILLS = 3
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def own_postgres():
    """A database whose events are all of this test's making."""
    with temporary_postgres(binaries=BINARIES) as postgres:
        migrate(Address(postgres.conninfo()))
        yield postgres.conninfo()


class Writers:
    """Clients of several tenants that record one receipt after the other, as fast as they are answered, over two servers."""

    def __init__(self, clients):
        self.clients = clients
        self.stopped = False

    async def prepare(self):
        for client in self.clients[:SHOPS]:
            await client.locations.create(code="MAIN", name="Main")
            for number in range(ITEMS):
                await client.items.create(sku=f"ITEM-{number}", name=f"Item {number}")

    async def write(self, writer):
        client, turn = self.clients[writer % len(self.clients)], 0
        while not self.stopped:
            turn += 1
            try:
                await client.movements.receive(item=f"ITEM-{turn % ITEMS}", location="MAIN", quantity=1)
            except TwhError:
                return  # its server is gone


class Watch:
    """How far a publisher is, as the database knows it."""

    def __init__(self, database, follower):
        self.database, self.follower = database, follower

    async def rows(self, sql):
        async with self.database.workers.connection() as connection:
            return await (await connection.execute(sql, {"follower": self.follower})).fetchall()

    async def until_moved(self, events):
        """Wait until its cursors have moved by so many events."""
        ((begun,),) = await self.rows(MOVED)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await self.rows(MOVED))[0][0] < begun + events:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def until_at_the_end(self):
        """Wait until it has seen everything."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await lag_of(self.database, self.follower)).events:  # noqa: ASYNC110
                await asyncio.sleep(0.1)


def judge(heard, told):
    """The bus against the ledger: all of it, the very bytes, in order; whatever came again has the id it had."""
    first = {}
    for message in heard:
        assert first.setdefault(message.attributes["id"], message.body) == message.body
    assert first == {decode(body).id: body for body in told}

    orders = defaultdict(list)
    for message in heard:
        event = decode(message.body)
        # What is in no order on the bus is in none here: Kafka keeps one for each key.
        order = orders[message.attributes["tenant"], message.lane, message.key]
        if event.sequence not in order:
            order.append(event.sequence)
    assert all(order == sorted(order) for order in orders.values())


@pytest.mark.slow
@pytest.mark.parametrize("kind", buses.BUSES)
async def test_every_event_comes_onto_the_bus_whatever_is_killed(
    kind, own_postgres, new_shop, start_server, start_doomed, start_worker, tmp_path
):
    async with (
        Database(Address(own_postgres)) as database,
        buses.running(kind, tmp_path) as bus,
        contextlib.AsyncExitStack() as stack,
    ):
        shops = [await new_shop(database) for _ in range(SHOPS)]
        url, (doomed_url, doomed) = (
            stack.enter_context(start_server(own_postgres)),
            stack.enter_context(start_doomed(own_postgres)),
        )
        clients = [
            await stack.enter_async_context(AsyncClient(api_key=shop.secret, base_url=server, deadline=5))
            for server in (url, doomed_url)
            for shop in shops
        ]
        writers = Writers(clients)
        await writers.prepare()
        watch = Watch(database, bus.name)
        writing = [asyncio.create_task(writers.write(number)) for number in range(WRITERS)]
        for _ in range(KILLS):
            with start_worker(own_postgres, TWH_PUBLISH_URL=bus.url) as worker:
                await watch.until_moved(100)
                worker.kill()
        with start_worker(own_postgres, TWH_PUBLISH_URL=bus.url):
            await watch.until_moved(100)
            doomed.kill()
            await (kill_and_start(bus) if bus.durable else hold_still_for_a_while(bus))
            await watch.until_moved(100)
            writers.stopped = True
            await asyncio.gather(*writing)
            await watch.until_at_the_end()

        judge(await bus.heard(), [body.encode() for (body,) in await watch.rows(EVENTS)])


async def kill_and_start(bus):
    bus.kill()
    await asyncio.sleep(1)
    await asyncio.to_thread(bus.start)


async def hold_still_for_a_while(bus):
    bus.hold_still()
    await asyncio.sleep(2)
    bus.go_on()


MOVED = "select coalesce(sum(sequence), 0) from cursors where follower = %(follower)s"
EVENTS = "select body from events order by tenant_id, sequence"
