"""Whatever is asked of stock, accepted or refused: a level is the sum of its movements and never below zero."""

import asyncio
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from twh_server.catalogue.item_commands import CreateItem
from twh_server.catalogue.location_commands import CreateLocation
from twh_server.database.identifiers import KeyId, Minter, TenantId, fresh
from twh_server.journal.commands import Actor, Facts, Moment
from twh_server.ledger.levels import LEVEL
from twh_server.ledger.lines import Line
from twh_server.ledger.record import RecordEntry
from twh_server.ledger.verify import verify
from twh_server.refusals import Refusal
from twh_server.tenancy.settings import CHOICES, Choices

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
ACTOR = Actor(key=KeyId(fresh()), name="tests")
ITEMS, PLACES = ("apples", "pears"), ("MAIN", "STORE")

quantities = st.decimals("0", "20", places=3).map(lambda quantity: format(quantity, "f"))
signed = st.decimals("-20", "20", places=3).map(lambda quantity: format(quantity, "f"))
items, places = st.sampled_from(ITEMS), st.sampled_from(PLACES)
plain_lines = st.builds(Line, item=items, quantity=quantities, location=places)
adjusted_lines = st.builds(Line, item=items, quantity=signed, location=places)
moved_lines = st.builds(Line, item=items, quantity=quantities, source=places, target=places)
lines_of = {"transfer": moved_lines, "adjustment": adjusted_lines}


@st.composite
def entries(draw):
    kind = draw(st.sampled_from(["receipt", "receipt", "issue", "return", "adjustment", "transfer", "count"]))
    return RecordEntry(
        kind=kind,
        lines=draw(st.lists(lines_of.get(kind, plain_lines), min_size=1, max_size=4)),
        actor=ACTOR,
        reason="because",
        occurred_at=NOON - timedelta(minutes=draw(st.integers(0, 60))),
        force=draw(st.sampled_from([False, False, False, True])),
        record_unchanged=draw(st.booleans()),
    )


class Ledger:
    """A book that decides commands as the journal does, and keeps every movement."""

    def __init__(self, *, oversell):
        self.facts = Facts()
        self.minter = Minter(at=NOON)
        self.movements = []
        self.forced = False
        self.facts.of(CHOICES)[None] = Choices(occurred_at_back_days=None, oversell=oversell)
        for command in (
            *(CreateItem(sku=sku, name=sku, scale=3) for sku in ITEMS),
            *(CreateLocation(code=code, name=code) for code in PLACES),
        ):
            self.take(command)

    def take(self, command):
        moment = Moment(tenant=TenantId(fresh()), recorded_at=NOON, sequence=1, minter=self.minter)
        before = dict(self.facts.of(LEVEL))
        try:
            effects = command.decide(self.facts, moment)
        except Refusal:
            assert self.facts.of(LEVEL) == before
            return
        for index, key, value in effects.known:
            self.facts.of(index)[key] = value
        if isinstance(command, RecordEntry) and effects.result:
            self.forced = self.forced or command.force
            self.movements += effects.result.movements


@settings(deadline=None, max_examples=80)
@given(st.lists(entries(), max_size=25), st.booleans())
def test_a_level_is_the_sum_of_its_movements_after_any_commands(commands, oversell):
    ledger = Ledger(oversell=oversell)
    for command in commands:
        ledger.take(command)
    sums, versions = defaultdict(Decimal), defaultdict(list)
    for movement in ledger.movements:
        key = movement.item.id, movement.location.id
        sums[key] += Decimal(movement.quantity)
        versions[key].append(movement.version_after)
        assert Decimal(movement.on_hand_after) == sums[key]
    levels = ledger.facts.of(LEVEL).values()

    assert sorted(level.on_hand for level in levels) == sorted(sums.values())
    assert all(seen == list(range(1, len(seen) + 1)) for seen in versions.values())
    assert ledger.forced or all(level.on_hand >= 0 for level in levels)


async def test_a_busy_ledger_adds_up(stockroom, database, shop):
    chance = random.Random(20260510)

    def a_line(kind):
        item, quantity = chance.choice(("apples", "flour")), str(chance.randint(1, 9))
        if kind == "transfer":
            source, target = chance.sample(PLACES, 2)
            return Line(item=item, quantity=quantity, source=source, target=target)
        return Line(item=item, quantity=quantity, location=chance.choice(PLACES))

    def an_entry():
        kind = chance.choice(["receipt", "issue", "return", "transfer", "adjustment", "count"])
        lines = [a_line(kind) for _ in range(chance.randint(1, 5))]
        return stockroom.entry(kind, *lines, reason="chance", record_unchanged=chance.random() < 0.5)

    outcomes = await asyncio.gather(*(stockroom.do(an_entry()) for _ in range(300)), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    verification = await verify(database, shop.tenant)

    assert {type(outcome).__name__ for outcome in outcomes} <= {"Entry", "NoneType", "InsufficientStock"}
    assert 0 < len(refused) < 300
    assert verification.fault is None
    assert verification.entries == sum(type(outcome).__name__ == "Entry" for outcome in outcomes)
