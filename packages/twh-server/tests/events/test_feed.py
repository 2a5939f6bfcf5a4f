"""The feed: every event in the order of the commits, without a gap, as the bytes that were stored."""

import asyncio
import time

import pytest

from twh_server.catalogue.item_commands import UpdateItem
from twh_server.catalogue.location_commands import CreateLocation
from twh_server.database.engine import Database
from twh_server.events import feed
from twh_server.events.bell import Bell
from twh_server.events.feed import EventNotFound
from twh_server.events.kinds import decode
from twh_server.journal.commands import Answer, Submission
from twh_server.journal.writer import Writer

# Whoever did not hear the bell looks again only after this.
SOON_SECONDS = feed.LOOK_SECONDS_MAX


def told(_):
    return Answer(status=200)


def bin_of(shop, code):
    return Submission(tenant=shop.tenant, command=CreateLocation(code=code, name=code), answer=told, refuse=told)


@pytest.fixture
def read(database, shop):
    async def read(**more):
        return await feed.read(database, shop.tenant, **{"after": 0, **more})

    return read


def numbers(stretch):
    return [decode(body).sequence for body in stretch.bodies]


def types(stretch):
    return [decode(body).type for body in stretch.bodies]


async def test_the_feed_is_every_event_as_it_is_stored(stockroom, read):
    stored = await stockroom.rows("select body from events where tenant_id = %(tenant)s order by sequence")

    assert [body.decode() for body in (await read()).bodies] == [body for (body,) in stored]


async def test_the_feed_goes_on_where_it_was_left(stockroom, read):
    first = await read(limit=3)
    second = await read(after=first.next_after, limit=3)

    assert (numbers(first), first.next_after, first.head) == ([1, 2, 3], 3, 4)
    assert (numbers(second), second.next_after, second.head) == ([4], 4, 4)


async def test_a_page_that_is_just_full_does_not_claim_to_have_seen_more(stockroom, read):
    page = await read(limit=4)

    assert (page.next_after, page.head) == (4, 4)


async def test_of_some_types_only_those_are_told_and_the_others_are_passed(stockroom, read):
    stretch = await read(kinds=["item.created"])

    assert types(stretch) == ["item.created"] * 2
    assert stretch.next_after == 4


async def test_a_full_page_of_some_types_passes_no_event_that_it_has_not_looked_at(stockroom, read):
    await stockroom.do(UpdateItem(item="apples", changes={"name": "Red apples"}))
    first = await read(kinds=["item.created", "item.updated"], limit=2)
    second = await read(kinds=["item.created", "item.updated"], limit=2, after=first.next_after)

    assert (first.next_after, types(second)) == (2, ["item.updated"])


async def test_behind_the_head_there_is_nothing_and_nothing_is_skipped(stockroom, read):
    stretch = await read(after=4)
    far = await read(after=1_000)

    assert (stretch.bodies, stretch.next_after) == ([], 4)
    assert (far.bodies, far.next_after, far.head) == ([], 1_000, 4)


async def test_an_empty_ledger_has_an_empty_feed(read):
    stretch = await read()

    assert (stretch.bodies, stretch.next_after, stretch.head) == ([], 0, 0)


async def test_no_gap_appears_while_two_servers_write(address, shop, read):
    async with Database(address) as one, Database(address) as two:
        writers = Writer(one, Bell()), Writer(two, Bell())
        writing = [
            asyncio.create_task(writers[number % 2].submit(bin_of(shop, f"BIN-{number}"))) for number in range(300)
        ]
        seen, after = [], 0
        while len(seen) < 300:
            stretch = await read(after=after, limit=7)
            assert stretch.head >= (numbers(stretch) or [0])[-1]
            seen += numbers(stretch)
            after = stretch.next_after
        await asyncio.gather(*writing)

    assert seen == list(range(1, 301))


async def test_one_event_is_read_by_its_id(stockroom, read, database, shop):
    body = (await read()).bodies[2]

    assert await feed.get(database, shop.tenant, decode(body).id) == body


@pytest.mark.parametrize("text", ["evt_01h455vb4pex5vsknk084sn02q", "evt_", "itm_01h455vb4pex5vsknk084sn02q", ""])
async def test_what_is_no_event_is_not_found(database, shop, text):
    with pytest.raises(EventNotFound):
        await feed.get(database, shop.tenant, text)


async def waited(database, bell, shop, **more):
    """A long poll, and how long it took."""
    began = time.monotonic()
    stretch = await feed.wait(database, bell, shop.tenant, **{"after": 0, "seconds": 10, **more})
    return stretch, time.monotonic() - began


async def test_a_long_poll_returns_at_once_when_there_is_something(stockroom, database, shop):
    stretch, seconds = await waited(database, Bell(), shop)

    assert (numbers(stretch), seconds < SOON_SECONDS) == ([1, 2, 3, 4], True)


async def test_a_long_poll_returns_soon_after_a_commit(database, shop):
    bell = Bell()
    waiting = asyncio.create_task(waited(database, bell, shop))
    await asyncio.sleep(0.2)
    await Writer(database, bell).submit(bin_of(shop, "BIN"))
    stretch, seconds = await waiting

    assert numbers(stretch) == [1]
    assert 0.2 <= seconds < SOON_SECONDS


async def test_a_long_poll_returns_soon_after_a_commit_by_another_server(address, database, shop):
    ours, theirs = Bell(), Bell()
    async with Database(address) as other:
        carrying = [asyncio.create_task(ours.run(database)), asyncio.create_task(theirs.run(other))]
        await asyncio.sleep(0.3)
        waiting = asyncio.create_task(waited(database, ours, shop))
        await asyncio.sleep(0.1)
        await Writer(other, theirs).submit(bin_of(shop, "BIN"))
        stretch, seconds = await waiting
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)

    assert numbers(stretch) == [1]
    assert seconds < SOON_SECONDS


async def test_a_long_poll_looks_by_itself_when_no_bell_is_heard(database, shop):
    waiting = asyncio.create_task(waited(database, Bell(), shop))
    await asyncio.sleep(0.1)
    await Writer(database, Bell()).submit(bin_of(shop, "BIN"))
    stretch, seconds = await waiting

    assert numbers(stretch) == [1]
    assert seconds < feed.LOOK_SECONDS_MAX + SOON_SECONDS


async def test_a_long_poll_ends_empty_when_nothing_happens(database, shop):
    stretch, seconds = await waited(database, Bell(), shop, seconds=0.3)

    assert stretch.bodies == []
    assert 0.3 <= seconds < 0.3 + SOON_SECONDS


async def test_a_long_poll_for_some_types_sleeps_through_the_others(database, shop, stockroom):
    bell = Bell()
    waiting = asyncio.create_task(waited(database, bell, shop, after=4, kinds=["item.updated"]))
    writer = Writer(database, bell)
    await writer.submit(bin_of(shop, "BIN"))
    await asyncio.sleep(0.1)
    slept = not waiting.done()
    command = UpdateItem(item="apples", changes={"name": "Red apples"})
    await writer.submit(Submission(tenant=shop.tenant, command=command, answer=told, refuse=told))
    stretch, _ = await waiting

    assert (slept, types(stretch), stretch.next_after) == (True, ["item.updated"], 6)


async def test_another_tenants_commit_ends_no_long_poll(database, shop, other_shop):
    bell = Bell()
    waiting = asyncio.create_task(waited(database, bell, shop, seconds=0.5))
    await asyncio.sleep(0.1)
    await Writer(database, bell).submit(bin_of(other_shop, "BIN"))
    stretch, seconds = await waiting

    assert (stretch.bodies, seconds >= 0.5) == ([], True)


async def test_when_the_server_stops_long_polls_end(database, shop):
    bell = Bell()
    waiting = asyncio.create_task(waited(database, bell, shop))
    await asyncio.sleep(0.1)
    bell.hush()
    stretch, seconds = await waiting

    assert (stretch.bodies, seconds < SOON_SECONDS) == ([], True)


async def test_a_refusal_rings_no_bell(database, shop, stockroom):
    bell = Bell()
    with bell.listening(shop.tenant) as heard:
        await Writer(database, bell).submit(bin_of(shop, "MAIN"))

    assert not heard.is_set()


async def test_nobody_is_kept_in_the_bell_who_has_gone(shop):
    bell = Bell()
    with bell.listening(shop.tenant), bell.listening():
        pass

    assert not bell._waiting
