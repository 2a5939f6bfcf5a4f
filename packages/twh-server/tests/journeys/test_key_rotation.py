"""The key of the secrets is changed under load, process after process: no request is lost, every delivery verifies."""

import asyncio
import base64
import contextlib
import math
import os
import signal
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import pytest_asyncio
from on_postgres import BINARIES

from twh import AsyncClient
from twh.webhooks import verify
from twh_server.database.address import Address
from twh_server.database.embedded import temporary_postgres
from twh_server.database.engine import Database
from twh_server.database.migrate import migrate

OLD, NEW = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
WRITERS = 8
PAUSE_SECONDS = 0.02
PATIENCE_SECONDS = 60

# What each process is told, step after step: see docs/runbooks/ROTATE_SECRETS_KEY.md.
BEFORE = {"TWH_SECRETS_KEY": OLD}
BOTH_OPEN = {"TWH_SECRETS_KEY": OLD, "TWH_SECRETS_KEYS_OLD": NEW}
NEW_SEALS = {"TWH_SECRETS_KEY": NEW, "TWH_SECRETS_KEYS_OLD": OLD}
AFTER = {"TWH_SECRETS_KEY": NEW}


class Fleet:
    """Two servers and a worker over one database; each can be started again with other keys."""

    def __init__(self, database_url, folder):
        self.database_url, self.folder = database_url, folder
        self.ports = [free_port(), free_port()]
        self.running = {}

    @property
    def urls(self):
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    def environment(self, keys):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TWH_")}
        return {**kept, "TWH_DATABASE_URL": self.database_url, "TWH_WEBHOOK_PRIVATE": "true", **keys}

    async def start(self, place, keys):
        environment = self.environment(keys)
        words = ["work"] if place == "worker" else ["serve", "--port", str(self.ports[place])]
        with (self.folder / f"{place}.err").open("a") as said:
            command = [sys.executable, "-m", "twh_server", *words]
            self.running[place] = await asyncio.to_thread(subprocess.Popen, command, env=environment, stderr=said)
        if place != "worker":
            await self.until(lambda: is_ready(self.ports[place]))

    async def roll(self, keys):
        """Each process in its turn: it answers what it has accepted, ends, and another takes its place."""
        for place in (0, 1, "worker"):
            if old := self.running.get(place):
                old.send_signal(signal.SIGTERM)
                assert await asyncio.to_thread(old.wait, PATIENCE_SECONDS) == 0
            await self.start(place, keys)

    async def reseal(self, keys):
        command = [sys.executable, "-m", "twh_server", "reseal"]
        told = await asyncio.to_thread(
            subprocess.run, command, env=self.environment(keys), capture_output=True, text=True, check=True
        )
        return told.stdout

    async def until(self, condition):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await asyncio.to_thread(condition):  # noqa: ASYNC110  # other processes set no event
                await asyncio.sleep(0.05)

    def stop(self):
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            process.wait(PATIENCE_SECONDS)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def is_ready(port):
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).status_code == 200
    return False


class Shops:
    """What customers run: it keeps what it was sent, by the path that it was sent to."""

    def __init__(self):
        self.heard = {}
        shops = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                shops.heard.setdefault(self.path, []).append((dict(self.headers), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def verified(self, path, secret):
        """The sequences of the deliveries to a path, each verified."""
        return {verify(body, headers, secret=secret).sequence for headers, body in self.heard[path]}

    def count(self, path):
        """How many events were delivered to a path."""
        return len({headers["webhook-id"] for headers, _ in list(self.heard.get(path, ()))})


@pytest_asyncio.fixture(loop_scope="session")
async def fleet(tmp_path):
    with temporary_postgres(binaries=BINARIES) as postgres:
        migrate(Address(postgres.conninfo()))
        fleet = Fleet(postgres.conninfo(), tmp_path)
        try:
            yield fleet
        finally:
            fleet.stop()


@pytest.fixture
def shops():
    shops = Shops()
    yield shops
    shops.server.shutdown()
    shops.server.server_close()


@pytest.mark.slow
async def test_the_key_is_changed_under_load_and_nothing_is_lost(fleet, shops, new_shop, hold):
    await fleet.roll(BEFORE)
    async with Database(Address(fleet.database_url)) as database:
        shop = await new_shop(database)
        async with contextlib.AsyncExitStack() as stack:
            # Without end: for a sandbox that is down for three seconds, and one of these restarts longer, it would give up.
            clients = [
                await stack.enter_async_context(AsyncClient(api_key=shop.secret, base_url=url, deadline=math.inf))
                for url in fleet.urls
            ]
            await clients[0].items.create(sku="APPLES", name="Apples")
            await clients[0].locations.create(code="MAIN", name="Main")
            endpoints, recorded, stopped = {}, [], asyncio.Event()

            async def open_endpoint(path):
                endpoints[path] = await clients[len(endpoints) % 2].webhooks.create(url=shops.url(path))

            async def write(number):
                while not stopped.is_set():
                    client = clients[(number + len(recorded)) % 2]
                    entry = await client.movements.receive(item="APPLES", location="MAIN", quantity=1)
                    recorded.append(entry.sequence)
                    await asyncio.sleep(PAUSE_SECONDS)

            await open_endpoint("/before")
            writing = [asyncio.create_task(write(number)) for number in range(WRITERS)]
            for path, keys in (("/both-open", BOTH_OPEN), ("/new-seals", NEW_SEALS)):
                await fleet.roll(keys)
                await open_endpoint(path)
            first, second = await fleet.reseal(NEW_SEALS), await fleet.reseal(NEW_SEALS)
            async with database.workers.connection() as connection:
                # Seven days later.
                await connection.execute("delete from idempotency_keys where body ^@ 'sealed:'")
            third = await fleet.reseal(NEW_SEALS)
            await fleet.roll(AFTER)
            await open_endpoint("/after")
            await asyncio.sleep(0.5)
            stopped.set()
            await asyncio.gather(*writing)
            events = [event.sequence for event in await clients[0].events.list().to_list(limit=1_000_000)]
            created = {path: await since(clients[0], endpoint) for path, endpoint in endpoints.items()}

            wanted = {path: {one for one in events if one > first} for path, first in created.items()}
            await fleet.until(lambda: all(shops.count(path) >= len(wanted[path]) for path in wanted))
            level = await clients[1].stock.get("APPLES", at="MAIN")
    await hold(shop, fleet.urls)

    assert {path: shops.verified(path, endpoint.secret) for path, endpoint in endpoints.items()} == wanted
    assert first.startswith("2 webhook endpoints were sealed again")
    assert second.startswith("0 webhook endpoints were sealed again")
    assert "2 answers are still kept under older keys" in second
    assert third.splitlines()[-1] == "Nothing needs TWH_SECRETS_KEYS_OLD any more."
    assert level.on_hand == len(recorded) == len(set(recorded)) > WRITERS


async def since(client, endpoint):
    """The number of the event that tells of an endpoint's creation."""
    async for event in client.events.list(types=["endpoint.created"]):
        if event.data.id == endpoint.id:
            return event.sequence
    raise AssertionError(endpoint.id)
