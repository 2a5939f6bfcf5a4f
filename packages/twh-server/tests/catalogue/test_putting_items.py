"""Putting an item: created or replaced, by its SKU; many at once, each row by itself."""

import asyncio
import json

import pytest

from twh_server.catalogue import finding, listing
from twh_server.catalogue.finding import ItemFilter
from twh_server.catalogue.item_batch import PutItems
from twh_server.catalogue.item_commands import ArchiveItem, CreateItem, PutItem, RestoreItem, UpdateItem
from twh_server.catalogue.items import Pack
from twh_server.catalogue.refusals import BarcodeTaken, InvalidItem, ItemArchived, ItemNotFound
from twh_server.database.identifiers import ITEM, fresh
from twh_server.journal.versions import AlreadyExists, StaleVersion
from twh_server.refusals import Refusal

EAN, OTHER_EAN = "4006381333931", "9780201379624"
EVENTS = "select body from events where tenant_id = %(tenant)s and sequence > 4 order by sequence"
CASE = Pack(name="case", quantity="12")


@pytest.fixture
def do(stockroom):
    return stockroom.do


@pytest.fixture
def get(database, shop):
    async def get(text):
        return await listing.get_item(database, shop.tenant, text)

    return get


@pytest.fixture
def told(stockroom):
    async def told():
        return [json.loads(body) for (body,) in await stockroom.rows(EVENTS)]

    return told


def put(item="plums", **more):
    return PutItem(**{"item": item, "name": "Plums", **more})


def came_to(outcomes):
    """What became of the rows of a batch, in a word each."""
    return [
        type(one).__name__
        if isinstance(one, Refusal)
        else "created" if one.put.created else "updated" if one.put.changed else "unchanged"
        for one in outcomes
    ]  # fmt: skip


async def test_what_is_not_there_is_created_and_what_is_there_is_replaced(do, get):
    created = await do(put(barcodes=[EAN], packs=[CASE], tags=["fruit"], unit="kg", scale=2, reorder_point="1.5"))
    replaced = await do(put(name="Damsons"))
    item = await get("plums")

    assert (created.created, replaced.created, item) == (True, False, replaced.thing)
    assert (item.name, item.version, item.scale) == ("Damsons", 2, 2)
    assert (item.barcodes, item.packs, item.tags, item.unit, item.reorder_point) == ([], [], [], "each", None)


async def test_what_is_so_already_is_no_change(do, told):
    for quantity in ("12", "12.0"):
        await do(put(packs=[Pack(name="case", quantity=quantity)], tags=["a", "b"], attributes={"x": [1, None]}))

    assert [event["type"] for event in await told()] == ["item.created"]


@pytest.mark.parametrize("scale", [0, 3])
async def test_the_scale_stays(do, scale):
    await do(put(scale=2))

    with pytest.raises(InvalidItem) as refusal:
        await do(put(scale=scale))
    assert [(error.pointer, error.code) for error in refusal.value.errors] == [("/scale", "scale_is_fixed")]
    assert (await do(put(scale=2))).thing.version == 1


async def test_an_id_names_no_new_item(do, get):
    created = (await do(put())).thing
    renamed = await do(put(ITEM.text(created.id), name="By its id"))

    assert (renamed.created, renamed.thing.sku) == (False, "plums")
    with pytest.raises(ItemNotFound):
        await do(put(ITEM.text(fresh())))


async def test_creating_only_replaces_nothing(do):
    await do(put(create_only=True))

    with pytest.raises(AlreadyExists) as refusal:
        await do(put(name="Other", create_only=True))
    assert refusal.value.facts == {"version": 1, "etag": '"it1"'}


async def test_replacing_at_a_version_creates_nothing(do):
    with pytest.raises(ItemNotFound):
        await do(put(if_match=['"it1"']))
    await do(put())
    await do(put(name="Second", if_match=['"it1"']))
    with pytest.raises(StaleVersion):
        await do(put(name="Third", if_match=['"it1"']))


async def test_an_archived_item_is_restored_before_it_is_replaced(do, told):
    await do(put())
    await do(ArchiveItem(item="plums"))
    for command in (put(name="Other"), UpdateItem(item="plums", changes={"name": "Other"})):
        with pytest.raises(ItemArchived):
            await do(command)
    restored = await do(RestoreItem(item="plums"))

    assert (restored.archived_at, restored.version) == (None, 3)
    assert await do(RestoreItem(item="plums")) == restored
    assert [event["type"] for event in await told()] == ["item.created", "item.archived", "item.restored"]


async def test_news_tells_what_was_changed_and_what_it_was_before(do, told, stockroom):
    item = (await do(put(barcodes=[EAN], reorder_point="5", attributes={"new": True}))).thing
    await do(put(barcodes=[EAN], reorder_point="6", attributes={"new": 1}, tags=["x"]))
    await do(ArchiveItem(item="plums"))
    created, updated, archived = await told()
    subjects = await stockroom.rows("select subject from events where tenant_id = %(tenant)s and sequence > 4")

    assert "previous" not in created
    assert updated["previous"] == {"reorder_point": "5", "attributes": {"new": True}, "tags": []}
    assert archived["previous"] == {"archived_at": None}
    assert set(subjects) == {(item.id,)}


@pytest.mark.parametrize(
    ("values", "faults"),
    [
        ({"packs": [CASE, CASE]}, [("/packs/1/name", "invalid_name")]),
        ({"packs": [Pack(name=" case", quantity="0")]}, [("/packs/0/name", "invalid_name"), ("/packs/0/quantity", "invalid_quantity")]),
        ({"packs": [Pack(name="half", quantity="0.5")]}, [("/packs/0/quantity", "too_many_decimals")]),
        ({"packs": [Pack(name="x", quantity="-1"), Pack(name="y", quantity="many")]}, [("/packs/0/quantity", "invalid_quantity"), ("/packs/1/quantity", "invalid_quantity")]),
        ({"tags": ["a", "a", "", " b", "x" * 65]}, [(f"/tags/{n}", "invalid_tag") for n in (1, 2, 3, 4)]),
    ],
)  # fmt: skip
async def test_packs_and_tags_make_sense(do, values, faults):
    with pytest.raises(InvalidItem) as refusal:
        await do(put(**values))

    assert [(error.pointer, error.code) for error in refusal.value.errors] == faults


async def test_each_row_of_a_batch_is_put_or_refused_by_itself(do, get, told):
    rows = [
        put("apples", name="Apples"),
        put("apples", name="Red apples"),
        put("pears", name="Pears", barcodes=[EAN]),
        put("figs", name="Figs", barcodes=[EAN]),
        put(" dates", name="Dates"),
        put("flour", name="Flour", unit="kg", if_match=['"it9"']),
        ItemNotFound("said before"),
        put("figs", name="Figs"),
    ]
    outcomes = await do(PutItems(rows=rows))

    assert came_to(outcomes) == [
        *("unchanged", "updated", "created", "BarcodeTaken", "InvalidItem", "StaleVersion", "ItemNotFound", "created")
    ]
    assert [event["data"]["sku"] for event in await told()] == ["apples", "pears", "figs"]
    assert (await get("apples")).name == "Red apples"


async def test_a_row_sees_what_the_rows_before_it_have_done(do, get, database, shop):
    await do(put("pears", barcodes=[EAN], tags=["old"]))
    rows = [
        put("figs", barcodes=[EAN]),
        put("pears", barcodes=[OTHER_EAN]),
        put("figs", barcodes=[EAN]),
        put("figs", name="Figs of Izmir", barcodes=[EAN], if_match=['"it1"']),
        put("pears", barcodes=[EAN]),
    ]
    outcomes = await do(PutItems(rows=rows))

    assert came_to(outcomes) == ["BarcodeTaken", "updated", "created", "updated", "BarcodeTaken"]
    assert ((await get("figs")).barcodes, (await get("pears")).barcodes) == ([EAN], [OTHER_EAN])
    for wanted, skus in (({"barcode": EAN}, ["figs"]), ({"search": "izmir"}, ["figs"]), ({"tag": "old"}, [])):
        found = await finding.list_items(database, shop.tenant, ItemFilter(**wanted), after=None, limit=9)
        assert [item.sku for item in found] == skus


async def test_a_batch_stands_among_other_commands_of_the_same_moment(do, get):
    outcomes = await asyncio.gather(
        do(CreateItem(sku="figs", name="Figs", barcodes=[EAN])),
        do(PutItems(rows=[put("figs", name="Fresh figs", barcodes=[EAN]), put("kiwis", barcodes=[EAN])])),
        do(UpdateItem(item="figs", changes={"name": "Dried figs"}, if_match=['"it2"'])),
        do(CreateItem(sku="kiwis", name="Kiwis", barcodes=[EAN])),
        return_exceptions=True,
    )

    assert came_to(outcomes[1]) == ["updated", "BarcodeTaken"]
    assert isinstance(outcomes[3], BarcodeTaken)
    assert (await get("figs")).name == "Dried figs"


async def test_a_thousand_rows_are_one_answer_and_each_its_own_event(do, told):
    outcomes = await do(PutItems(rows=[put(f"SKU-{number}") for number in range(1_000)]))

    assert came_to(outcomes) == ["created"] * 1_000
    assert len(await told()) == 1_000
