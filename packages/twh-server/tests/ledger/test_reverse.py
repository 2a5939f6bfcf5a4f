"""A reversal is the mirror image of an entry: once, whole, and only while the stock allows it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from twh_server.catalogue.item_commands import ArchiveItem
from twh_server.catalogue.location_commands import ArchiveLocation
from twh_server.catalogue.refusals import ItemArchived, LocationArchived
from twh_server.ledger import history
from twh_server.ledger.entries import Reference
from twh_server.ledger.lines import Line
from twh_server.ledger.refusals import (
    EntryAlreadyReversed,
    EntryNotFound,
    EntryPredatesCount,
    InsufficientStock,
    InvalidEntry,
)
from twh_server.ledger.reverse import ReverseEntry
from twh_server.ledger.verify import verify


def movements(entry):
    return [(moved.location.code, moved.quantity) for moved in entry.movements]


async def test_a_reversal_is_the_mirror_image_last_movement_first(stockroom):
    await stockroom.receive("apples", 5)
    line = Line(item="apples", quantity="5", source="MAIN", target="STORE")
    transfer = await stockroom.record("transfer", line, reference=Reference("order", "SO-1"))
    reversal = await stockroom.reverse(transfer, reason="wrong store")

    assert movements(reversal) == [("STORE", "-5"), ("MAIN", "5")]
    assert (reversal.kind, reversal.reason, reversal.reverses) == ("reversal", "wrong store", transfer.id)
    assert reversal.reference == Reference("order", "SO-1")


async def test_an_entry_is_reversed_once(stockroom):
    receipt = await stockroom.receive("apples", 5)
    reversal = await stockroom.reverse(receipt)

    with pytest.raises(EntryAlreadyReversed) as refusal:
        await stockroom.reverse(receipt)
    assert refusal.value.facts == {"entry": receipt.id, "reversed_by": reversal.id}
    assert await stockroom.on_hand("apples") == "0"


async def test_an_entry_is_reversed_once_by_many_at_once(stockroom):
    receipt = await stockroom.receive("apples", 5)
    outcomes = await asyncio.gather(*(stockroom.reverse(receipt) for _ in range(20)), return_exceptions=True)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Entry"] + ["EntryAlreadyReversed"] * 19
    assert await stockroom.on_hand("apples") == "0"


async def test_the_reversed_entry_says_by_what(stockroom, database, shop):
    receipt = await stockroom.receive("apples", 5)
    reversal = await stockroom.reverse(receipt)
    shown = await history.get_entry(database, shop.tenant, receipt.id)

    assert (receipt.reversed_by, shown.reversed_by) == (None, reversal.id)


async def test_a_reversal_can_be_reversed(stockroom):
    receipt = await stockroom.receive("apples", 5)
    await stockroom.reverse(await stockroom.reverse(receipt))

    assert await stockroom.on_hand("apples") == "5"


async def test_a_reversal_needs_the_stock_to_be_there(stockroom):
    receipt = await stockroom.receive("apples", 5)
    await stockroom.issue("apples", 1)

    with pytest.raises(InsufficientStock) as refusal:
        await stockroom.reverse(receipt)
    assert (refusal.value.facts["available"], refusal.value.facts["requested"]) == ("4", "5")


async def test_a_refused_reversal_can_be_tried_again(stockroom):
    receipt = await stockroom.receive("apples", 5)
    issue = await stockroom.issue("apples", 1)
    with pytest.raises(InsufficientStock):
        await stockroom.reverse(receipt)
    await stockroom.reverse(issue)

    assert movements(await stockroom.reverse(receipt)) == [("MAIN", "-5")]


async def test_a_forced_reversal_takes_below_zero(stockroom):
    receipt = await stockroom.receive("apples", 5)
    await stockroom.issue("apples", 1)
    reversal = await stockroom.reverse(receipt, force=True)

    assert (reversal.forced, await stockroom.on_hand("apples")) == (True, "-1")


async def test_lines_on_one_level_go_back_together(stockroom):
    lines = [Line(item="apples", quantity=quantity, location="MAIN") for quantity in ("5", "-3", "2")]
    adjustment = await stockroom.record("adjustment", *lines, reason="recounted")
    reversal = await stockroom.reverse(adjustment)

    assert movements(reversal) == [("MAIN", "-2"), ("MAIN", "3"), ("MAIN", "-5")]
    assert await stockroom.on_hand("apples") == "0"


async def test_a_count_is_reversed_by_what_it_moved(stockroom):
    await stockroom.receive("apples", 5)
    count = await stockroom.record("count", Line(item="apples", quantity="3", location="MAIN"))
    await stockroom.receive("apples", 1)
    await stockroom.reverse(count)

    assert await stockroom.on_hand("apples") == "6"


async def test_a_count_that_moved_nothing_can_be_reversed(stockroom, database, shop):
    line = Line(item="apples", quantity="0", location="MAIN")
    count = await stockroom.record("count", line, record_unchanged=True)
    reversal = await stockroom.reverse(count)

    assert movements(reversal) == []
    assert movements(await stockroom.reverse(reversal)) == []
    assert (await verify(database, shop.tenant)).fault is None


async def test_an_entry_can_be_reversed_behind_a_count_but_not_before_it(stockroom):
    receipt = await stockroom.receive("apples", 5)
    await stockroom.record("count", Line(item="apples", quantity="9", location="MAIN"))
    with pytest.raises(EntryPredatesCount):
        await stockroom.reverse(receipt, occurred_at=datetime.now(UTC) - timedelta(hours=1))
    await stockroom.reverse(receipt)

    assert await stockroom.on_hand("apples") == "4"


async def test_a_reversal_keeps_the_window_of_times(open_stockroom):
    live = await open_stockroom("live")
    receipt = await live.receive("apples", 5)

    with pytest.raises(InvalidEntry) as refusal:
        await live.reverse(receipt, occurred_at=datetime.now(UTC) - timedelta(days=8))
    assert refusal.value.code == "occurred_at_out_of_range"


async def test_what_was_archived_takes_no_reversal(stockroom):
    receipt = await stockroom.receive("apples", 5)
    await stockroom.issue("apples", 5)
    await stockroom.do(ArchiveItem(item="apples"))

    with pytest.raises(ItemArchived):
        await stockroom.reverse(receipt)


async def test_where_nothing_is_kept_any_more_takes_no_reversal(stockroom):
    await stockroom.receive("apples", 5)
    line = Line(item="apples", quantity="5", source="MAIN", target="STORE")
    transfer = await stockroom.record("transfer", line)
    await stockroom.do(ArchiveLocation(location="MAIN"))

    with pytest.raises(LocationArchived):
        await stockroom.reverse(transfer)


@pytest.mark.parametrize("entry", ["ent_01h455vb4pex5vsknk084sn02q", "ent_x", "", "evt_01h455vb4pex5vsknk084sn02q"])
async def test_what_is_no_entry_is_not_reversed(stockroom, shop, entry):
    with pytest.raises(EntryNotFound):
        await stockroom.do(ReverseEntry(entry=entry, actor=shop.actor))


async def test_the_largest_entry_can_be_reversed(stockroom):
    receipt = await stockroom.record("receipt", *[Line(item="apples", quantity="1", location="MAIN")] * 1_000)
    reversal = await stockroom.reverse(receipt)

    assert len(reversal.movements) == 1_000
    assert await stockroom.on_hand("apples") == "0"
