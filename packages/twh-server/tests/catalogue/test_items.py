"""Items: a SKU is taken for ever, a barcode belongs to one item, and a change is for the version that was read."""

import asyncio

import pytest

from twh_server.catalogue import finding, listing
from twh_server.catalogue.attributes import ATTRIBUTES_BYTES_MAX
from twh_server.catalogue.finding import ItemFilter
from twh_server.catalogue.item_commands import ArchiveItem, CreateItem, UpdateItem
from twh_server.catalogue.refusals import BarcodeTaken, InvalidItem, ItemArchived, ItemNotFound, SkuTaken
from twh_server.journal.versions import StaleVersion

EVENTS = "select kind from events where tenant_id = %(tenant)s and sequence > 4 order by sequence"
EAN, OTHER_EAN = "4006381333931", "9780201379624"


@pytest.fixture
def do(stockroom):
    return stockroom.do


@pytest.fixture
def get(database, shop):
    async def get(text):
        return await listing.get_item(database, shop.tenant, text)

    return get


@pytest.fixture
def found(database, shop):
    async def found(**wanted):
        rows = await finding.list_items(database, shop.tenant, ItemFilter(**wanted), after=None, limit=100)
        return [row.sku for row in rows]

    return found


@pytest.fixture
def told(stockroom):
    async def told():
        return [kind for (kind,) in await stockroom.rows(EVENTS)]

    return told


def create(sku="plums", **more):
    return CreateItem(**{"sku": sku, "name": "Plums", **more})


def update(sku="plums", if_match=None, **changes):
    return UpdateItem(item=sku, changes=changes, if_match=if_match)


async def in_one_batch(do, *commands):
    outcomes = await asyncio.gather(*map(do, commands), return_exceptions=True)
    return [type(outcome).__name__ for outcome in outcomes]


async def test_an_item_is_read_as_it_was_created(do, get):
    attributes = {"colour": "blue", "sizes": [1, 2.5, None, {"deep": True}], "ü": "ß"}
    item = await do(create(barcodes=[EAN], unit="kg", scale=3, reorder_point="2.5", attributes=attributes))

    assert await get("plums") == item
    assert (item.version, item.shown().reorder_point, item.etag) == (1, "2.5", '"it1"')


async def test_an_item_is_found_by_its_id_too(do, get):
    item = await do(create())

    assert await get(item.ref.id) == item


async def test_a_sku_is_taken(do):
    with pytest.raises(SkuTaken):
        await do(create("apples"))


async def test_a_sku_is_taken_for_ever(do):
    await do(ArchiveItem(item="apples"))

    with pytest.raises(SkuTaken):
        await do(create("apples"))


async def test_skus_are_compared_exactly(do, get):
    for sku in ("Apples", "APPLES", "äpfel", "a\u0308pfel"):
        await do(create(sku))

    assert (await get("APPLES")).sku == "APPLES"


async def test_a_sku_is_taken_once_by_many_at_once(do):
    outcomes = await in_one_batch(do, *[create() for _ in range(20)])

    assert sorted(outcomes) == ["ItemRow"] + ["SkuTaken"] * 19


@pytest.mark.parametrize(
    "sku", ["x", "x" * 64, "a/b", "%2F", "a b", "..", "日本", "🍎", "itm_", "'; drop", "-", "loc_x"]
)
async def test_a_sku_may_be_any_printable_text(do, get, sku):
    await do(create(sku))

    assert (await get(sku)).sku == sku


@pytest.mark.parametrize(
    "sku", ["", "x" * 65, " x", "x ", "a\nb", "a\tb", "\u200bx", "\u00a0x", "itm_01h455vb4pex5vsknk084sn02q", "\x7f"]
)
async def test_a_sku_is_no_empty_long_blank_or_id_like_text(do, sku):
    with pytest.raises(InvalidItem) as refusal:
        await do(create(sku))

    assert [(error.pointer, error.code) for error in refusal.value.errors] == [("/sku", "invalid_name")]


async def test_everything_that_is_wrong_is_named(do):
    with pytest.raises(InvalidItem) as refusal:
        await do(create("", barcodes=["", EAN, EAN], reorder_point="0.5", attributes={"x": "y" * ATTRIBUTES_BYTES_MAX}))

    assert [(error.pointer, error.code) for error in refusal.value.errors] == [
        ("/reorder_point", "too_many_decimals"),
        ("/barcodes/0", "invalid_barcode"),
        ("/barcodes/2", "invalid_barcode"),
        ("/attributes", "too_large"),
        ("/sku", "invalid_name"),
    ]


@pytest.mark.parametrize("point", ["-1", "1e3", "many", "", "9" * 16])
async def test_a_reorder_point_is_a_quantity(do, point):
    with pytest.raises(InvalidItem):
        await do(create(reorder_point=point))


async def test_attributes_have_a_limit_in_bytes(do):
    room = ATTRIBUTES_BYTES_MAX - len('{"x":""}')
    await do(create(attributes={"x": "y" * room}))

    with pytest.raises(InvalidItem):
        await do(create("more", attributes={"x": "y" * (room + 1)}))
    with pytest.raises(InvalidItem):
        await do(create("umlauts", attributes={"x": "ü" * (room // 2 + 1)}))


async def test_a_change_is_a_version(do, get):
    await do(create())
    await do(update(name="Purple plums"))
    item = await get("plums")

    assert (item.name, item.version, item.etag) == ("Purple plums", 2, '"it2"')
    assert item.updated_at > item.created_at


async def test_what_is_not_named_stays(do, get):
    await do(create(reorder_point="5", barcodes=[EAN], attributes={"a": 1}, unit="box"))
    await do(update(name="Other"))
    item = await get("plums")

    assert (item.reorder_point, item.barcodes, item.attributes, item.unit) == (5, [EAN], {"a": 1}, "box")


async def test_null_takes_a_reorder_point_away(do, get):
    await do(create(reorder_point="5"))
    await do(update(reorder_point=None))

    assert (await get("plums")).reorder_point is None


async def test_a_change_that_changes_nothing_is_no_version_and_no_news(do, told):
    created = await do(create(reorder_point="5", barcodes=[EAN], attributes={"a": 1.5}))
    changed = await do(update(name="Plums", reorder_point="5.0", barcodes=[EAN], attributes={"a": 1.5}))

    assert changed.version == created.version
    assert await told() == ["item.created"]


async def test_each_change_is_told(do, told):
    for command in (create(), update(name="Other"), ArchiveItem(item="plums"), ArchiveItem(item="plums")):
        await do(command)

    assert await told() == ["item.created", "item.updated", "item.archived"]


async def test_a_change_is_made_at_the_version_that_was_read(do):
    await do(create())
    await do(update(name="Second", if_match=['"it1"']))

    with pytest.raises(StaleVersion) as refusal:
        await do(update(name="Third", if_match=['"it1"']))
    assert refusal.value.facts == {"version": 2, "etag": '"it2"'}


@pytest.mark.parametrize("if_match", [['"it9"', '"it1"'], ["*"]])
async def test_one_of_several_versions_will_do(do, if_match):
    await do(create())

    assert (await do(update(name="Second", if_match=if_match))).version == 2


async def test_of_two_changes_in_one_batch_for_one_version_one_is_made(do):
    await do(create())
    outcomes = await in_one_batch(do, *[update(name=name, if_match=['"it1"']) for name in ("A", "B")])

    assert outcomes == ["ItemRow", "StaleVersion"]


async def test_an_item_is_archived_at_the_version_that_was_read(do):
    with pytest.raises(StaleVersion):
        await do(ArchiveItem(item="apples", if_match=['"it2"']))


async def test_an_archived_item_takes_no_changes(do):
    await do(ArchiveItem(item="apples"))

    with pytest.raises(ItemArchived):
        await do(update("apples", name="Other"))


async def test_archiving_again_answers_the_archived_item(do):
    first, second = await do(ArchiveItem(item="apples")), await do(ArchiveItem(item="apples"))

    assert first == second
    assert first.archived_at is not None


@pytest.mark.parametrize("command", [update("nothing", name="x"), ArchiveItem(item="nothing"), ArchiveItem(item="")])
async def test_what_is_not_there_is_not_changed(do, command):
    with pytest.raises(ItemNotFound):
        await do(command)


async def test_a_barcode_belongs_to_one_item(do):
    await do(create(barcodes=[EAN]))

    with pytest.raises(BarcodeTaken):
        await do(update("apples", barcodes=[OTHER_EAN, EAN]))
    with pytest.raises(BarcodeTaken):
        await do(create("others", barcodes=[EAN]))


async def test_a_barcode_finds_its_item(do, found):
    await do(create(barcodes=[EAN, OTHER_EAN]))

    assert (await found(barcode=OTHER_EAN), await found(barcode="unheard-of")) == (["plums"], [])


async def test_a_barcode_moves_from_one_item_to_another_within_one_batch(do, found):
    await do(create(barcodes=[EAN]))
    outcomes = await in_one_batch(do, update(barcodes=[]), update("apples", barcodes=[EAN]))

    assert outcomes == ["ItemRow", "ItemRow"]
    assert await found(barcode=EAN) == ["apples"]


async def test_two_items_swap_their_barcodes_within_one_batch(do, found):
    await do(create(barcodes=[EAN]))
    await do(update("apples", barcodes=[OTHER_EAN]))
    swap = [update(barcodes=[]), update("apples", barcodes=[EAN]), update(barcodes=[OTHER_EAN])]

    assert await in_one_batch(do, *swap) == ["ItemRow"] * 3
    assert (await found(barcode=EAN), await found(barcode=OTHER_EAN)) == (["apples"], ["plums"])


async def test_a_barcode_that_was_taken_earlier_in_the_batch_is_taken(do):
    outcomes = await in_one_batch(do, create(barcodes=[EAN]), update("apples", barcodes=[EAN]))

    assert outcomes == ["ItemRow", "BarcodeTaken"]


async def test_barcodes_that_change_twice_in_a_batch_are_the_last_ones(do, found, get):
    await in_one_batch(do, create(barcodes=[EAN]), update(barcodes=[OTHER_EAN]), update(name="Last"))

    assert (await get("plums")).barcodes == [OTHER_EAN]
    assert (await found(barcode=EAN), await found(barcode=OTHER_EAN)) == ([], ["plums"])


async def test_a_refused_change_keeps_the_barcodes_as_they_were(do, found):
    await do(create(barcodes=[EAN]))
    await do(update("apples", barcodes=[OTHER_EAN]))
    with pytest.raises(BarcodeTaken):
        await do(update(barcodes=[OTHER_EAN]))

    assert await found(barcode=EAN) == ["plums"]


async def test_items_are_listed_in_the_order_of_their_creation(do, found):
    await do(create("aaa"))

    assert await found() == ["apples", "flour", "aaa"]


async def test_archived_items_are_listed_when_asked_for(do, found):
    await do(ArchiveItem(item="apples"))

    listed = [await found(archived=which) for which in ("false", "true", "any")]
    assert listed == [["flour"], ["apples"], ["apples", "flour"]]


@pytest.mark.parametrize("prefix", ["50%", "a_", "\\"])
async def test_a_prefix_is_taken_literally(do, found, prefix):
    await do(create(f"{prefix}off"))
    await do(create("50 off"))
    await do(create("abc"))

    assert await found(sku_prefix=prefix) == [f"{prefix}off"]


async def test_other_tenants_items_are_not_listed(do, database, other_shop):
    await do(create(barcodes=[EAN]))

    assert await finding.list_items(database, other_shop.tenant, ItemFilter(), after=None, limit=10) == []
