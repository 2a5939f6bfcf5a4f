"""Crash: what runs is killed under sixty-four writers; what was answered is there once, and retried keys settle the rest.

The harness in tests/crash does the same and worse for as long as one likes (`nox -s crash`); here it has a few rounds.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import pytest_asyncio
from on_postgres import BINARIES

from twh import AsyncClient
from twh.errors import OutcomeUnknown, TwhError
from twh_server.database.address import Address
from twh_server.database.embedded import EmbeddedPostgres
from twh_server.database.engine import Database
from twh_server.database.migrate import migrate
from twh_server.webhooks.claims import LEASE_SECONDS

WRITERS = 64
BEFORE_SECONDS = 1.5
AFTER_SECONDS = 3.0
ENDPOINTS, EACH = 3, 15
TAKING_SECONDS = 0.02


@pytest.fixture
def durable():
    """A PostgreSQL of its own, that does reach the disk: only then does an answer promise anything."""
    with tempfile.TemporaryDirectory(prefix="twh-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder) / "data", binaries=BINARIES) as postgres:
            migrate(Address(postgres.conninfo()))
            yield postgres


class Writers:
    """Sixty-four clients that record one receipt after the other, and each remembers what it was answered."""

    def __init__(self, clients):
        self.clients = clients
        self.acknowledged, self.unknown = {}, set()
        self.stopped = False

    async def record(self, key, client):
        options = {"idempotency_key": key, "deadline": 1, "attempts_max": 1}
        try:
            entry = await client.movements.receive(item="APPLES", location="MAIN", quantity=1, options=options)
        except TwhError:
            self.unknown.add(key)
        else:
            self.acknowledged[key] = entry.id

    async def write(self, number):
        turn = 0
        while not self.stopped:
            await self.record(f"writer-{number}-{turn}", self.clients[(number + turn) % len(self.clients)])
            turn += 1

    async def settle(self, client):
        """Retry each unknown key until it is answered."""
        for key in sorted(self.unknown):
            options = {"idempotency_key": key, "deadline": 60}
            entry = await client.movements.receive(item="APPLES", location="MAIN", quantity=1, options=options)
            self.acknowledged[key] = entry.id


async def test_postgres_killed_under_sixty_four_writers_loses_and_doubles_nothing(
    durable, start_server, new_shop, hold
):
    async with Database(Address(durable.conninfo())) as database:
        shop = await new_shop(database)
    with start_server(durable.conninfo()) as first, start_server(durable.conninfo()) as second:
        async with (
            AsyncClient(api_key=shop.secret, base_url=first) as one,
            AsyncClient(api_key=shop.secret, base_url=second) as two,
        ):
            await one.items.create(sku="APPLES", name="Apples")
            await one.locations.create(code="MAIN", name="Main")
            writers = Writers([one, two])
            writing = [asyncio.create_task(writers.write(number)) for number in range(WRITERS)]
            await asyncio.sleep(BEFORE_SECONDS)
            before = len(writers.acknowledged)
            os.kill(durable.pid, signal.SIGKILL)
            await asyncio.sleep(0.5)
            await asyncio.to_thread(durable.start)
            await asyncio.sleep(AFTER_SECONDS)
            writers.stopped = True
            await asyncio.gather(*writing)

            after, unknown = len(writers.acknowledged) - before, len(writers.unknown)
            await writers.settle(one)

            movements = await two.movements.list(order="asc", page_size=200).to_list(limit=1_000_000)
            recorded = [movement.entry for movement in movements]
            level = await two.stock.get("APPLES", at="MAIN")
        await hold(shop, (first, second))

    assert before > 0
    assert after > 0
    assert unknown > 0
    assert sorted(recorded) == sorted(writers.acknowledged.values())
    assert len(set(recorded)) == len(recorded)
    assert level.on_hand == len(writers.acknowledged)


async def test_a_lost_answer_says_that_the_outcome_is_unknown(durable, start_server, new_shop):
    async with Database(Address(durable.conninfo())) as database:
        shop = await new_shop(database)
    with start_server(durable.conninfo()) as url:
        async with AsyncClient(api_key=shop.secret, base_url=url) as client:
            await client.items.create(sku="APPLES", name="Apples")
            await client.locations.create(code="MAIN", name="Main")
            durable.stop()

            with pytest.raises(OutcomeUnknown) as unknown:
                await client.movements.receive(
                    item="APPLES", location="MAIN", quantity=1, options={"idempotency_key": "lost", "deadline": 3}
                )
            assert unknown.value.idempotency_key == "lost"

            await asyncio.to_thread(durable.start)
            entry = await client.movements.receive(
                item="APPLES", location="MAIN", quantity=1, options={"idempotency_key": "lost", "deadline": 60}
            )

    assert entry.movements[0].on_hand_after == 1


async def harness(*words):
    """What the harness printed, and its exit status."""
    command = [sys.executable, str(Path(__file__).parent.parent / "crash"), *words]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr, done.returncode


@pytest.mark.slow
async def test_servers_killed_and_stopped_and_connections_cut_after_their_commit_lose_and_double_nothing():
    faults = ["server_killed", "cut_after_commit", "server_stopped"]
    told, status = await harness("--rounds", "3", "--no-webhooks", "--only", *faults)

    assert status == 0, told
    assert "nothing lost, nothing doubled in 3 rounds" in told


@pytest.mark.slow
async def test_without_durability_the_harness_finds_what_is_lost():
    told, status = await harness("--broken", "--rounds", "1")

    assert status == 1, told
    assert "detected: " in told


async def test_what_was_committed_before_everything_was_killed_is_delivered_by_whoever_comes_next(
    durable, start_server, start_worker, new_shop, receiver
):
    async with Database(Address(durable.conninfo())) as database:
        shop = await new_shop(database)
    with start_worker(durable.conninfo()) as worker, start_server(durable.conninfo()) as url:
        async with AsyncClient(api_key=shop.secret, base_url=url) as client:
            await client.webhooks.create(url=receiver.url, kinds=["entry.recorded"])
            await client.items.create(sku="APPLES", name="Apples")
            await client.locations.create(code="MAIN", name="Main")
            worker.send_signal(signal.SIGSTOP)
            entries = [
                await client.movements.receive(
                    item="APPLES", location="MAIN", quantity=1, options={"idempotency_key": key}
                )
                for key in ("one", "two", "three")
            ]
        worker.kill()
        os.kill(durable.pid, signal.SIGKILL)
    assert receiver.arrived == []
    await asyncio.to_thread(durable.start)

    with start_worker(durable.conninfo()), start_server(durable.conninfo()) as url:
        async with AsyncClient(api_key=shop.secret, base_url=url) as client:
            options = {"idempotency_key": "two"}
            again = await client.movements.receive(item="APPLES", location="MAIN", quantity=1, options=options)
        events = [json.loads(body) for _, body in await receiver.hear(3)]

    assert again == entries[1]
    assert {event["data"]["id"] for event in events} == {entry.id for entry in entries}


class Counting:
    """A receiver that takes a moment for each webhook: what came where, how often, and how much of it at once."""

    def __init__(self):
        self.came = defaultdict(Counter)
        self.under_way = Counter()
        self.at_once = 0

    async def take(self, reader, writer):
        with contextlib.suppress(OSError, EOFError):
            while True:
                first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                body = json.loads(await reader.readexactly(int(headers["content-length"])))
                which = first.split()[1], headers["webhook-id"]
                assert body["id"] == which[1]
                self.came[which[0]][which[1]] += 1
                self.under_way[which] += 1
                self.at_once = max(self.at_once, self.under_way[which])
                await asyncio.sleep(TAKING_SECONDS)
                self.under_way[which] -= 1
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        writer.close()

    async def has_all(self, count):
        async with asyncio.timeout(2 * LEASE_SECONDS):
            while len(self.came) < ENDPOINTS or any(len(ids) < count for ids in self.came.values()):  # noqa: ASYNC110
                await asyncio.sleep(0.1)


@pytest_asyncio.fixture(loop_scope="session")
async def counting():
    receiver = Counting()
    async with await asyncio.start_server(receiver.take, "127.0.0.1", 0) as server:
        receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield receiver


async def receive(url, shop, keys):
    """Record a receipt under each key, whatever becomes of the server meanwhile; answers the entries."""
    async with AsyncClient(api_key=shop.secret, base_url=url) as client:
        options = [{"idempotency_key": key, "deadline": 60} for key in keys]
        return [
            (await client.movements.receive(item="APPLES", location="MAIN", quantity=1, options=one)).id
            for one in options
        ]


@pytest.mark.slow
async def test_worker_server_and_postgres_killed_and_a_worker_stopped_beyond_its_lease_lose_no_delivery(
    durable, start_doomed, start_worker, new_shop, counting
):
    async with Database(Address(durable.conninfo())) as database:
        shop = await new_shop(database)
    told = []
    with start_worker(durable.conninfo()) as stopped:
        with start_worker(durable.conninfo()) as killed, start_doomed(durable.conninfo()) as (url, server):
            async with AsyncClient(api_key=shop.secret, base_url=url) as client:
                for number in range(ENDPOINTS):
                    await client.webhooks.create(url=f"{counting.url}/{number}", kinds=["entry.recorded"])
                await client.items.create(sku="APPLES", name="Apples")
                await client.locations.create(code="MAIN", name="Main")
            told += await receive(url, shop, [f"before-{number}" for number in range(EACH)])
            stopped.send_signal(signal.SIGSTOP)
            since = time.monotonic()
            told += await receive(url, shop, [f"stopped-{number}" for number in range(EACH)])
            os.kill(durable.pid, signal.SIGKILL)
            await asyncio.sleep(0.5)
            await asyncio.to_thread(durable.start)
            told += await receive(url, shop, [f"postgres-{number}" for number in range(EACH)])
            killed.kill()
            told += await receive(url, shop, [f"worker-{number}" for number in range(EACH)])
            server.kill()
        with start_worker(durable.conninfo()), start_doomed(durable.conninfo()) as (url, _):
            told += await receive(url, shop, [f"server-{number}" for number in range(EACH)])
            await asyncio.sleep(max(0.0, since + LEASE_SECONDS + 2 - time.monotonic()))
            stopped.send_signal(signal.SIGCONT)
            told += await receive(url, shop, [f"resumed-{number}" for number in range(EACH)])
            await counting.has_all(len(told))
            async with AsyncClient(api_key=shop.secret, base_url=url) as client:
                events = await client.events.list(types=["entry.recorded"]).to_list(limit=10_000)

    assert {event.data.id for event in events} == set(told)
    assert len(events) == len(told) == 6 * EACH
    for ids in counting.came.values():
        assert ids.keys() == {event.id for event in events}
    assert counting.at_once == 1
