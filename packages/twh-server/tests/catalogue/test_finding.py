"""Finding items: each way leads to what it names and to nothing else, alone and together with the others."""

import pytest

from twh_server.catalogue import finding
from twh_server.catalogue.finding import ItemFilter
from twh_server.catalogue.item_commands import ArchiveItem, CreateItem, UpdateItem
from twh_server.catalogue.items import Pack

EAN, CASE = "4006381333931", "14006381333938"
WARES = {
    "SHIRT-RED": CreateItem(
        sku="SHIRT-RED",
        name="Red shirt, organic cotton",
        barcodes=[EAN],
        packs=[Pack(name="case", quantity="12", barcode=CASE)],
        tags=["summer", "sale"],
        attributes={"colour": "red", "size": 42, "new": True},
    ),
    "SHIRT-BLUE": CreateItem(sku="SHIRT-BLUE", name="Blue shirt", tags=["summer"], attributes={"colour": "blue"}),
    "MUG-RED": CreateItem(
        sku="MUG-RED", name="Red mug", barcodes=["SHELF-7"], attributes={"colour": "red", "size": "42"}
    ),
    "kettle": CreateItem(sku="kettle", name="Bouilloire Éclair"),
}


@pytest.fixture
async def filled(stockroom):
    for command in WARES.values():
        await stockroom.do(command)
    return stockroom


@pytest.fixture
def found(filled, database, shop):
    async def found(**wanted):
        """Their SKUs, read page after page of one."""
        skus, after, sought = [], None, ItemFilter(**wanted)
        while rows := await finding.list_items(database, shop.tenant, sought, after=after, limit=1):
            skus.append(rows[0].sku)
            after = sought.order.place(rows[0])
        return skus

    return found


@pytest.mark.parametrize("few", [0, 1, 2, 500], ids=lambda few: f"gathered below {few}")
@pytest.mark.parametrize(
    ("wanted", "skus"),
    [
        ({"search": "red"}, ["SHIRT-RED", "MUG-RED"]),
        ({"search": "RED Shirt"}, ["SHIRT-RED"]),
        ({"search": "shirt, red!"}, ["SHIRT-RED"]),
        ({"search": "shir"}, []),
        ({"search": "shir*"}, ["SHIRT-RED", "SHIRT-BLUE"]),
        ({"search": "red s*"}, ["SHIRT-RED"]),
        ({"search": "eclair"}, ["kettle"]),
        ({"search": "ÉCL*"}, ["kettle"]),
        ({"search": "red blue"}, []),
        ({"search": "%"}, []),
        ({"tag": "summer"}, ["SHIRT-RED", "SHIRT-BLUE"]),
        ({"tag": "Summer"}, []),
        ({"attribute": ("colour", "red")}, ["SHIRT-RED", "MUG-RED"]),
        ({"attribute": ("size", "42")}, ["SHIRT-RED", "MUG-RED"]),
        ({"attribute": ("new", "true")}, ["SHIRT-RED"]),
        ({"attribute": ("colour", "")}, []),
        ({"search": "red", "tag": "summer", "attribute": ("colour", "red")}, ["SHIRT-RED"]),
        ({"search": "red", "sku_prefix": "S"}, ["SHIRT-RED"]),
        ({"search": "red", "sku_prefix": "MUG-R"}, ["MUG-RED"]),
        ({"search": "r*", "changed_since": "2000-01-01T00:00:00Z"}, ["SHIRT-RED", "MUG-RED"]),
        ({"barcode": EAN, "tag": "winter"}, []),
    ],
)
async def test_what_is_looked_for_is_found_however_much_there_is(found, monkeypatch, wanted, skus, few):
    monkeypatch.setattr(finding, "FEW", few)

    assert await found(**wanted) == skus


@pytest.mark.parametrize(
    ("barcode", "sku"),
    [(EAN, "SHIRT-RED"), ("0" + EAN, "SHIRT-RED"), (CASE, "SHIRT-RED"), ("SHELF-7", "MUG-RED"), ("shelf-7", None)],
)
async def test_a_barcode_leads_to_its_item_in_any_form_and_on_any_pack(found, barcode, sku):
    assert await found(barcode=barcode) == ([sku] if sku else [])


async def test_items_of_a_prefix_come_in_the_order_of_their_skus(found):
    assert await found(sku_prefix="SHIRT-") == ["SHIRT-BLUE", "SHIRT-RED"]
    assert await found(sku_prefix="shirt") == []


async def test_a_change_of_name_changes_the_words(found, filled):
    await filled.do(UpdateItem(item="kettle", changes={"name": "Red kettle"}))

    assert (await found(search="red"), await found(search="eclair")) == (["SHIRT-RED", "MUG-RED", "kettle"], [])


async def test_a_change_of_name_writes_only_the_words_that_differ(filled):
    async def words():
        return dict(await filled.rows("select term, ctid::text from item_terms where tenant_id = %(tenant)s"))

    before = await words()
    await filled.do(UpdateItem(item="kettle", changes={"name": "Bouilloire rouge"}))
    after = await words()

    assert before.keys() ^ after.keys() == {"w:eclair", "w:rouge"}
    assert after["w:bouilloire"] == before["w:bouilloire"]


async def test_a_change_of_true_to_one_is_a_change(found, filled):
    changed = await filled.do(UpdateItem(item="SHIRT-RED", changes={"attributes": {"new": 1}}))

    assert changed.version == 2
    assert (await found(attribute=("new", "1")), await found(attribute=("new", "true"))) == (["SHIRT-RED"], [])


async def test_changes_are_followed_without_missing_one(found, filled, database, shop):
    seen = await finding.list_items(
        database, shop.tenant, ItemFilter(changed_since="2000-01-01T00:00:00Z"), after=None, limit=100
    )
    since = seen[-1].updated_at
    await filled.do(UpdateItem(item="MUG-RED", changes={"name": "Mug"}))
    await filled.do(ArchiveItem(item="apples"))

    changed = await found(changed_since=since, archived="any")
    assert changed == ["kettle", "MUG-RED", "apples"]


async def test_words_in_one_batch_are_those_of_the_last_change(found, filled):
    changes = [UpdateItem(item="kettle", changes={"name": name}) for name in ("One", "Two", "Three")]
    for change in changes:
        await filled.do(change)

    assert [await found(search=word) for word in ("one", "two", "three")] == [[], [], ["kettle"]]
