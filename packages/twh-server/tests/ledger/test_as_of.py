"""Stock as it was, by either clock, is what somebody finds who goes through the whole history."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from twh_server.catalogue.item_commands import UpdateItem
from twh_server.catalogue.location_commands import UpdateLocation
from twh_server.ledger import history, stock
from twh_server.ledger.as_of import Then
from twh_server.ledger.lines import Line
from twh_server.ledger.refusals import EntryPredatesCount
from twh_server.ledger.stock import StockFilter
from twh_server.ledger.verify import verify
from twh_server.refusals import Refusal

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)
NEVER = NOON - timedelta(days=1)


@pytest.fixture
def was(stockroom):
    """What was on hand at a time, by a clock."""

    async def was(time, clock="occurred", item="apples", at="MAIN"):
        level = await stock.get_level(stockroom.database, stockroom.shop.tenant, item, at, Then(time, clock))
        return level.on_hand

    return was


@pytest.fixture
def moved(stockroom):
    """Record a line of apples at MAIN as having happened some minutes after noon."""

    async def moved(kind, quantity, minute=None, **more):
        line = Line(item="apples", quantity=str(quantity), location="MAIN")
        occurred_at = None if minute is None else NOON + minute * MINUTE
        return await stockroom.record(kind, line, occurred_at=occurred_at, reason="because", **more)

    return moved


async def test_a_late_arrival_changes_what_was_there_until_the_count_and_nothing_of_what_was_counted(
    moved, was, stockroom
):
    await moved("receipt", 100, 0)
    issued = await moved("issue", 3, 10)
    count = await moved("count", 90, 30)
    late = await moved("issue", 2, 20)

    assert await stockroom.on_hand("apples") == "90"
    assert [await was(NOON + minute * MINUTE) for minute in (0, 10, 19, 20, 25, 29, 30, 35)] == [
        "100", "97", "97", "95", "95", "95", "90", "90",
    ]  # fmt: skip
    assert await was(issued.recorded_at, "recorded") == "97"
    back, taken = late.movements
    assert (back.quantity, back.counted_in, back.occurred_at) == ("2", count.movements[0].id, count.occurred_at)
    assert (taken.quantity, taken.counted_in, taken.occurred_at) == ("-2", None, None)
    assert (await verify(stockroom.database, stockroom.shop.tenant)).fault is None


async def test_a_late_arrival_is_offset_against_the_first_count_that_contains_it(moved, was):
    await moved("receipt", 100, 0)
    await moved("count", 80, 30)
    await moved("count", 70, 60)
    await moved("issue", 5, 20)

    assert [await was(NOON + minute * MINUTE) for minute in (20, 30, 45, 60)] == ["95", "80", "80", "70"]


async def test_a_late_arrival_goes_with_a_count_of_the_same_batch(stockroom, was):
    def at(minute):
        return NOON + minute * MINUTE

    line = Line(item="apples", quantity="5", location="MAIN")
    await stockroom.record("receipt", line, occurred_at=at(0))
    await asyncio.gather(
        stockroom.record("count", line, occurred_at=at(30), record_unchanged=True),
        stockroom.record("issue", line, occurred_at=at(20)),
    )

    assert [await was(at(minute)) for minute in (10, 20, 30)] == ["5", "0", "5"]


async def test_more_than_there_ever_was_can_have_gone_before_a_count(moved, stockroom):
    await moved("receipt", 1, 0)
    await moved("count", 0, 30)
    await moved("issue", 4, 20)

    assert await stockroom.on_hand("apples") == "0"


async def test_the_entry_of_a_late_arrival_is_read_as_it_was_told(moved, stockroom):
    await moved("receipt", 5, 0)
    await moved("count", 4, 30)
    late = await moved("receipt", 2, 20)
    read = await history.get_entry(stockroom.database, stockroom.shop.tenant, late.id)

    assert read.movements == late.movements
    assert await stockroom.reverse(late)
    assert await stockroom.on_hand("apples") == "4"


async def test_a_count_before_a_count_and_a_reversal_before_one_are_refused(moved, stockroom):
    receipt = await moved("receipt", 5, 0)
    await moved("count", 4, 30)

    with pytest.raises(EntryPredatesCount):
        await moved("count", 4, 20)
    with pytest.raises(EntryPredatesCount):
        await stockroom.reverse(receipt, occurred_at=NOON + 20 * MINUTE)


async def test_a_reversal_is_refused_whatever_else_its_batch_knows(moved, stockroom):
    receipt = await moved("receipt", 5, 0)
    refused, _ = await asyncio.gather(
        stockroom.reverse(receipt, occurred_at=NOON + 20 * MINUTE),
        moved("count", 4, 30),
        return_exceptions=True,
    )
    assert not isinstance(refused, EntryPredatesCount)  # it was first, and there was no count yet

    second = await moved("receipt", 5, 40)
    _, refused = await asyncio.gather(
        moved("count", 4, 60), stockroom.reverse(second, occurred_at=NOON + 50 * MINUTE), return_exceptions=True
    )
    assert isinstance(refused, EntryPredatesCount)


async def test_what_nobody_dated_comes_after_a_count_whose_clock_is_ahead(stockroom):
    line = Line(item="apples", quantity="5", location="MAIN")
    ahead = datetime.now(UTC) + MINUTE
    await stockroom.record("count", line, occurred_at=ahead)
    issue = await stockroom.issue("apples", 2)
    await stockroom.reverse(issue)
    await stockroom.issue("apples", 1)

    assert await stockroom.on_hand("apples") == "4"
    level = await stock.get_level(stockroom.database, stockroom.shop.tenant, "apples", "MAIN", Then(ahead, "occurred"))
    assert level.on_hand == "4"
    assert (await verify(stockroom.database, stockroom.shop.tenant)).fault is None


@pytest.mark.parametrize("clock", ["recorded", "occurred"])
async def test_before_anything_moved_there_was_nothing(moved, was, stockroom, clock):
    await moved("receipt", 5, 0)
    level = await stock.get_level(stockroom.database, stockroom.shop.tenant, "apples", "MAIN", Then(NEVER, clock))

    assert (level.on_hand, level.version, level.etag, level.updated_at) == ("0", 0, '"lv0"', None)
    assert await was(datetime(1, 1, 1, tzinfo=UTC), clock) == "0"
    assert await was(datetime(9999, 12, 31, tzinfo=UTC), clock) == "5"


async def test_version_and_tag_are_those_of_then_by_recorded_and_todays_by_occurred(moved, stockroom):
    first = await moved("receipt", 5, 0)
    await moved("receipt", 5, 10)

    async def level(time, clock):
        return await stock.get_level(stockroom.database, stockroom.shop.tenant, "apples", "MAIN", Then(time, clock))

    then, known = await level(first.recorded_at, "recorded"), await level(NOON, "occurred")
    assert (then.on_hand, then.version, then.etag, then.updated_at) == ("5", 1, '"lv1"', first.recorded_at)
    assert (known.on_hand, known.version, known.etag, known.updated_at) == ("5", 2, '"lv2"', NOON)


class History:
    """What was recorded, and what somebody finds in it who goes through all of it."""

    def __init__(self, dice):
        self.dice = dice
        self.said = []
        """(occurred_at, kind, quantity) of what was recorded, as it was said."""
        self.steps = []
        """(recorded_at, on_hand) after each entry."""

    def on_hand(self, time, clock):
        if clock == "recorded":
            return next((on_hand for recorded_at, on_hand in reversed(self.steps) if recorded_at <= time), Decimal(0))
        on_hand = Decimal(0)
        for occurred_at, kind, quantity in sorted(self.said, key=lambda one: one[0]):
            if occurred_at <= time:
                on_hand = quantity if kind == "count" else on_hand + (-quantity if kind == "issue" else quantity)
        return on_hand

    def times(self):
        for time in [*(one[0] for one in self.said), *(one[0] for one in self.steps)]:
            yield from (time, time - MICROSECOND)

    def occurred_at(self):
        """Now, or some time before noon, or up to some minutes after now; never twice the same."""
        match self.dice.random():
            case chance if chance < 0.4:
                return None
            case chance if chance < 0.9:
                return NOON - timedelta(seconds=self.dice.random() * 7_200)
            case _:
                return datetime.now(UTC) + timedelta(seconds=self.dice.random() * 200)


async def lived(stockroom, dice, length):
    history = History(dice)
    for _ in range(length):
        kind = dice.choice(["receipt", "receipt", "issue", "count"])
        occurred_at = history.occurred_at()
        if kind == "count" and occurred_at and occurred_at > datetime.now(UTC):
            continue  # what nobody dated comes after it, and happened before it
        quantity = Decimal(dice.randint(1, 20))
        line = Line(item="apples", quantity=str(quantity), location="MAIN")
        try:
            entry = await stockroom.record(kind, line, occurred_at=occurred_at, record_unchanged=True)
        except Refusal:
            continue
        history.said.append((entry.occurred_at, kind, quantity))
        history.steps.append((entry.recorded_at, Decimal(entry.movements[-1].on_hand_after)))
    return history


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_happened_it_is_what_the_whole_history_says(stockroom, was, seed):
    history = await lived(stockroom, random.Random(seed), 40)

    for clock in ("recorded", "occurred"):
        for time in history.times():
            assert Decimal(await was(time, clock)) == history.on_hand(time, clock), (clock, time)
    assert (await verify(stockroom.database, stockroom.shop.tenant)).fault is None


async def test_a_list_of_then_has_what_had_moved_then(stockroom):
    first = await stockroom.receive("apples", 5)
    await stockroom.receive("apples", 7)
    await stockroom.receive("flour", "2.5")
    await stockroom.do(UpdateItem(item="apples", changes={"reorder_point": "6"}))
    await stockroom.do(UpdateLocation(location="STORE", changes={"parent": "MAIN"}))
    await stockroom.receive("apples", 1, at="STORE")
    then = Then(first.recorded_at, "recorded")
    now = Then(datetime.now(UTC), "occurred")

    async def listed(**wanted):
        found = await stock.list_levels(
            stockroom.database, stockroom.shop.tenant, StockFilter(**wanted), after=None, limit=10
        )
        return sorted((level.item.sku, level.location.code, level.on_hand) for level, _ in found)

    assert await listed(then=then) == [("apples", "MAIN", "5")]
    assert await listed(then=then, location="MAIN", within=True) == [("apples", "MAIN", "5")]
    assert await listed(then=then, below_reorder_point=True) == [("apples", "MAIN", "5")]
    assert await listed(then=then, location="MAIN", within=True, below_reorder_point=True, item="apples") == [
        ("apples", "MAIN", "5")
    ]
    assert await listed(then=now) == [("apples", "MAIN", "12"), ("apples", "STORE", "1"), ("flour", "MAIN", "2.5")]
    assert await listed(then=now, location="STORE", within=True) == [("apples", "STORE", "1")]
