"""Entries in the ledger: what is answered is what is stored, told and read again."""

import asyncio

import msgspec
import pytest

from twh_server.catalogue.item_commands import ArchiveItem, CreateItem, UpdateItem
from twh_server.catalogue.location_commands import ArchiveLocation, CreateLocation
from twh_server.catalogue.refusals import ItemHasStock, LocationHasStock
from twh_server.events.kinds import decode
from twh_server.ledger import history
from twh_server.ledger.entries import Entry, Reference
from twh_server.ledger.lines import Line
from twh_server.ledger.refusals import InsufficientStock

EVENTS = "select kind, body from events where tenant_id = %(tenant)s and sequence > 4 order by sequence"


def move(item, quantity, source="MAIN", target="STORE"):
    return Line(item=item, quantity=str(quantity), source=source, target=target)


async def kinds_told(stockroom):
    return [kind for kind, _ in await stockroom.rows(EVENTS)]


async def low_told(stockroom):
    bodies = [body for kind, body in await stockroom.rows(EVENTS) if kind == "stock.low"]
    return [msgspec.json.decode(decode(body).data)["available"] for body in bodies]


async def test_an_entry_is_told_read_and_answered_alike(stockroom, database, shop):
    lines = [Line(item="flour", quantity="2.5", location="MAIN"), Line(item="apples", quantity="3", location="STORE")]
    reference = Reference("purchase", "PO-77")
    answered = await stockroom.record("receipt", *lines, reason="weekly", reference=reference)
    ((_, body),) = await stockroom.rows(EVENTS)

    assert msgspec.json.decode(decode(body).data, type=Entry) == answered
    assert await history.get_entry(database, shop.tenant, answered.id) == answered


async def test_an_entry_says_who_recorded_it(stockroom, shop):
    entry = await stockroom.receive("apples", 1)

    assert (entry.actor.name, entry.forced, entry.kind) == ("tests", False, "receipt")


async def test_an_entry_has_the_number_of_its_event(stockroom):
    first, second = await stockroom.receive("apples", 1), await stockroom.receive("apples", 1)

    assert (first.sequence, second.sequence) == (5, 6)


async def test_a_transfer_is_one_entry_with_two_movements(stockroom):
    await stockroom.receive("apples", 10)
    entry = await stockroom.record("transfer", move("apples", 5))

    assert [(moved.location.code, moved.quantity, moved.on_hand_after, moved.line) for moved in entry.movements] == [
        ("MAIN", "-5", "5", 0),
        ("STORE", "5", "5", 0),
    ]


async def test_a_transfer_is_refused_whole_when_one_item_is_short(stockroom):
    await stockroom.receive("apples", 10)

    with pytest.raises(InsufficientStock):
        await stockroom.record("transfer", move("apples", 5), move("flour", 1))
    assert (await stockroom.on_hand("apples"), await stockroom.on_hand("apples", "STORE")) == ("10", "0")


async def test_an_entry_shows_each_level_once_as_it_left_it(stockroom):
    line = Line(item="apples", quantity="2", location="MAIN")
    entry = await stockroom.record("receipt", line, line)

    assert [(level.on_hand, level.available, level.version, level.etag) for level in entry.levels] == [
        ("4", "4", 2, '"lv2"')
    ]
    assert entry.levels[0] == await stockroom.level("apples")


async def test_items_and_locations_go_by_id_too(stockroom):
    level = await stockroom.level("apples")
    await stockroom.receive(level.item.id, 3, at=level.location.id)

    assert await stockroom.on_hand("apples") == "3"


async def test_a_count_of_what_is_there_records_nothing(stockroom):
    await stockroom.receive("apples", 3)
    entry = await stockroom.record("count", Line(item="apples", quantity="3", location="MAIN"))

    assert entry is None
    assert await kinds_told(stockroom) == ["entry.recorded"]


async def test_a_forced_entry_says_so(stockroom):
    entry = await stockroom.issue("apples", 1, force=True)

    assert (entry.forced, await stockroom.on_hand("apples")) == (True, "-1")


async def test_the_first_movement_ever_by_many_at_once_is_one_level(stockroom):
    await asyncio.gather(*(stockroom.receive("apples", 1) for _ in range(64)))
    level = await stockroom.level("apples")

    assert (level.on_hand, level.version) == ("64", 64)


@pytest.fixture
async def low_at_five(stockroom):
    await stockroom.do(UpdateItem(item="apples", changes={"reorder_point": "5"}))
    await stockroom.receive("apples", 10)
    return stockroom


async def test_low_stock_is_told_once_when_it_falls_to_its_reorder_point(low_at_five):
    for quantity in (4, 1, 1, 1):
        await low_at_five.issue("apples", quantity)

    assert await low_told(low_at_five) == ["5"]


async def test_low_stock_is_told_again_after_it_was_above(low_at_five):
    await low_at_five.issue("apples", 7)
    await low_at_five.receive("apples", 10)
    await low_at_five.issue("apples", 9)

    assert await low_told(low_at_five) == ["3", "4"]


async def test_low_stock_is_told_once_for_an_entry_of_several_lines(low_at_five):
    line = Line(item="apples", quantity="2", location="MAIN")
    await low_at_five.record("issue", line, line, line, line)

    assert await low_told(low_at_five) == ["2"]


async def test_low_stock_is_told_once_by_many_issues_at_once(low_at_five):
    await asyncio.gather(*(low_at_five.issue("apples", 1) for _ in range(10)))

    assert await low_told(low_at_five) == ["5"]


async def test_low_stock_is_told_behind_its_entry(low_at_five):
    await low_at_five.issue("apples", 5)

    assert (await kinds_told(low_at_five))[-2:] == ["entry.recorded", "stock.low"]


async def test_a_refused_issue_tells_of_no_low_stock(low_at_five):
    with pytest.raises(InsufficientStock):
        await low_at_five.issue("apples", 11)

    assert await low_told(low_at_five) == []


async def test_what_has_stock_is_not_archived(stockroom):
    await stockroom.receive("apples", 1)

    with pytest.raises(ItemHasStock):
        await stockroom.do(ArchiveItem(item="apples"))
    with pytest.raises(LocationHasStock):
        await stockroom.do(ArchiveLocation(location="MAIN"))


async def test_what_is_below_zero_is_not_archived(stockroom):
    await stockroom.issue("apples", 1, force=True)

    with pytest.raises(ItemHasStock):
        await stockroom.do(ArchiveItem(item="apples"))


async def in_one_batch(stockroom, *commands):
    """What became of each: its result, or the name of its refusal."""
    outcomes = await asyncio.gather(*(stockroom.do(command) for command in commands), return_exceptions=True)
    return [type(outcome).__name__ for outcome in outcomes]


@pytest.mark.parametrize(
    "archive", [ArchiveItem(item="apples"), ArchiveLocation(location="MAIN")], ids=["item", "location"]
)
class TestInOneBatch:
    """An archive is decided on the stock that the movements of its own batch left."""

    async def test_what_was_emptied_is_archived(self, stockroom, archive):
        await stockroom.receive("apples", 5)
        issue = stockroom.entry("issue", Line(item="apples", quantity="5", location="MAIN"))
        outcomes = await in_one_batch(stockroom, issue, archive)

        assert outcomes == ["Entry", archive_of(archive)]

    async def test_what_was_filled_is_not(self, stockroom, archive):
        receipt = stockroom.entry("receipt", Line(item="apples", quantity="5", location="MAIN"))
        outcomes = await in_one_batch(stockroom, receipt, archive)

        assert outcomes[1] in {"ItemHasStock", "LocationHasStock"}

    async def test_what_was_emptied_and_filled_is_not(self, stockroom, archive):
        await stockroom.receive("apples", 5)
        line = Line(item="apples", quantity="5", location="MAIN")
        entries = [stockroom.entry(kind, line) for kind in ("issue", "receipt")]
        outcomes = await in_one_batch(stockroom, *entries, archive)

        assert outcomes[2] in {"ItemHasStock", "LocationHasStock"}

    async def test_what_was_archived_takes_no_entry(self, stockroom, archive):
        receipt = stockroom.entry("receipt", Line(item="apples", quantity="5", location="MAIN"))
        outcomes = await in_one_batch(stockroom, archive, receipt)

        assert outcomes[1] in {"ItemArchived", "LocationArchived"}


def archive_of(command):
    return "ItemRow" if isinstance(command, ArchiveItem) else "LocationRow"


async def test_an_item_in_two_places_is_archived_when_both_are_empty(stockroom):
    await stockroom.receive("apples", 5)
    await stockroom.receive("apples", 5, at="STORE")
    issues = [stockroom.entry("issue", Line(item="apples", quantity="5", location=at)) for at in ("MAIN", "STORE")]
    one, archive = issues[0], ArchiveItem(item="apples")

    assert await in_one_batch(stockroom, one, archive) == ["Entry", "ItemHasStock"]
    assert await in_one_batch(stockroom, issues[1], archive) == ["Entry", "ItemRow"]


async def test_a_transfer_empties_one_place_and_fills_another(stockroom):
    await stockroom.receive("apples", 5)
    transfer = stockroom.entry("transfer", move("apples", 5))
    archives = [ArchiveLocation(location="MAIN"), ArchiveLocation(location="STORE"), ArchiveItem(item="apples")]
    outcomes = await in_one_batch(stockroom, transfer, *archives)

    assert outcomes == ["Entry", "LocationRow", "LocationHasStock", "ItemHasStock"]


async def test_an_item_that_was_created_and_filled_in_one_batch_is_not_archived(stockroom):
    create = CreateItem(sku="plums", name="Plums")
    receipt = stockroom.entry("receipt", Line(item="plums", quantity="5", location="MAIN"))
    outcomes = await in_one_batch(stockroom, create, receipt, ArchiveItem(item="plums"))

    assert outcomes == ["ItemRow", "Entry", "ItemHasStock"]


async def test_a_location_that_was_created_and_filled_in_one_batch_is_not_archived(stockroom):
    create = CreateLocation(code="BIN", name="Bin")
    receipt = stockroom.entry("receipt", Line(item="apples", quantity="5", location="BIN"))
    outcomes = await in_one_batch(stockroom, create, receipt, ArchiveLocation(location="BIN"))

    assert outcomes == ["LocationRow", "Entry", "LocationHasStock"]
