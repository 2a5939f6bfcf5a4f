"""A replay of very many events: counted, watched, cancelled, resumed, its worker killed; and each event lands.

Some thousands of them in the suite; TWH_REPLAY_EVENTS=100000 makes it as many.
"""

import asyncio
import os
import time
from collections import Counter
from typing import ClassVar

import pytest

from twh import AsyncClient

pytestmark = pytest.mark.slow

EVENTS = int(os.environ.get("TWH_REPLAY_EVENTS", "4000"))
PATIENCE_SECONDS = 300
UNDER_WAY_MAX = 256
"""What a worker has under way at most: so much may land twice when it is killed."""

# The events of some months, written at once. Nothing was decided to get there; their bodies are not looked at.
ADD_EVENTS = """
set session_replication_role = replica;
insert into events (tenant_id, sequence, id, kind, body, recorded_at)
select %(tenant)s, n, (lpad(to_hex(1780000000000 + n), 12, '0') || '7000800000' || lpad(to_hex(n), 10, '0'))::uuid,
       'item.updated', '{}', timestamptz '2026-06-01' + n * interval '1 s'
from generate_series(1, %(events)s) as n;
update ledger_heads set sequence = %(events)s, recorded_at = timestamptz '2026-06-01' + %(events)s * interval '1 s'
where tenant_id = %(tenant)s;
insert into cursors (tenant_id, follower, sequence, updated_at) values (%(tenant)s, 'webhooks', %(events)s, now());
set session_replication_role = default;
analyze events
"""


class Sink(asyncio.Protocol):
    """Answers every webhook with 204 and counts how often each id came; as little as an endpoint can do."""

    arrived: ClassVar[Counter] = Counter()

    def connection_made(self, transport):
        self.transport, self.read = transport, b""

    def data_received(self, data):
        self.read += data
        while (end := self.read.find(b"\r\n\r\n")) >= 0:
            head = dict(line.lower().split(b": ", 1) for line in self.read[:end].split(b"\r\n")[1:] if b": " in line)
            whole = end + 4 + int(head[b"content-length"])
            if len(self.read) < whole:
                return
            self.read = self.read[whole:]
            self.arrived[head[b"webhook-id"]] += 1
            self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


@pytest.fixture
async def sink():
    Sink.arrived = Counter()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"


@pytest.fixture
async def client(shop, servers, superuser):
    for statement in ADD_EVENTS.split(";"):
        await superuser.execute(statement, {"tenant": shop.tenant, "events": EVENTS}, prepare=False)
    async with AsyncClient(api_key=shop.secret, base_url=servers[0], deadline=60) as client:
        yield client


async def until(job, so_many):
    """The job, once so many were delivered."""
    end = time.monotonic() + PATIENCE_SECONDS
    while (seen := await job.refresh()).delivered < so_many:
        assert seen.state == "running", seen
        assert time.monotonic() < end, seen
        await asyncio.sleep(0.1)
    return seen


async def test_a_replay_of_very_many_events_is_watched_cancelled_resumed_and_killed_and_each_of_them_lands(
    client, sink, address, start_worker
):
    endpoint = await client.webhooks.create(url=sink, kinds=["item.updated"])
    wanted = {"endpoint": endpoint, "which": "all", "until": endpoint.created_at, "first_sequence": 1}

    assert (await client.webhooks.replay(**wanted, dry_run=True)).total == EVENTS
    job = await client.webhooks.replay(**wanted)
    with start_worker(address.conninfo) as worker:
        seen = await until(job, EVENTS // 8)
        cancelled = await job.cancel()
        await asyncio.sleep(2)  # what was queued arrives, and would be followed by what was not
        after_cancelling = Counter(Sink.arrived)
        await job.resume()
        await until(job, EVENTS // 2)
        worker.kill()
    before_the_kill = sum(Sink.arrived.values())
    with start_worker(address.conninfo):
        ended = await job.wait(timeout=PATIENCE_SECONDS)

    assert seen.total == EVENTS
    assert cancelled.position < EVENTS
    assert sum(after_cancelling.values()) == len(after_cancelling) == cancelled.queued
    assert before_the_kill < EVENTS
    assert (ended.state, ended.queued, ended.delivered, ended.failed) == ("finished", EVENTS, EVENTS, 0)
    assert len(Sink.arrived) == EVENTS
    assert sum(Sink.arrived.values()) - EVENTS <= UNDER_WAY_MAX
