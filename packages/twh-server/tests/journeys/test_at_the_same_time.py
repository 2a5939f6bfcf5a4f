"""At the same time: many clients, two server processes, and never more than there is."""

import asyncio
import random

import pytest

from twh.errors import APIError, EntryAlreadyReversed, IdempotencyKeyReused, InsufficientStock, StaleQuantity


async def tried(*attempts):
    """Everything at once: (what succeeded, what was refused). Anything but a refusal is raised."""
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not (isinstance(outcome, APIError) and outcome.status < 500):
            raise outcome
    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)], refused


async def test_of_a_thousand_a_thousand_are_issued_and_not_one_more(shelf):
    await shelf.has(1000)
    issued, refused = [], []

    async def buyer():
        for _ in range(17):
            ones, others = await tried(shelf.client.movements.issue(item="APPLES", location="MAIN", quantity=1))
            issued.extend(ones)
            refused.extend(others)

    await asyncio.gather(*(buyer() for _ in range(64)))

    assert (len(issued), len(refused)) == (1000, 64 * 17 - 1000)
    assert all(isinstance(one, InsufficientStock) for one in refused)
    assert await shelf.on_hand() == 0
    assert len(await shelf.movements()) == 1001


async def test_ups_and_downs_on_one_level_and_on_ten_sum_up(shelf):
    items = [f"ITEM-{number}" for number in range(10)]
    for item in items:
        await shelf.has(1000, item=item)
    await shelf.client.locations.create(code="SHOP", name="Shop")
    dice, expected = random.Random(21), dict.fromkeys(items, 2000)
    for item in items:
        await shelf.client.movements.receive(item=item, location="SHOP", quantity=1000)

    async def somebody(choices):
        for item, kind in choices:
            movements = shelf.client.movements
            if kind == "there":
                await movements.transfer(item=item, source="MAIN", target="SHOP", quantity=1)
            elif kind == "back":
                await movements.transfer(item=item, source="SHOP", target="MAIN", quantity=1)
            else:
                await movements.adjust(item=item, location="MAIN", quantity=kind, reason="race")

    plans = []
    for number in range(50):
        # Half of the clients fight over one level, the others go through all ten in an order of their own.
        mine = [items[0]] * 20 if number % 2 else dice.choices(items, k=20)
        plans.append([(item, dice.choice([1, -1, "there", "back"])) for item in mine])
        for item, kind in plans[-1]:
            expected[item] += kind if isinstance(kind, int) else 0

    await asyncio.gather(*(somebody(plan) for plan in plans))

    for item in items:
        assert await shelf.on_hand(item) + await shelf.on_hand(item, at="SHOP") == expected[item]


async def test_one_key_fired_a_hundred_times_is_one_entry(shelf, other_shelf):
    await shelf.has(0)
    await other_shelf.has(0)

    def receive(on, quantity):
        return on.client.movements.receive(
            item="APPLES", location="MAIN", quantity=quantity, options={"idempotency_key": "the-same"}
        )

    entries = await asyncio.gather(*(receive(shelf, 5) for _ in range(100)))

    assert len({entry.model_dump_json() for entry in entries}) == 1
    assert await shelf.on_hand() == 5
    with pytest.raises(IdempotencyKeyReused):
        await receive(shelf, 6)
    assert (await receive(other_shelf, 7)).movements[0].on_hand_after == 7


async def test_of_two_that_expect_ten_one_is_told_seven(shelf):
    await shelf.has(10)

    def take():
        return shelf.client.movements.issue(item="APPLES", location="MAIN", quantity=3, expected={"on_hand": "10"})

    done, (refused,) = await tried(take(), take())

    assert done[0].movements[0].on_hand_after == 7
    assert isinstance(refused, StaleQuantity)
    assert str(refused.on_hand) == "7"


async def test_the_first_movement_ever_by_sixty_four_makes_one_level(shelf):
    await shelf.has(0)

    await asyncio.gather(
        *(shelf.client.movements.receive(item="APPLES", location="MAIN", quantity=1) for _ in range(64))
    )

    level = await shelf.client.stock.get("APPLES", at="MAIN")
    assert (level.on_hand, level.version) == (64, 64)


async def test_an_entry_reversed_twice_at_once_is_reversed_once(shelf):
    await shelf.has(0)
    entry = await shelf.client.movements.receive(item="APPLES", location="MAIN", quantity=5)

    done, (refused,) = await tried(shelf.client.entries.reverse(entry.id), shelf.client.entries.reverse(entry.id))

    assert len(done) == 1
    assert isinstance(refused, EntryAlreadyReversed)
    assert refused.status == 409
    assert await shelf.on_hand() == 0
