"""A receiver on loopback that answers anything, and the webhooks' parts around a fresh tenant."""

import asyncio
import contextlib
import os
from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
import pytest_asyncio
from aiohttp import web

from twh_server.access.sealing import Sealer
from twh_server.catalogue.location_commands import CreateLocation
from twh_server.database.identifiers import ENDPOINT
from twh_server.events.bell import Bell
from twh_server.events.follow import Follower
from twh_server.ledger.lines import Line
from twh_server.ledger.record import RecordEntry
from twh_server.webhooks import targets
from twh_server.webhooks.deliver import LOOK_SECONDS, Courier
from twh_server.webhooks.deliveries import DeliveryFilter, list_attempts, list_deliveries
from twh_server.webhooks.disabling import Watch
from twh_server.webhooks.endpoint_commands import CreateEndpoint, DeleteEndpoint, UpdateEndpoint
from twh_server.webhooks.endpoints import get_endpoint
from twh_server.webhooks.fan_out import FOLLOWER, fan_out
from twh_server.webhooks.schedule import Schedule

PATIENCE_SECONDS = 10.0
MOMENT = timedelta(milliseconds=20)


class Receiver:
    """A customer's endpoint: keeps what it was sent, answers what it is told to."""

    def __init__(self):
        self.requests = []
        self.answer = self.say(204)
        self.under_way = Counter()
        self.under_way_max = 0
        self.arrived = asyncio.Event()

    @staticmethod
    def say(status, body=b"", headers=None):
        async def answer(_request):
            return web.Response(status=status, body=body, headers=headers)

        return answer

    async def __aenter__(self):
        # No limit on how long it hangs; connections that are cut short are the point of some tests.
        self._runner = web.AppRunner(_routed(self.handle), handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hook?token=a%7Eb"
        return self

    async def __aexit__(self, *_):
        await self._runner.cleanup()

    async def handle(self, request):
        body = await request.read()
        message = request.headers["webhook-id"]
        self.requests.append((request, body))
        self.arrived.set()
        self.under_way[message] += 1
        self.under_way_max = max(self.under_way_max, self.under_way[message])
        try:
            return await self.answer(request)
        finally:
            self.under_way[message] -= 1

    @property
    def ids(self):
        return [request.headers["webhook-id"] for request, _ in self.requests]

    @property
    def events(self):
        return [msgspec.json.decode(body) for _, body in self.requests]

    async def hear(self, count=1):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.requests) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.requests


class Webhooks:
    """The webhooks of one tenant as a test sees them: commands, followers and couriers that are stepped or run."""

    def __init__(self, database, writer, shop, superuser=None):
        self.database, self.writer, self.shop, self.superuser = database, writer, shop, superuser
        self.sealer = Sealer(os.urandom(32))
        self.ahead = timedelta()
        self.bell = Bell()
        self.follower = Follower(database, self.bell, FOLLOWER, fan_out)
        self.watch = Watch(database, writer, clock=self.clock)

    def clock(self):
        return datetime.now(UTC) + self.ahead

    async def submit(self, command):
        return await self.writer.do(self.shop.tenant, command)

    async def create(self, url, **values):
        return await self.submit(CreateEndpoint(url=url, policy=targets.SANDBOX, sealer=self.sealer, **values))

    async def update(self, endpoint, **changes):
        return await self.submit(UpdateEndpoint(endpoint=endpoint.id, changes=changes, policy=targets.SANDBOX))

    async def allow(self, endpoint, **values):
        """Set what an endpoint allows, as it is stored."""
        for name, value in values.items():
            await self.superuser.execute(
                f"update webhook_endpoints set {name} = %s where tenant_id = %s and id = %s",
                (value, self.shop.tenant, ENDPOINT.parse(endpoint.id)),
            )

    async def queue(self, endpoint, *columns):
        """Values of an endpoint's queue."""
        rows = await self.database.read(
            self.shop.tenant,
            f"select {', '.join(columns)} from endpoint_queues where tenant_id = %(tenant)s and endpoint_id = %(id)s",
            {"tenant": self.shop.tenant, "id": ENDPOINT.parse(endpoint.id)},
        )
        return rows[0][0] if len(columns) == 1 else rows[0]

    async def endpoint(self, endpoint):
        return await get_endpoint(self.database, self.shop.tenant, endpoint.id)

    async def told(self, kind):
        """The data of every event of a kind."""
        rows = await self.database.read(
            self.shop.tenant,
            "select body from events where tenant_id = %(tenant)s and kind = %(kind)s order by sequence",
            {"tenant": self.shop.tenant, "kind": kind},
        )
        return [msgspec.json.decode(body)["data"] for (body,) in rows]

    async def delete(self, endpoint):
        return await self.submit(DeleteEndpoint(endpoint=endpoint.id))

    async def happen(self, *codes):
        """Something happens: one `location.created` for each code."""
        await asyncio.gather(*(self.submit(CreateLocation(code=code, name=code)) for code in codes))

    async def receive(self, item, location):
        """Something happens to stock: one of the item is received."""
        line = Line(item=item, location=location, quantity="1")
        return await self.submit(RecordEntry(kind="receipt", lines=[line], actor=self.shop.actor))

    async def fan_out(self):
        await self.follower.catch_up()

    def courier(self, **options):
        options = {"clock": self.clock, "schedule": Schedule(chance=lambda: 0.0), "gone": self.watch.gone, **options}
        return Courier(self.database, self.sealer, **options)

    @contextlib.asynccontextmanager
    async def delivering(self, couriers=1, **options):
        """Couriers at work within the block; at its end they finish what is under way."""
        working = [self.courier(**options) for _ in range(couriers)]
        async with asyncio.TaskGroup() as tasks:
            for courier in working:
                tasks.create_task(courier.run())
            try:
                yield working[0]
            finally:
                for courier in working:
                    courier.stop()

    async def attempt_all(self, **options):
        """Make one attempt of everything that is due, and no other."""
        courier = self.courier(**options)
        running = asyncio.create_task(courier.run())
        await self.settled(courier)
        courier.stop()
        await running

    async def settled(self, courier):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.due() or courier.under_way:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    async def looked(self):
        """Time enough for a courier that runs to look again, and to find nothing that it may send."""
        await asyncio.sleep(LOOK_SECONDS * 1.2)

    async def both(self, *doings):
        await asyncio.gather(*doings)

    async def due(self):
        """How many deliveries may be made now, or in a moment: times are rounded to milliseconds, up as well."""
        rows = await self.database.read(
            self.shop.tenant,
            "select d.id from deliveries as d"
            " join webhook_endpoints as w on w.tenant_id = d.tenant_id and w.id = d.endpoint_id"
            " join endpoint_queues as q on q.tenant_id = d.tenant_id and q.endpoint_id = d.endpoint_id"
            " where d.tenant_id = %(tenant)s and d.state = 'pending' and d.next_attempt_at <= %(now)s and w.enabled"
            " and coalesce(q.held_until <= %(soon)s, true)",
            {"tenant": self.shop.tenant, "now": self.clock(), "soon": self.clock() + MOMENT},
        )
        return len(rows)

    async def deliveries(self, **wanted):
        found = await list_deliveries(self.database, self.shop.tenant, DeliveryFilter(**wanted), after=None, limit=200)
        return [delivery for delivery, _ in found]

    async def attempts(self, delivery):
        return await list_attempts(self.database, self.shop.tenant, delivery.id)

    async def stored(self, endpoint):
        rows = await self.database.read(
            self.shop.tenant,
            "select url, sealed_secret from webhook_endpoints where tenant_id = %(tenant)s and id = %(id)s",
            {"tenant": self.shop.tenant, "id": ENDPOINT.parse(endpoint.id)},
        )
        return rows[0]


def _routed(handle):
    app = web.Application()
    app.router.add_post("/{tail:.*}", handle)
    return app


@pytest_asyncio.fixture(loop_scope="session")
async def receiver():
    async with Receiver() as receiver:
        yield receiver


@pytest_asyncio.fixture(loop_scope="session")
async def webhooks(database, writer, shop, superuser, nobody_elses_deliveries):
    return Webhooks(database, writer, shop, superuser)


@pytest_asyncio.fixture(loop_scope="session")
async def nobody_elses_deliveries(superuser):
    """What other tests have left to be delivered, to hosts that are none, would keep these couriers busy with looking them up."""
    await superuser.execute("update webhook_endpoints set enabled = false where enabled")
    await superuser.execute("update endpoint_queues set due_at = null where due_at is not null")
    await superuser.execute("update replays set state = 'cancelled' where state = 'running'")
