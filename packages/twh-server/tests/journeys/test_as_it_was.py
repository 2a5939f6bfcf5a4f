"""Stock as it was, in the words of scenarios: what arrives late, what was counted, and what each clock says."""

from datetime import UTC, datetime, timedelta

import pytest

from twh.errors import CountIsBackdated


async def test_what_arrives_after_a_count_that_contains_it_changes_only_what_was_there_before(shelf):
    """13:10 issue 3 of 100 · 13:20 issue 2, offline · 13:30 count 90 · 13:35 the issue of 13:20 arrives."""
    one = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)

    def at(minute):
        return one + timedelta(minutes=minute)

    line = {"item": "APPLES", "location": "MAIN"}
    await shelf.has(0)
    await shelf.client.movements.receive(**line, quantity=100, occurred_at=at(0))
    known = await shelf.client.movements.issue(**line, quantity=3, occurred_at=at(10))
    await shelf.client.movements.count(**line, quantity=90, occurred_at=at(30))
    late = await shelf.client.movements.issue(**line, quantity=2, occurred_at=at(20))

    async def was(time, clock):
        return (await shelf.client.stock.get("APPLES", at="MAIN", as_of=time, clock=clock)).on_hand

    assert await shelf.on_hand() == 90
    assert [await was(at(minute), "occurred") for minute in (5, 15, 25, 30, 60)] == [100, 97, 95, 90, 90]
    assert await was(known.recorded_at, "recorded") == 97
    assert [(movement.quantity, movement.counted_in is None) for movement in late.movements] == [(2, False), (-2, True)]


async def test_a_count_of_yesterday_cannot_take_what_moved_since(shelf):
    now = datetime.now(UTC)
    line = {"item": "APPLES", "location": "MAIN"}
    await shelf.has(0)
    await shelf.client.movements.receive(**line, quantity=10, occurred_at=now - timedelta(days=2))
    await shelf.client.movements.issue(**line, quantity=2)

    with pytest.raises(CountIsBackdated):
        await shelf.client.movements.count(**line, quantity=1, occurred_at=now - timedelta(days=1))
    assert await shelf.on_hand() == 8


async def test_a_list_is_as_it_was(shelf):
    await shelf.has(5)
    before = await shelf.client.movements.receive(item="APPLES", location="MAIN", quantity=1)
    await shelf.has(7, item="PEARS")
    await shelf.client.movements.issue(item="APPLES", location="MAIN", quantity=4)

    then = await shelf.client.stock.list(as_of=before.recorded_at, page_size=1).to_list()

    assert [(level.item.sku, level.on_hand, level.version) for level in then] == [("APPLES", 6, 2)]
