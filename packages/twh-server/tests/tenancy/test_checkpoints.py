"""Checkpoints: a consumer's place is kept, goes forward by itself and back only when asked, and is nobody's fact."""

import asyncio

import pytest

from twh_server.database.engine import SET_TENANT
from twh_server.journal.versions import StaleVersion
from twh_server.tenancy import checkpoints
from twh_server.tenancy.checkpoints import (
    CheckpointAhead,
    CheckpointNotFound,
    CheckpointPassed,
    InvalidCheckpoint,
    TooManyCheckpoints,
)


@pytest.fixture
def put(database, stockroom):
    """Set a place in the feed of a shop that has four events."""

    async def put(name, sequence, **more):
        return await checkpoints.set_checkpoint(database, stockroom.shop.tenant, name, sequence, **more)

    return put


async def test_a_place_is_made_moved_and_left_as_it_is(put):
    made, is_new = await put("shipping", 1)
    moved, _ = await put("shipping", 3)
    same, _ = await put("shipping", 3)

    assert (made.sequence, made.version, made.lag, made.head, is_new) == (1, 1, 3, 4, True)
    assert (moved.sequence, moved.version, moved.lag) == (3, 2, 1)
    assert same == moved


async def test_a_place_goes_back_only_when_that_is_asked_for(put):
    await put("shipping", 3)
    with pytest.raises(CheckpointPassed) as refusal:
        await put("shipping", 2)
    back, _ = await put("shipping", 2, reset=True)

    assert (refusal.value.facts["sequence"], back.sequence) == (3, 2)


async def test_a_place_beyond_the_newest_event_is_refused(put):
    with pytest.raises(CheckpointAhead) as refusal:
        await put("shipping", 5)

    assert refusal.value.facts["head"] == 4


@pytest.mark.parametrize("name", ["", "-a", "a b", "a/b", "ä", "a" * 65])
async def test_not_everything_is_a_name(put, name):
    with pytest.raises(InvalidCheckpoint):
        await put(name, 1)


async def test_a_place_is_moved_only_from_the_version_that_was_read(put):
    with pytest.raises(CheckpointNotFound):
        await put("shipping", 1, if_match=["*"])
    first, _ = await put("shipping", 1)
    await put("shipping", 2, if_match=[first.etag])
    with pytest.raises(StaleVersion):
        await put("shipping", 3, if_match=[first.etag])


async def test_those_who_make_a_place_at_once_make_one(put):
    answers = await asyncio.gather(*(put("shipping", 2) for _ in range(8)))

    assert sorted(is_new for _, is_new in answers) == [False] * 7 + [True]
    assert {place.version for place, _ in answers} == {1}


async def test_those_who_move_a_place_at_once_leave_it_at_the_furthest(put, database, stockroom):
    await put("shipping", 0)
    await asyncio.gather(*(put("shipping", number) for number in (1, 4, 2, 3)), return_exceptions=True)

    place = await checkpoints.get_checkpoint(database, stockroom.shop.tenant, "shipping")
    assert place.sequence == 4


async def test_a_place_is_no_fact_and_waits_for_no_head(put, database, stockroom):
    async with database.transaction() as tx:
        await tx.execute(SET_TENANT, (str(stockroom.shop.tenant),))
        await tx.execute("select from ledger_heads where tenant_id = %s for update", (stockroom.shop.tenant,))
        async with asyncio.timeout(5):
            place, _ = await put("shipping", 4)

    assert place.head == 4


async def test_there_is_an_end_to_how_many_places_there_are(put, monkeypatch):
    monkeypatch.setattr(checkpoints, "CHECKPOINTS_MAX", 2)
    await put("a", 1)
    await put("b", 1)
    with pytest.raises(TooManyCheckpoints):
        await put("c", 1)

    assert (await put("b", 2))[0].sequence == 2


async def test_a_place_is_forgotten_at_the_version_that_was_read(put, database, stockroom):
    tenant = stockroom.shop.tenant
    first, _ = await put("shipping", 1)
    await put("shipping", 2)
    with pytest.raises(StaleVersion):
        await checkpoints.delete_checkpoint(database, tenant, "shipping", if_match=[first.etag])
    await checkpoints.delete_checkpoint(database, tenant, "shipping")

    for again in (checkpoints.delete_checkpoint, checkpoints.get_checkpoint):
        with pytest.raises(CheckpointNotFound):
            await again(database, tenant, "shipping")
