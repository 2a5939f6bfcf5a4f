"""Movements and levels: deltas are never lost, nothing goes below zero unasked, and one answer names all that is wrong."""

from decimal import Decimal

import pytest

from twh.errors import APIError, InsufficientStock, InvalidEntry, Unprocessable

WORDS_THAT_ARE_NO_QUANTITY = ["0", "-0", "1e-9", "NaN", "1e400", "9" * 200, "0.5", "Infinity", "", " 1", "+1", "1_000"]


async def test_two_receipts_by_clients_that_both_read_ten_are_both_there(shelf):
    await shelf.has(10)

    first = await shelf.client.movements.receive(item="APPLES", location="MAIN", quantity=5)
    second = await shelf.client.movements.receive(item="APPLES", location="MAIN", quantity=5)

    assert [first.movements[0].on_hand_after, second.movements[0].on_hand_after] == [15, 20]


async def test_nothing_is_issued_from_an_empty_shelf_unless_it_is_forced(shelf):
    await shelf.has(0)

    with pytest.raises(InsufficientStock):
        await shelf.client.movements.issue(item="APPLES", location="MAIN", quantity=1)
    assert await shelf.on_hand() == 0

    forced = await shelf.client.movements.issue(item="APPLES", location="MAIN", quantity=1, force=True)
    assert forced.forced
    assert await shelf.on_hand() == -1

    with pytest.raises(InsufficientStock):
        await shelf.client.movements.issue(item="APPLES", location="MAIN", quantity=1)


async def test_an_adjustment_below_zero_is_refused_and_changes_nothing(shelf):
    await shelf.has(10)

    with pytest.raises(InsufficientStock):
        await shelf.client.movements.adjust(item="APPLES", location="MAIN", quantity=-11, reason="damaged")

    assert await shelf.on_hand() == 10


async def test_an_adjustment_without_a_reason_and_of_zero_is_told_both_at_once(shelf):
    await shelf.has(10)
    line = {"item": "APPLES", "location": "MAIN", "quantity": "0"}

    with pytest.raises(InvalidEntry) as refused:
        await shelf.client.movements.record(kind="adjustment", lines=[line])

    assert {error.pointer for error in refused.value.errors} == {"/reason", "/lines/0/quantity"}


async def test_counts_write_the_difference_and_nothing_when_there_is_none(shelf):
    await shelf.has(0)
    count = shelf.client.movements.count

    assert await count(item="APPLES", location="MAIN", quantity=0) is None
    up = await count(item="APPLES", location="MAIN", quantity=5)
    assert await count(item="APPLES", location="MAIN", quantity=5) is None
    down = await count(item="APPLES", location="MAIN", quantity=3)
    with pytest.raises(Unprocessable):
        await count(item="APPLES", location="MAIN", quantity=-1)

    assert [entry.movements[0].quantity for entry in (up, down)] == [5, -2]
    assert len(await shelf.movements()) == 2


async def test_an_unknown_item_an_unknown_location_and_too_many_decimals_are_named_in_one_answer(shelf):
    await shelf.has(10)
    lines = [
        {"item": "NO-SUCH", "location": "MAIN", "quantity": "1"},
        {"item": "APPLES", "location": "NOWHERE", "quantity": "1"},
        {"item": "APPLES", "location": "MAIN", "quantity": "0.5"},
    ]

    with pytest.raises(InvalidEntry) as refused:
        await shelf.client.movements.record(kind="issue", lines=lines)

    assert refused.value.status == 422
    assert [(error.pointer, error.code) for error in refused.value.errors] == [
        ("/lines/0/item", "item_not_found"),
        ("/lines/1/location", "location_not_found"),
        ("/lines/2/quantity", "too_many_decimals"),
    ]
    assert len(await shelf.movements()) == 1


@pytest.mark.parametrize("word", WORDS_THAT_ARE_NO_QUANTITY, ids=lambda word: word[:12] or "empty")
async def test_what_is_no_quantity_is_refused_and_never_rounded(shelf, word):
    await shelf.has(10)

    with pytest.raises(APIError) as refused:
        await shelf.client.movements.record(
            kind="receipt", lines=[{"item": "APPLES", "location": "MAIN", "quantity": word}]
        )

    assert 400 <= refused.value.status < 500
    assert await shelf.on_hand() == 10


async def test_a_level_never_reaches_the_limit(shelf):
    await shelf.has(Decimal(10) ** 15 - 1)

    with pytest.raises(Unprocessable) as refused:
        await shelf.client.movements.receive(item="APPLES", location="MAIN", quantity=1)

    assert refused.value.code == "quantity_out_of_range"


async def test_a_transfer_is_one_entry_with_two_movements(shelf):
    await shelf.has(10)
    await shelf.client.locations.create(code="SHOP", name="Shop")

    entry = await shelf.client.movements.transfer(item="APPLES", source="MAIN", target="SHOP", quantity=5)

    assert [movement.quantity for movement in entry.movements] == [-5, 5]
    assert [await shelf.on_hand(), await shelf.on_hand(at="SHOP")] == [5, 5]


async def test_a_transfer_of_more_than_there_is_moves_nothing(shelf):
    await shelf.has(1)
    await shelf.client.locations.create(code="SHOP", name="Shop")

    with pytest.raises(InsufficientStock):
        await shelf.client.movements.transfer(item="APPLES", source="MAIN", target="SHOP", quantity=5)

    assert [await shelf.on_hand(), await shelf.on_hand(at="SHOP")] == [1, 0]


async def test_a_transfer_of_two_items_is_refused_whole_when_one_is_missing(shelf):
    await shelf.has(10)
    await shelf.has(0, item="PEARS")
    await shelf.client.locations.create(code="SHOP", name="Shop")
    lines = [{"item": item, "source": "MAIN", "target": "SHOP", "quantity": "5"} for item in ("APPLES", "PEARS")]

    with pytest.raises(InsufficientStock):
        await shelf.client.movements.transfer(lines=lines)

    assert await shelf.on_hand() == 10


async def test_a_transfer_to_where_it_is_makes_no_sense(shelf):
    await shelf.has(10)

    with pytest.raises(Unprocessable) as refused:
        await shelf.client.movements.transfer(item="APPLES", source="MAIN", target="MAIN", quantity=5)

    assert refused.value.code == "same_location"
