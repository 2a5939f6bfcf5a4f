"""Locations within locations: at most eight deep, never in a circle, and none is archived over its parts."""

import asyncio
import json

import pytest

from twh_server.catalogue import listing
from twh_server.catalogue.listing import LocationFilter
from twh_server.catalogue.location_commands import (
    ArchiveLocation,
    CreateLocation,
    PutLocation,
    RestoreLocation,
    UpdateLocation,
)
from twh_server.catalogue.location_tree import DEPTH_MAX
from twh_server.catalogue.refusals import InvalidLocation, LocationArchived, LocationHasParts, LocationNotFound
from twh_server.database.identifiers import LOCATION, fresh
from twh_server.journal.versions import AlreadyExists


@pytest.fixture
def do(stockroom):
    return stockroom.do


@pytest.fixture
def found(database, shop):
    async def found(**wanted):
        """Their codes, read page after page of two."""
        codes, after, sought = [], None, LocationFilter(**wanted)
        while rows := await listing.list_locations(database, shop.tenant, sought, after=after, limit=2):
            codes += [row.code for row in rows]
            after = (rows[-1].updated_at, rows[-1].id) if sought.changed_since else rows[-1].id
        return codes

    return found


def create(code, parent=None, **more):
    return CreateLocation(**{"code": code, "name": code, "parent": parent, "kind": "bin", **more})


def move(code, parent):
    return UpdateLocation(location=code, changes={"parent": parent})


async def chain(do, length, begin="L"):
    """Locations within each other; answers the codes from the outermost to the innermost."""
    codes = [f"{begin}{number}" for number in range(length)]
    for code, parent in zip(codes, [None, *codes], strict=False):
        await do(create(code, parent))
    return codes


async def faults(do, command):
    with pytest.raises(InvalidLocation) as refusal:
        await do(command)
    return [(error.pointer, error.code) for error in refusal.value.errors]


async def in_one_batch(do, *commands):
    outcomes = await asyncio.gather(*map(do, commands), return_exceptions=True)
    return [type(outcome).__name__ for outcome in outcomes]


async def test_a_location_says_what_it_is_part_of(do, database, shop):
    shelf = await do(create("SHELF", "MAIN"))
    again = await listing.get_location(database, shop.tenant, "SHELF")
    moved = await do(move("SHELF", None))

    assert (again, shelf.shown().parent.code) == (shelf, "MAIN")
    assert (moved.parent, moved.version) == (None, 2)


async def test_an_unknown_parent_is_named(do):
    for parent in ("NOWHERE", LOCATION.text(fresh())):
        assert await faults(do, create("BIN", parent)) == [("/parent", "location_not_found")]
        assert await faults(do, move("STORE", parent)) == [("/parent", "location_not_found")]


async def test_locations_lie_eight_deep_and_no_deeper(do):
    codes = await chain(do, DEPTH_MAX)

    assert DEPTH_MAX == 8
    assert await faults(do, create("L8", codes[-1])) == [("/parent", "too_deep")]


async def test_what_is_moved_takes_its_parts_along(do, found):
    await chain(do, 5, "A")
    await chain(do, 4, "B")

    assert await faults(do, move("B0", "A4")) == [("/parent", "too_deep")]
    await do(move("B1", "A4"))
    assert await found(within="A0") == ["A1", "A2", "A3", "A4", "B1", "B2", "B3"]


@pytest.mark.parametrize("into", ["L0", "L1", "L3"])
async def test_nothing_is_part_of_itself(do, into):
    await chain(do, 4)

    assert await faults(do, move("L0", into)) == [("/parent", "location_within_itself")]


async def test_a_circle_is_not_closed_within_one_batch_either(do):
    for code in "ABC":
        await do(create(code))

    assert await in_one_batch(do, move("A", "B"), move("B", "C"), move("C", "A")) == [
        *("LocationRow", "LocationRow", "InvalidLocation")
    ]


async def test_parts_that_are_made_in_one_batch_count(do):
    deep = [create(f"L{number}", f"L{number - 1}" if number else None) for number in range(DEPTH_MAX + 1)]

    assert await in_one_batch(do, *deep) == ["LocationRow"] * DEPTH_MAX + ["InvalidLocation"]


async def test_a_location_with_parts_in_use_is_not_archived(do):
    await do(create("SHELF", "MAIN"))
    with pytest.raises(LocationHasParts) as refusal:
        await do(ArchiveLocation(location="MAIN"))
    await do(ArchiveLocation(location="SHELF"))

    assert refusal.value.facts == {"location": "MAIN", "parts": 1}
    assert (await do(ArchiveLocation(location="MAIN"))).archived_at


@pytest.mark.parametrize(
    ("commands", "outcomes"),
    [
        ([create("X", "MAIN"), ArchiveLocation(location="MAIN")], ["LocationRow", "LocationHasParts"]),
        ([ArchiveLocation(location="MAIN"), create("X", "MAIN")], ["LocationRow", "LocationArchived"]),
        ([create("X", "MAIN"), move("X", "STORE"), ArchiveLocation(location="MAIN")], ["LocationRow"] * 3),
        ([move("STORE", "MAIN"), ArchiveLocation(location="MAIN")], ["LocationRow", "LocationHasParts"]),
        (
            [create("X", "MAIN"), ArchiveLocation(location="X"), ArchiveLocation(location="MAIN"), RestoreLocation(location="X")],
            ["LocationRow"] * 3 + ["LocationArchived"],
        ),
    ],
)  # fmt: skip
async def test_parts_are_counted_within_one_batch(do, commands, outcomes):
    assert await in_one_batch(do, *commands) == outcomes


async def test_what_is_part_of_an_archived_location_is_not_restored(do):
    await do(create("SHELF", "MAIN"))
    for code in ("SHELF", "MAIN"):
        await do(ArchiveLocation(location=code))
    with pytest.raises(LocationArchived) as refusal:
        await do(RestoreLocation(location="SHELF"))
    await do(RestoreLocation(location="MAIN"))
    restored = await do(RestoreLocation(location="SHELF"))

    assert refusal.value.facts == {"location": "MAIN"}
    assert (restored.archived_at, restored.version) == (None, 3)
    assert await do(RestoreLocation(location="SHELF")) == restored


async def test_locations_are_found_by_what_they_are_part_of_and_by_their_changes(do, found, stockroom):
    for code, parent in (("AISLE", "MAIN"), ("SHELF", "AISLE"), ("BIN-1", "SHELF"), ("BIN-2", "SHELF")):
        row = await do(create(code, parent))
    await do(UpdateLocation(location="MAIN", changes={"name": "Main hall"}))
    await do(ArchiveLocation(location="STORE"))

    assert await found(parent="SHELF") == ["BIN-1", "BIN-2"]
    assert await found(parent="MAIN") == ["AISLE"]
    assert await found(within="MAIN") == ["AISLE", "SHELF", "BIN-1", "BIN-2"]
    assert await found(within="MAIN", kind="store") == []
    assert await found(within="BIN-1") == await found(within="NOWHERE") == await found(parent="NOWHERE") == []
    assert await found(changed_since=row.updated_at, archived="any") == ["BIN-2", "MAIN", "STORE"]


@pytest.mark.parametrize(
    ("values", "sellable"),
    [({}, True), ({"kind": "transit"}, False), ({"kind": "quarantine"}, False), ({"kind": "transit", "sellable": True}, True), ({"sellable": False}, False)],
)  # fmt: skip
async def test_stock_is_sellable_unless_it_is_on_its_way_or_being_checked(do, values, sellable):
    assert (await do(CreateLocation(code="X", name="X", **values))).sellable is sellable


async def test_putting_creates_or_replaces(do):
    created = await do(PutLocation(location="BIN", name="Bin", kind="transit", parent="MAIN"))
    same = await do(PutLocation(location="BIN", name="Bin", kind="transit", parent="MAIN"))
    replaced = await do(PutLocation(location="BIN", name="Bin"))

    assert (created.created, same.thing.version, created.thing.sellable) == (True, 1, False)
    assert (replaced.thing.parent, replaced.thing.kind, replaced.thing.sellable) == (None, "warehouse", True)
    with pytest.raises(AlreadyExists):
        await do(PutLocation(location="BIN", name="Bin", create_only=True))
    for condition in ({"location": LOCATION.text(fresh())}, {"location": "NEW", "if_match": ["*"]}):
        with pytest.raises(LocationNotFound):
            await do(PutLocation(**{"name": "x", **condition}))


async def test_news_tells_what_was_changed_and_what_it_was_before(do, stockroom):
    await do(create("BIN", "MAIN"))
    await do(UpdateLocation(location="BIN", changes={"parent": "STORE", "sellable": False}))
    rows = await stockroom.rows("select body from events where tenant_id = %(tenant)s order by sequence desc limit 1")
    ((body,),) = rows
    previous = json.loads(body)["previous"]

    assert (previous["parent"]["code"], previous["sellable"], len(previous)) == ("MAIN", True, 2)
