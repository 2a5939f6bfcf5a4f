"""Barcodes: a GTIN is one number in all its forms, and its last digit proves the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twh_server.catalogue.barcodes import gtin, identity, right_check_digit
from twh_server.catalogue.item_commands import ArchiveItem, CreateItem, UpdateItem
from twh_server.catalogue.items import Pack
from twh_server.catalogue.refusals import BarcodeTaken, InvalidItem

LEGACY = "update items set barcodes = '{4006381333932}' where tenant_id = %s and sku = 'apples'"
EAN = "4006381333931"
UPC, UPC_AS_EAN, UPC_AS_GTIN = "036000291452", "0036000291452", "00036000291452"


@pytest.fixture
def do(stockroom):
    return stockroom.do


def create(sku="plums", **more):
    return CreateItem(**{"sku": sku, "name": "Plums", **more})


async def faults(do, command):
    with pytest.raises(InvalidItem) as refusal:
        await do(command)
    return [(error.pointer, error.code) for error in refusal.value.errors]


@pytest.mark.parametrize("barcode", [EAN, "96385074", UPC, UPC_AS_EAN, UPC_AS_GTIN, "14006381333938", "9780201379624"])
def test_the_world_s_barcodes_have_the_right_digit(barcode):
    assert right_check_digit(barcode) is None


@given(st.text("0123456789", min_size=13, max_size=13), st.sampled_from([7, 11, 12, 13]))
def test_of_ten_last_digits_one_is_right_in_every_form(digits, length):
    begun = digits[:length]
    right = [last for last in "0123456789" if right_check_digit(begun + last) is None]
    wrong = [right_check_digit(begun + last) for last in "0123456789" if [last] != right]

    assert len(right) == 1
    assert set(wrong) == set(right)
    assert right_check_digit(gtin(begun + right[0])) is None


@pytest.mark.parametrize(
    "text", ["", "1234567", "123456789", "12345678901", "1" * 15, "4006381333931 ", "٤" * 13, "EAN-13"]
)
def test_any_other_text_is_itself(text):
    assert (gtin(text), identity(text), right_check_digit(text)) == (None, text, None)


async def test_the_database_knows_a_gtin_as_the_code_does(stockroom):
    texts = [EAN, UPC, "96385074", "123456789", "x", "1" * 15, "٤" * 13, "12345678\n"]
    await stockroom.do(create(barcodes=[EAN, UPC, "96385074", "123456789", "x", "1" * 15, "٤" * 13]))
    told = dict(await stockroom.rows("select barcode, gtin from item_barcodes where tenant_id = %(tenant)s"))

    assert told == {text: gtin(text) for text in texts[:-1]}


async def test_a_wrong_digit_is_refused_and_the_right_one_told(do):
    packs = [Pack(name="case", quantity="12", barcode="14006381333931")]
    with pytest.raises(InvalidItem) as refusal:
        await do(create(barcodes=[EAN, "4006381333932"], packs=packs))

    assert [(error.pointer, error.code) for error in refusal.value.errors] == [
        ("/barcodes/1", "invalid_check_digit"),
        ("/packs/0/barcode", "invalid_check_digit"),
    ]
    assert [error.message.split("should be ")[1][0] for error in refusal.value.errors] == ["1", "8"]


async def test_what_an_item_has_already_is_not_judged_again(do, superuser, shop):
    await superuser.execute(LEGACY, (shop.tenant,))

    await do(UpdateItem(item="apples", changes={"barcodes": ["4006381333932", EAN]}))
    assert await faults(do, UpdateItem(item="flour", changes={"barcodes": ["4006381333932"]})) == [
        ("/barcodes/0", "invalid_check_digit")
    ]


@pytest.mark.parametrize("other", [UPC, UPC_AS_EAN, UPC_AS_GTIN])
@pytest.mark.parametrize("first", [UPC, UPC_AS_EAN, UPC_AS_GTIN])
async def test_a_gtin_in_another_form_is_the_same_barcode(do, first, other):
    await do(create(barcodes=[first]))

    with pytest.raises(BarcodeTaken):
        await do(create("others", barcodes=[other]))
    assert await faults(do, create("both", barcodes=[first, other])) == [("/barcodes/1", "invalid_barcode")]


async def test_an_item_may_write_its_gtin_in_another_form(do):
    await do(create(barcodes=[UPC]))

    assert (await do(UpdateItem(item="plums", changes={"barcodes": [UPC_AS_EAN]}))).barcodes == [UPC_AS_EAN]


async def test_a_pack_s_barcode_is_one_like_the_others(do):
    case = Pack(name="case", quantity="12", barcode=EAN)
    await do(create(packs=[case]))

    with pytest.raises(BarcodeTaken):
        await do(create("others", barcodes=[EAN]))
    with pytest.raises(BarcodeTaken):
        await do(UpdateItem(item="apples", changes={"packs": [case]}))
    assert await faults(do, UpdateItem(item="plums", changes={"barcodes": [EAN]})) == [
        ("/packs/0/barcode", "invalid_barcode")
    ]


async def test_a_barcode_moves_from_an_item_to_its_pack(do, stockroom):
    await do(create(barcodes=[EAN]))
    await do(
        UpdateItem(item="plums", changes={"barcodes": [], "packs": [Pack(name="case", quantity="6", barcode=EAN)]})
    )

    sql = "select barcode, pack from item_barcodes where tenant_id = %(tenant)s"
    assert await stockroom.rows(sql) == [(EAN, "case")]


async def test_an_archived_item_keeps_its_barcodes(do):
    await do(create(barcodes=[EAN]))
    await do(ArchiveItem(item="plums"))

    with pytest.raises(BarcodeTaken):
        await do(create("others", barcodes=[EAN]))
