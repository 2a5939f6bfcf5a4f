"""Locations: a code is taken for ever, a kind is one of five, and a change is for the version that was read."""

import asyncio

import pytest

from twh_server.catalogue import listing
from twh_server.catalogue.location_commands import ArchiveLocation, CreateLocation, UpdateLocation
from twh_server.catalogue.locations import KINDS
from twh_server.catalogue.refusals import CodeTaken, InvalidLocation, LocationArchived, LocationNotFound
from twh_server.journal.versions import StaleVersion

EVENTS = "select kind from events where tenant_id = %(tenant)s and sequence > 4 order by sequence"


@pytest.fixture
def do(stockroom):
    return stockroom.do


@pytest.fixture
def get(database, shop):
    async def get(text):
        return await listing.get_location(database, shop.tenant, text)

    return get


def create(code="BIN", **more):
    return CreateLocation(**{"code": code, "name": "A bin", **more})


def update(code="BIN", if_match=None, **changes):
    return UpdateLocation(location=code, changes=changes, if_match=if_match)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_location_is_read_as_it_was_created(do, get, kind):
    location = await do(create(kind=kind))

    assert await get("BIN") == await get(location.ref.id) == location


@pytest.mark.parametrize("kind", ["", "shelf", "Warehouse"])
async def test_a_location_is_of_a_known_kind(do, kind):
    with pytest.raises(InvalidLocation) as refusal:
        await do(create(kind=kind))

    assert [(error.pointer, error.code) for error in refusal.value.errors] == [("/kind", "unknown_kind")]


async def test_a_location_does_not_become_of_an_unknown_kind(do):
    with pytest.raises(InvalidLocation):
        await do(update("MAIN", kind="shelf"))


async def test_a_code_is_taken_for_ever(do):
    await do(ArchiveLocation(location="MAIN"))

    with pytest.raises(CodeTaken):
        await do(create("MAIN"))


async def test_a_code_is_taken_once_by_many_at_once(do):
    outcomes = await asyncio.gather(*(do(create()) for _ in range(20)), return_exceptions=True)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["CodeTaken"] * 19 + ["LocationRow"]


@pytest.mark.parametrize("code", ["x" * 64, "A/1", "Regal 7", "棚", "loc_", "itm_01h455vb4pex5vsknk084sn02q"])
async def test_a_code_may_be_any_printable_text(do, get, code):
    await do(create(code))

    assert (await get(code)).code == code


@pytest.mark.parametrize("code", ["", "x" * 65, " x", "x\n", "loc_01h455vb4pex5vsknk084sn02q"])
async def test_a_code_is_no_empty_long_blank_or_id_like_text(do, code):
    with pytest.raises(InvalidLocation) as refusal:
        await do(create(code))

    assert [(error.pointer, error.code) for error in refusal.value.errors] == [("/code", "invalid_name")]


async def test_a_change_is_a_version_at_the_version_that_was_read(do):
    await do(create())
    changed = await do(update(name="Second", if_match=['"lo1"']))

    with pytest.raises(StaleVersion) as refusal:
        await do(update(name="Third", if_match=['"lo1"']))
    assert (changed.version, refusal.value.facts) == (2, {"version": 2, "etag": '"lo2"'})


async def test_each_change_is_told_and_no_change_is_not(do, stockroom):
    archive = ArchiveLocation(location="BIN")
    for command in (create(), update(name="A bin"), update(kind="bin"), archive, archive):
        await do(command)

    assert await stockroom.rows(EVENTS) == [("location.created",), ("location.updated",), ("location.archived",)]


async def test_an_archived_location_takes_no_changes(do):
    await do(ArchiveLocation(location="STORE"))

    with pytest.raises(LocationArchived):
        await do(update("STORE", name="Other"))


@pytest.mark.parametrize("command", [update("nowhere", name="x"), ArchiveLocation(location="nowhere")])
async def test_what_is_not_there_is_not_changed(do, command):
    with pytest.raises(LocationNotFound):
        await do(command)
