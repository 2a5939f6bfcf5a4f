"""What a caller asks, read against what there is: everything that does not make sense is named in one refusal."""

from datetime import UTC, datetime, timedelta

import pytest

from twh_server.catalogue.item_commands import ArchiveItem, UpdateItem
from twh_server.catalogue.items import Pack
from twh_server.catalogue.location_commands import ArchiveLocation
from twh_server.catalogue.refusals import ItemArchived, LocationArchived
from twh_server.ledger.lines import LINES_MAX, Line
from twh_server.ledger.refusals import InvalidEntry

AN_APPLE = Line(item="apples", quantity="1", location="MAIN")


def line(**changes):
    return Line(**{"item": "apples", "quantity": "1", "location": "MAIN", **changes})


def transfer(**changes):
    return Line(**{"item": "apples", "quantity": "1", "source": "MAIN", "target": "STORE", **changes})


async def problems(stockroom, kind, *lines, **more):
    with pytest.raises(InvalidEntry) as refusal:
        await stockroom.record(kind, *lines, **more)
    return [(error.pointer, error.code) for error in refusal.value.errors]


async def test_one_refusal_names_everything(stockroom):
    lines = [
        line(item="unheard-of"),
        line(location="NOWHERE"),
        line(quantity="0.5"),
        line(quantity="0"),
        line(item="flour", quantity="0.0001", location="ELSEWHERE"),
    ]

    assert await problems(stockroom, "adjustment", *lines) == [
        ("/reason", "reason_required"),
        ("/lines/0/item", "item_not_found"),
        ("/lines/1/location", "location_not_found"),
        ("/lines/2/quantity", "too_many_decimals"),
        ("/lines/3/quantity", "invalid_quantity"),
        ("/lines/4/location", "location_not_found"),
        ("/lines/4/quantity", "too_many_decimals"),
    ]


async def test_when_all_problems_are_of_one_sort_that_is_the_code(stockroom):
    with pytest.raises(InvalidEntry) as refusal:
        await stockroom.record("receipt", line(item="one"), line(item="two"))

    assert (refusal.value.code, refusal.value.title) == ("item_not_found", "There is no such item")


async def test_problems_of_several_sorts_are_an_invalid_entry(stockroom):
    with pytest.raises(InvalidEntry) as refusal:
        await stockroom.record("receipt", line(item="one"), line(quantity="0"))

    assert (refusal.value.code, refusal.value.title) == ("invalid_entry", "The entry does not make sense")


async def test_a_refused_entry_writes_nothing(stockroom):
    await problems(stockroom, "receipt", line(), line(item="unheard-of"))

    assert await stockroom.on_hand("apples") == "0"


@pytest.mark.parametrize(
    "quantity",
    [
        *("0", "-0", "0.0", "1e-9", "1E2", "NaN", "Infinity", "-Infinity", "1e400", "9" * 200, "9" * 16),
        *("", " 1", "1 ", "+1", ".5", "5.", "1_000", "1,5", "0x10", "٣", "²", "--1", "1\n", "-1", "1.0000000001"),
    ],
)
async def test_a_quantity_that_is_no_plain_positive_decimal_is_refused(stockroom, quantity):
    flour = line(item="flour", quantity=quantity)

    assert await problems(stockroom, "receipt", flour) == [("/lines/0/quantity", "invalid_quantity")]


@pytest.mark.parametrize("quantity", ["999999999999999.999", "0.001", "5.000000000", "007"])
async def test_a_quantity_within_the_limits_is_kept_to_the_last_digit(stockroom, quantity):
    entry = await stockroom.record("receipt", line(item="flour", quantity=quantity))

    plain = {"5.000000000": "5", "007": "7"}.get(quantity, quantity)
    assert (entry.movements[0].quantity, await stockroom.on_hand("flour")) == (plain, plain)


async def test_more_decimals_than_the_items_scale_are_refused(stockroom):
    flour = line(item="flour", quantity="0.0005")

    assert await problems(stockroom, "receipt", flour) == [("/lines/0/quantity", "too_many_decimals")]


@pytest.mark.parametrize("kind", ["receipt", "issue", "return"])
async def test_the_kind_carries_the_sign(stockroom, kind):
    assert await problems(stockroom, kind, line(quantity="-1")) == [("/lines/0/quantity", "invalid_quantity")]


async def test_nothing_is_counted_below_zero(stockroom):
    assert await problems(stockroom, "count", line(quantity="-1")) == [("/lines/0/quantity", "invalid_quantity")]


@pytest.mark.parametrize("kind", ["reversal", "sale", "", "Receipt"])
async def test_an_unknown_kind_is_refused(stockroom, kind):
    assert await problems(stockroom, kind, line()) == [("/kind", "unknown_kind")]


async def test_an_adjustment_says_why(stockroom):
    assert await problems(stockroom, "adjustment", line()) == [("/reason", "reason_required")]


async def test_an_adjustment_goes_either_way(stockroom):
    await stockroom.record("adjustment", line(quantity="5"), reason="found")
    await stockroom.record("adjustment", line(quantity="-2"), reason="damaged")

    assert await stockroom.on_hand("apples") == "3"


async def test_an_entry_has_a_line(stockroom):
    assert await problems(stockroom, "receipt") == [("/lines", "too_many_lines")]


async def test_an_entry_has_up_to_a_thousand_lines(stockroom):
    await stockroom.record("receipt", *[AN_APPLE] * LINES_MAX)

    assert LINES_MAX == 1_000
    assert await stockroom.on_hand("apples") == "1000"
    assert await problems(stockroom, "receipt", *[AN_APPLE] * (LINES_MAX + 1)) == [("/lines", "too_many_lines")]


async def test_stock_is_not_transferred_to_where_it_is(stockroom):
    there = transfer(target="MAIN")

    assert await problems(stockroom, "transfer", there) == [("/lines/0/target", "same_location")]


async def test_one_location_by_id_and_by_code_is_one_location(stockroom):
    level = await stockroom.level("apples")
    there = transfer(source=level.location.id, target="MAIN")

    assert await problems(stockroom, "transfer", there) == [("/lines/0/target", "same_location")]


@pytest.mark.parametrize(
    ("kind", "asked", "found"),
    [
        ("receipt", line(location=None), [("/lines/0/location", "field_missing")]),
        ("transfer", transfer(target=None), [("/lines/0/target", "field_missing")]),
        ("transfer", transfer(source=None), [("/lines/0/source", "field_missing")]),
        ("transfer", transfer(location="MAIN"), [("/lines/0/location", "field_not_allowed")]),
        ("issue", line(source="MAIN"), [("/lines/0/source", "field_not_allowed")]),
        ("count", line(target="MAIN"), [("/lines/0/target", "field_not_allowed")]),
        ("issue", line(expected_on_hand="ten"), [("/lines/0/expected/on_hand", "invalid_quantity")]),
    ],
)
async def test_a_line_has_the_fields_of_its_kind(stockroom, kind, asked, found):
    assert await problems(stockroom, kind, asked) == found


async def test_an_archived_item_takes_no_entries(stockroom):
    await stockroom.do(ArchiveItem(item="apples"))

    with pytest.raises(ItemArchived):
        await stockroom.receive("apples", 1)


async def test_an_archived_location_takes_no_entries(stockroom):
    await stockroom.do(ArchiveLocation(location="STORE"))

    with pytest.raises(LocationArchived):
        await stockroom.record("transfer", transfer())


@pytest.fixture
async def live(open_stockroom):
    """The stockroom of a live tenant, which has chosen nothing."""
    return await open_stockroom("live")


@pytest.mark.parametrize("age", [timedelta(days=7, minutes=1), -timedelta(minutes=6)])
async def test_a_time_outside_the_window_is_refused(live, age):
    occurred_at = datetime.now(UTC) - age

    found = await problems(live, "receipt", line(), occurred_at=occurred_at)
    assert found == [("/occurred_at", "occurred_at_out_of_range")]


@pytest.mark.parametrize("age", [timedelta(days=6, hours=23), -timedelta(minutes=4)])
async def test_a_time_within_the_window_is_kept_beside_our_own(live, age):
    occurred_at = datetime.now(UTC) - age
    entry = await live.record("receipt", line(), occurred_at=occurred_at)

    assert entry.occurred_at == occurred_at
    assert abs(entry.recorded_at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_sandbox_takes_any_past_time(stockroom):
    long_ago = datetime(1999, 12, 31, tzinfo=UTC)

    assert (await stockroom.record("receipt", line(), occurred_at=long_ago)).occurred_at == long_ago


PACKS = [Pack(name="case", quantity="12"), Pack(name="pallet", quantity="999999999999999")]


@pytest.fixture
async def packed(stockroom):
    """Apples by the case of twelve, flour by the bag of two and a half."""
    await stockroom.do(UpdateItem(item="apples", changes={"packs": PACKS}))
    await stockroom.do(UpdateItem(item="flour", changes={"packs": [Pack(name="bag", quantity="2.5")]}))
    return stockroom


@pytest.mark.parametrize(
    ("item", "quantity", "pack", "moved"),
    [
        ("apples", "2", "case", "24"),
        ("apples", "0.5", "case", "6"),
        ("apples", "1", "pallet", "999999999999999"),
        ("flour", "0.1", "bag", "0.25"),
        ("flour", "3", None, "3"),
    ],
)
async def test_packs_are_counted_in_units(packed, item, quantity, pack, moved):
    entry = await packed.record("receipt", line(item=item, quantity=quantity, pack=pack))

    assert (entry.movements[0].quantity, await packed.on_hand(item)) == (moved, moved)


async def test_packs_are_counted_transferred_and_taken(packed):
    await packed.record("count", line(quantity="3", pack="case"))
    await packed.record("transfer", transfer(quantity="2", pack="case"))
    await packed.record("adjustment", line(quantity="-1", pack="case"), reason="damaged")

    assert (await packed.on_hand("apples"), await packed.on_hand("apples", at="STORE")) == ("0", "24")


@pytest.mark.parametrize(
    ("quantity", "pack", "fault"),
    [
        ("1", "bag", ("/lines/0/pack", "pack_not_found")),
        ("1", "Case", ("/lines/0/pack", "pack_not_found")),
        ("0.1", "case", ("/lines/0/quantity", "too_many_decimals")),
        ("2", "pallet", ("/lines/0/quantity", "quantity_out_of_range")),
        ("999999999999999.999999999", "pallet", ("/lines/0/quantity", "too_many_decimals")),
        ("many", "case", ("/lines/0/quantity", "invalid_quantity")),
        ("0", "case", ("/lines/0/quantity", "invalid_quantity")),
    ],
)
async def test_so_many_packs_make_sense(packed, quantity, pack, fault):
    assert await problems(packed, "receipt", line(quantity=quantity, pack=pack)) == [fault]


async def test_an_unknown_pack_is_named_beside_everything_else(packed):
    found = await problems(packed, "receipt", line(quantity="x", pack="crate"), line(item="unheard-of", pack="case"))

    assert found == [
        ("/lines/0/pack", "pack_not_found"),
        ("/lines/0/quantity", "invalid_quantity"),
        ("/lines/1/item", "item_not_found"),
    ]
