"""Journeys: what stock must do, through the SDK, against two real server processes over one database."""

import asyncio
import contextlib
import functools
import os
import socket
import subprocess
import sys
import time
from decimal import Decimal

import httpx
import pytest
import pytest_asyncio

from twh import AsyncClient

PATIENCE_SECONDS = 60
SECRETS_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@contextlib.contextmanager
def server(database_url, log):
    """A `twh-server serve` on a free port; answers its address."""
    with serving(database_url, log) as (address, _):
        yield address


@contextlib.contextmanager
def serving(database_url, log):
    """The same, with its process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running("serve", log, TWH_DATABASE_URL=database_url, TWH_PORT=str(port)) as process:
        end = time.monotonic() + PATIENCE_SECONDS
        while not answers(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, f"not ready: {log.read_text()}"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", process


@contextlib.contextmanager
def running(command, log, **told):
    """A `twh-server` process with nothing in its environment but what it is told."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TWH_")}
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "twh_server", command],
            env=kept | {"TWH_SECRETS_KEY": SECRETS_KEY, "TWH_WEBHOOK_PRIVATE": "true"} | told,
            stderr=said,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def answers(port):
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).status_code == 200
    return False


@pytest.fixture(scope="session")
def servers(address, tmp_path_factory):
    """Two server processes over the tests' database, as the application's role."""
    folder = tmp_path_factory.mktemp("servers")
    with server(address.conninfo, folder / "1.err") as first, server(address.conninfo, folder / "2.err") as second:
        yield first, second


@pytest.fixture(scope="module")
def worker(address, tmp_path_factory):
    """The process that delivers webhooks. It ends with the module: other tests deliver theirs by themselves."""
    with running("work", tmp_path_factory.mktemp("worker") / "err", TWH_DATABASE_URL=address.conninfo) as process:
        yield process


class Shelf:
    """A tenant's stock as a developer has it: clients that take turns over the servers, and what must always hold."""

    def __init__(self, clients):
        self.clients = clients
        self.turn = 0

    @property
    def client(self):
        """The next client; its neighbours reach other server processes."""
        self.turn += 1
        return self.clients[self.turn % len(self.clients)]

    async def has(self, on_hand, item="APPLES", at="MAIN"):
        """Put a new item on the shelf."""
        with contextlib.suppress(Exception):
            await self.client.locations.create(code=at, name=at)
        await self.client.items.create(sku=item, name=item)
        if on_hand:
            await self.client.movements.receive(item=item, location=at, quantity=on_hand)

    async def on_hand(self, item="APPLES", at="MAIN"):
        return (await self.client.stock.get(item, at=at)).on_hand

    async def movements(self):
        return await self.client.movements.list(order="asc", page_size=200).to_list(limit=100_000)

    async def holds(self):
        """After every journey: movements sum to levels, the feed has no gap, and the ledger verifies."""
        sums = {}
        for movement in await self.movements():
            place = movement.item.id, movement.location.id
            sums[place] = sums.get(place, Decimal(0)) + movement.quantity
        levels = await self.client.stock.list(page_size=200).to_list(limit=100_000)
        assert {(level.item.id, level.location.id): level.on_hand for level in levels} == sums
        events = await self.client.events.list().to_list(limit=100_000)
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        verification = await self.client.ledger.verify()
        assert verification.ok, verification.fault
        assert verification.last_sequence == len(events)


@contextlib.asynccontextmanager
async def shelf_of(shop, servers):
    """The shelf of one tenant over some servers; what must always hold is held at the end."""
    async with contextlib.AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(AsyncClient(api_key=shop.secret, base_url=url, deadline=120))
            for url in servers
        ]
        shelf = Shelf(clients)
        yield shelf
        await shelf.holds()


@pytest_asyncio.fixture(loop_scope="session")
async def shelf(shop, servers):
    """A fresh tenant's shelf over the two servers."""
    async with shelf_of(shop, servers) as shelf:
        yield shelf


@pytest_asyncio.fixture(loop_scope="session")
async def other_shelf(other_shop, servers):
    """Another tenant's shelf."""
    async with shelf_of(other_shop, servers) as shelf:
        yield shelf


class Receiver:
    """An address on this machine that takes every webhook: what arrived, in its order."""

    def __init__(self):
        self.arrived = []
        self.news = asyncio.Event()

    async def take(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[1:-1]
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}
            self.arrived.append((headers, await reader.readexactly(int(headers["content-length"]))))
            self.news.set()
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            await writer.drain()
        writer.close()

    async def hear(self, count):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.arrived) < count:
                self.news.clear()
                await self.news.wait()
        return self.arrived[:count]


@pytest_asyncio.fixture(loop_scope="session")
async def receiver():
    receiver = Receiver()
    async with await asyncio.start_server(receiver.take, "127.0.0.1", 0) as server:
        receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
        yield receiver


@pytest.fixture
def start_worker(tmp_path):
    """Starts a worker over any database; answers its process."""
    started = []

    def start_worker(database_url, **told):
        started.append(database_url)
        log = tmp_path / f"worker-{len(started)}.err"
        return running("work", log, TWH_DATABASE_URL=database_url, **told)

    return start_worker


@pytest.fixture
def start_server(tmp_path):
    """Starts a server over any database; answers its address."""
    started = []

    def start_server(database_url):
        started.append(database_url)
        return server(database_url, tmp_path / f"{len(started)}.err")

    return start_server


@pytest.fixture
def start_doomed(tmp_path):
    """Starts a server over any database; answers its address and its process: to be killed."""
    return functools.partial(serving, log=tmp_path / "doomed.err")


@pytest.fixture
def doomed(address, start_doomed):
    """A third server over the tests' database, and its process."""
    with start_doomed(address.conninfo) as served:
        yield served


@pytest.fixture
def hold():
    """Holds a tenant's ledger, over some servers, against what must always be so."""

    async def hold(shop, servers):
        async with shelf_of(shop, servers):
            pass

    return hold
