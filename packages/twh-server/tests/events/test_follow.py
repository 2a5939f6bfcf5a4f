"""A follower sees every event of every tenant in order, once, whoever else follows and whoever is writing."""

import asyncio
import time
from collections import defaultdict

import pytest

from twh_server.catalogue.location_commands import CreateLocation
from twh_server.events.bell import Bell
from twh_server.events.follow import APART_SECONDS, Away, Follower, lag_of
from twh_server.journal.commands import Answer, Submission
from twh_server.journal.writer import Writer


async def happen(writer, shop, *codes):
    def told(_):
        return Answer(status=200)

    await asyncio.gather(
        *(
            writer.submit(
                Submission(tenant=shop.tenant, command=CreateLocation(code=code, name=code), answer=told, refuse=told)
            )
            for code in codes
        )
    )


class Notes:
    """The work of a follower that writes down which numbers it was given, by tenant."""

    def __init__(self):
        self.seen = defaultdict(list)

    async def __call__(self, tx, run):
        self.seen[run.tenant] += range(run.first, run.last + 1)


@pytest.fixture
def name(request):
    return request.node.name


async def test_a_follower_begins_at_the_first_event_and_goes_on_where_it_was(database, writer, shop, name):
    notes = Notes()
    await happen(writer, shop, "A", "B", "C")
    await Follower(database, Bell(), name, notes, run_events_max=2).catch_up()
    await happen(writer, shop, "D")
    await Follower(database, Bell(), name, notes).catch_up()

    assert notes.seen[shop.tenant] == [1, 2, 3, 4]


async def test_nothing_is_skipped_while_two_processes_write_and_two_follow(database, shop, other_shop, name):
    bell, notes = Bell(), Notes()
    writers = [Writer(database, bell), Writer(database, bell)]
    followers = [Follower(database, bell, name, notes, run_events_max=7) for _ in range(2)]
    following = [asyncio.create_task(follower.run()) for follower in followers]

    await asyncio.gather(
        *(
            happen(writer, shop_, *[f"{place}-{number}" for number in range(150)])
            for shop_ in (shop, other_shop)
            for place, writer in enumerate(writers)
        )
    )
    async with asyncio.timeout(10):
        while any(len(notes.seen[shop_.tenant]) < 300 for shop_ in (shop, other_shop)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    for follower in followers:
        follower.stop()
    await asyncio.gather(*following)

    assert notes.seen[shop.tenant] == list(range(1, 301))
    assert notes.seen[other_shop.tenant] == list(range(1, 301))


async def test_commits_that_follow_close_upon_each_other_are_one_run(database, shop, name):
    bell, notes, begun = Bell(), Notes(), []
    writer = Writer(database, bell)

    async def work(tx, run):
        begun.append(time.monotonic())
        await notes(tx, run)

    follower = Follower(database, bell, name, work)
    await follower.catch_up()
    begun.clear()
    started = time.monotonic()
    following = asyncio.create_task(follower.run())
    for number in range(40):
        await happen(writer, shop, f"L{number}")
    async with asyncio.timeout(10):
        while len(notes.seen[shop.tenant]) < 40:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    follower.stop()
    await following

    assert notes.seen[shop.tenant] == list(range(1, 41))
    assert (len(begun) - 1) * APART_SECONDS <= begun[-1] - started


async def test_work_that_fails_keeps_the_cursor_where_it_is_and_others_go_on(database, writer, shop, other_shop, name):
    await happen(writer, shop, "A")
    await happen(writer, other_shop, "A")
    notes, failing = Notes(), True

    async def fail_for_one(tx, run):
        if failing and run.tenant == shop.tenant:
            await tx.execute("select 1 / 0")
        await notes(tx, run)

    follower = Follower(database, Bell(), name, fail_for_one)
    await follower.catch_up()
    assert (notes.seen[shop.tenant], notes.seen[other_shop.tenant]) == ([], [1])

    failing = False
    follower._resting.clear()
    await follower.catch_up()
    assert notes.seen[shop.tenant] == [1]


async def test_work_that_can_be_done_for_nobody_ends_the_following_and_keeps_the_cursor(database, writer, shop, name):
    await happen(writer, shop, "A")
    notes = Notes()

    async def be_away(tx, run):
        raise Away("the bus is away")

    with pytest.raises(Away):
        await Follower(database, Bell(), name, be_away).run()
    await Follower(database, Bell(), name, notes).catch_up()

    assert notes.seen[shop.tenant] == [1]


async def test_what_a_crash_undoes_is_done_again(database, writer, shop, name):
    await happen(writer, shop, "A")
    crash = True

    async def write_then_crash(tx, run):
        await tx.execute(
            "insert into cursors (tenant_id, follower, sequence, updated_at) values (%s, %s, %s, now())",
            (run.tenant, f"{name}'s work", run.last),
        )
        if crash:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await Follower(database, Bell(), name, write_then_crash).catch_up()
    crash = False
    await Follower(database, Bell(), name, write_then_crash).catch_up()

    rows = await database.read(
        shop.tenant,
        "select follower, sequence from cursors where tenant_id = %(tenant)s and starts_with(follower, %(name)s)",
        {"tenant": shop.tenant, "name": name},
    )
    assert sorted(rows) == [(name, 1), (f"{name}'s work", 1)]


async def test_a_ring_of_the_bell_wakes_a_follower_at_once(database, shop, name):
    bell, notes = Bell(), Notes()
    writer, told = Writer(database, bell), asyncio.Event()
    follower = Follower(database, bell, name, notes, committed=told.set)
    await follower.catch_up()
    following = asyncio.create_task(follower.run())
    await asyncio.sleep(0.1)
    told.clear()

    await happen(writer, shop, "A")
    await asyncio.wait_for(told.wait(), 0.5)
    follower.stop()
    await following

    assert notes.seen[shop.tenant] == [1]


async def test_stopping_lets_the_run_under_way_finish(database, writer, shop, name):
    begun, done = asyncio.Event(), False

    async def slow(_tx, run):
        nonlocal done
        if run.tenant == shop.tenant:
            begun.set()
            await asyncio.sleep(0.1)
            done = True

    await happen(writer, shop, "A")
    follower = Follower(database, Bell(), name, slow)
    following = asyncio.create_task(follower.run())
    await asyncio.wait_for(begun.wait(), 5)
    follower.stop()
    await following

    assert done


async def test_it_is_known_how_far_a_follower_is_behind(database, writer, shop, other_shop, name):
    notes = Notes()
    await Follower(database, Bell(), name, notes).catch_up()
    before = await lag_of(database, name)
    await happen(writer, shop, "A", "B")
    await happen(writer, other_shop, "A")
    behind = await lag_of(database, name)
    await Follower(database, Bell(), name, notes).catch_up()
    after = await lag_of(database, name)

    assert (before.events, behind.events, after.events) == (0, 3, 0)
    assert (before.seconds, after.seconds) == (0, 0)
    assert 0 < behind.seconds < 600
