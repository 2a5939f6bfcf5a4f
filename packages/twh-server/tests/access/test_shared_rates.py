"""Buckets in a shared store keep the promises of those in a process; without the store, nobody waits and nobody is given more."""

import asyncio
import logging
import time
from uuid import uuid4

import pytest
import pytest_asyncio
from own_valkey import Valkey

from twh_server.access import shared_rates
from twh_server.access.rate_store import RateStore
from twh_server.access.rates import Buckets, Rate
from twh_server.access.shared_rates import SharedBuckets

PATIENCE_SECONDS = 30
# Nothing of it flows in while a test runs.
SLOW = Rate(requests=6, seconds=60_000)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with Valkey(tmp_path_factory.mktemp("valkey")) as valkey:
        yield valkey


@pytest.fixture
def own(tmp_path):
    """A Valkey that a test may do away with."""
    with Valkey(tmp_path) as valkey:
        yield valkey


@pytest_asyncio.fixture(loop_scope="session")
async def open_buckets(running, monkeypatch):
    """Opens the buckets of one more process. They are patient: this machine may be busy."""
    monkeypatch.setattr(shared_rates, "LOOK_SECONDS", 0.05)
    opened = []

    async def open_buckets(rate=SLOW, store=running, wait_seconds=PATIENCE_SECONDS):
        buckets = SharedBuckets(rate, RateStore(store.url), wait_seconds=wait_seconds)
        opened.append(buckets.in_touch())
        await opened[-1].__aenter__()
        return buckets

    yield open_buckets
    for touch in reversed(opened):
        await touch.__aexit__(None, None, None)


async def take(buckets, key):
    taken = buckets.take(key)
    return await taken if isinstance(taken, asyncio.Future) else taken


async def allowed(buckets, key, times):
    return [(await take(buckets, key)).allowed for _ in range(times)]


async def until(condition):
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110  # a process that comes back sets no event
            await asyncio.sleep(0.01)


async def test_processes_share_a_keys_bucket(open_buckets):
    first, second = await open_buckets(), await open_buckets()
    key, other = uuid4(), uuid4()

    taken = await asyncio.gather(*(take(buckets, key) for _ in range(10) for buckets in (first, second)))

    assert sum(one.allowed for one in taken) == 6
    assert await allowed(first, other, 1) == await allowed(second, other, 1) == [True]


async def test_it_tells_what_a_bucket_of_this_process_tells(open_buckets):
    shared, own, key = await open_buckets(), Buckets(SLOW), uuid4()

    assert [await take(shared, key) for _ in range(8)] == [own.take(key) for _ in range(8)]


async def test_whoever_comes_back_when_told_is_let_in(open_buckets):
    buckets, key = await open_buckets(Rate(requests=2, seconds=2)), uuid4()
    while (taken := await take(buckets, key)).allowed:
        pass
    await asyncio.sleep(taken.retry_seconds)

    assert await allowed(buckets, key, 1) == [True]


async def test_what_is_full_is_not_kept(open_buckets, own):
    buckets = await open_buckets(Rate(requests=1_000, seconds=1), own)
    await allowed(buckets, uuid4(), 3)

    await until(lambda: own.info("keyspace") == {})


async def test_requests_that_come_together_are_asked_for_together(open_buckets, running):
    buckets = await open_buckets()
    before = running.info("commandstats")["cmdstat_evalsha"]["calls"]

    await asyncio.gather(*(take(buckets, uuid4()) for _ in range(50)))

    assert running.info("commandstats")["cmdstat_evalsha"]["calls"] == before + 1


async def test_when_the_store_is_killed_each_process_goes_on_from_what_it_said_last(open_buckets, own, caplog):
    first, second = await open_buckets(store=own), await open_buckets(store=own)
    spent, fresh = uuid4(), uuid4()
    await allowed(first, spent, 10)
    own.kill()

    taken = await asyncio.gather(*(take(first, fresh) for _ in range(20)))

    assert sum(one.allowed for one in taken) == 6
    assert await allowed(first, spent, 1) == [False]
    assert await allowed(second, fresh, 7) == [True] * 6 + [False]
    assert (first.away, second.away) == (True, True)
    assert [record.message.partition(":")[0] for record in caplog.records if record.levelno == logging.WARNING] == [
        "the store of the rate limit is gone, and each process counts for itself until it answers"
    ] * 2


async def test_the_store_is_used_again_once_it_answers(open_buckets, own, caplog):
    caplog.set_level(logging.INFO)
    first, second = await open_buckets(store=own), await open_buckets(store=own)
    key = uuid4()
    own.kill()
    await allowed(first, key, 10)
    await allowed(second, key, 10)
    await until(lambda: first.failures > 2)
    own.start()
    await until(lambda: not first.away and not second.away)

    assert await allowed(first, key, 4) == [True] * 4
    assert await allowed(second, key, 4) == [True] * 2 + [False] * 2
    assert len([record for record in caplog.records if "share its buckets" in record.message]) == 2


async def test_nobody_waits_for_a_store_that_does_not_answer(open_buckets, own):
    buckets = await open_buckets(store=own, wait_seconds=0.02)
    own.hold_still()

    first = buckets.take(uuid4())
    together = [buckets.take(uuid4()) for _ in range(5)]

    assert all([(await taken).allowed for taken in (first, *together)])
    assert buckets.away
    assert buckets.take(uuid4()).allowed  # at once: there is nothing to await
    assert buckets.failures == 1


async def test_what_a_slow_store_answers_too_late_is_taken_for_no_other_answer(open_buckets, own):
    buckets, key = await open_buckets(store=own, wait_seconds=0.02), uuid4()
    own.hold_still()
    await allowed(buckets, uuid4(), 3)
    own.go_on()
    await until(lambda: not buckets.away)
    buckets._question_seconds = PATIENCE_SECONDS

    taken = [await take(buckets, key) for _ in range(8)]

    assert [one.remaining for one in taken] == [5, 4, 3, 2, 1, 0, 0, 0]
    assert not buckets.away


async def test_a_store_that_is_not_there_hinders_no_start(open_buckets, own):
    own.kill()
    buckets = await open_buckets(store=own)

    assert buckets.take(uuid4()).allowed
    own.start()
    await until(lambda: not buckets.away)


async def test_a_store_that_may_not_do_it_is_not_used(open_buckets, own):
    buckets = await open_buckets(store=own)
    with own.client() as client:
        client.config_set("maxmemory", "1")

    assert await allowed(buckets, uuid4(), 1) == [True]
    assert buckets.away


@pytest.mark.parametrize("turns", [0, 1, 2, 4, 8])
async def test_a_process_that_is_busy_does_not_take_the_store_for_slow(open_buckets, turns):
    buckets = await open_buckets(wait_seconds=0.4)
    taken = buckets.take(uuid4())
    for _ in range(turns):
        await asyncio.sleep(0)

    time.sleep(0.5)  # noqa: ASYNC251  # the loop stands still

    assert (await taken).allowed
    assert not buckets.away


async def test_a_caller_that_goes_away_holds_up_nobody(open_buckets):
    buckets, key = await open_buckets(), uuid4()
    gone, stays = buckets.take(key), buckets.take(key)
    gone.cancel()

    assert (await stays).remaining == 4


async def test_what_was_decided_where_is_counted(open_buckets, own):
    buckets, key = await open_buckets(store=own), uuid4()
    await allowed(buckets, key, 8)
    own.kill()
    await allowed(buckets, key, 3)

    assert (buckets.decisions.allowed, buckets.decisions.refused) == (6, 2)
    assert (buckets.own.decisions.allowed, buckets.own.decisions.refused) == (0, 3)
