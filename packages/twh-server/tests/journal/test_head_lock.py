"""The race for the head: two servers sell the last apple, and only one of them may.

The lock has to be a statement of its own. Folded into one statement with the reads, it waits for the other server and
then answers the new head beside the old levels, which this file shows: the very same race oversells.
"""

import asyncio

import psycopg
import pytest

from twh_server.database.asking import asked
from twh_server.database.engine import SET_TENANT, Database
from twh_server.events.bell import Bell
from twh_server.journal import batch
from twh_server.journal.commands import Facts
from twh_server.journal.writer import Writer
from twh_server.ledger.levels import LEVELS
from twh_server.ledger.lines import Line

ROUNDS = 40
ROUNDS_TO_FAIL_MAX = 200

FOLDED = f"""
with head as materialized ({batch.LOCK_HEAD})
select head.*, found.*
from head
left join lateral ({LEVELS.sql}) as found on true
"""


@pytest.fixture
async def servers(address):
    """The writers of two server processes: nothing in common but the database."""
    async with Database(address, writers=1) as one, Database(address, writers=1) as two:
        writers = Writer(one, Bell()), Writer(two, Bell())
        yield writers
        for writer in writers:
            await writer.close()


@pytest.fixture
def folded(monkeypatch):
    """The head lock and the reading of levels as one statement."""

    async def read(connection, pipeline, tenant, submissions):
        wanted = dict(batch._wanted(submissions))
        await connection.execute("begin")
        await connection.execute(SET_TENANT, (str(tenant),))
        together = asked(LEVELS.sql, tenant, wanted.pop(LEVELS)) if LEVELS in wanted else None
        locked = await connection.execute(FOLDED if together else batch.LOCK_HEAD, together or {"tenant": tenant})
        reading = [
            (one, await connection.execute(one.sql, asked(one.sql, tenant, keys))) for one, keys in wanted.items()
        ]
        await pipeline.sync()
        rows, facts = await locked.fetchall(), Facts()
        LEVELS.enter(facts, [row[4:] for row in rows if len(row) > 4 and row[4] is not None])
        for one, cursor in reading:
            one.enter(facts, await cursor.fetchall())
        sequence, recorded_at, last_id, sealed = rows[0][:4]
        return batch.Head(sequence=sequence, recorded_at=recorded_at, last_id=last_id, hash=sealed), {}, facts

    monkeypatch.setattr(batch, "_read", read)


async def sold_in_one_round(servers, stockroom, request_of):
    """How many of two servers sold the one apple that there is."""
    line = Line(item="apples", quantity="1", location="MAIN")
    await servers[0].submit(request_of(stockroom.entry("count", line)))
    issues = [server.submit(request_of(stockroom.entry("issue", line))) for server in servers]
    return [answer.status for answer in await asyncio.gather(*issues)].count(201)


async def test_the_last_apple_is_sold_once(servers, stockroom, request_of):
    sold = [await sold_in_one_round(servers, stockroom, request_of) for _ in range(ROUNDS)]

    assert sold == [1] * ROUNDS


async def test_the_race_is_lost_when_the_reads_are_folded_into_the_locks_statement(
    servers, stockroom, request_of, folded
):
    rounds = (await sold_in_one_round(servers, stockroom, request_of) for _ in range(ROUNDS_TO_FAIL_MAX))

    assert 2 in [sold async for sold in until_two(rounds)]


async def until_two(rounds):
    async for sold in rounds:
        yield sold
        if sold == 2:
            return


async def test_one_key_at_two_servers_is_one_entry(servers, stockroom, request_of):
    line = Line(item="apples", quantity="1", location="MAIN")
    for number in range(ROUNDS):
        attempts = [request_of(stockroom.entry("receipt", line), f"k{number}") for _ in servers]
        answers = await asyncio.gather(*(server.submit(one) for server, one in zip(servers, attempts, strict=True)))
        assert sorted(answer.replayed for answer in answers) == [False, True]
        assert answers[0].body == answers[1].body

    assert await stockroom.on_hand("apples") == str(ROUNDS)


async def test_a_second_server_waits_for_the_head(servers, stockroom, request_of, address, shop):
    line = Line(item="apples", quantity="1", location="MAIN")
    async with await psycopg.AsyncConnection.connect(address.as_role("twh_app")) as holder:
        await holder.execute(SET_TENANT, (str(shop.tenant),))
        await holder.execute(batch.LOCK_HEAD, {"tenant": shop.tenant})
        waiting = asyncio.create_task(servers[0].submit(request_of(stockroom.entry("receipt", line))))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        held_up = not done
        await holder.rollback()

    assert held_up
    assert (await waiting).status == 201
