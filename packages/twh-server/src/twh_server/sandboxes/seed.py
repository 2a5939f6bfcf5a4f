"""Three weeks in the life of a small shop, told as the commands that its programs would have sent.

The same story every time, ending today: only its dates move. It keeps its own shelf, so that it never sells what is not
there, and tells everything in the order in which it happened.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

import msgspec

from twh_server.catalogue.quantities import plain
from twh_server.journal.commands import Actor
from twh_server.ledger.entries import Reference
from twh_server.ledger.lines import Line
from twh_server.ledger.record import RecordEntry
from twh_server.sandboxes.shop import BACK, MAIN, RETURNS, SHOP, WARES, Ware

DAYS = 21
SHOP_ORDERS_A_DAY = 5
WEB_ORDERS_A_DAY = 2
RUNNING_OUT = "TOTE-NATURAL"
"""Sold every day and never bought again, so that something is below its reorder point."""

Amounts = Sequence[tuple[Ware, Decimal]]

_RUNNING_OUT = next(ware for ware in WARES if ware.sku == RUNNING_OUT)


def story(actor: Actor, now: datetime) -> list[RecordEntry]:
    """What happened, oldest first. The last entry is a delivery booked a second time, for someone to reverse."""
    told = _Story(actor=actor)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for ago in range(DAYS, 0, -1):
        _day(told, ago, today - timedelta(days=ago))
    _delivery_booked_twice(told, today - timedelta(hours=5))
    return sorted(told.entries, key=lambda entry: entry.occurred_at or now)


@dataclass(kw_only=True)
class _Story:
    actor: Actor
    entries: list[RecordEntry] = field(default_factory=list[RecordEntry])
    shelf: defaultdict[tuple[str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    chance: Random = field(default_factory=lambda: Random(1851))  # noqa: S311  # a story, not a secret
    numbers: defaultdict[str, int] = field(default_factory=lambda: defaultdict(lambda: 1000))

    def tell(
        self, kind: str, at: datetime, lines: Sequence[Line], *, reference: str = "", number: str = "", reason: str = ""
    ) -> None:
        """Add an entry; a reference without a number gets the next one."""
        if not lines:
            return
        if reference and not number:
            self.numbers[reference] += 1
            number = f"{reference[:3].upper()}-{self.numbers[reference]}"
        self.entries.append(
            RecordEntry(
                kind=kind,
                lines=lines,
                actor=self.actor,
                reason=reason or None,
                reference=Reference(reference, number) if reference else None,
                occurred_at=at,
                record_unchanged=kind == "count",
            )
        )

    def put(self, amounts: Amounts, place: str) -> list[Line]:
        """Lines that put amounts somewhere."""
        for ware, amount in amounts:
            self.shelf[ware.sku, place] += amount
        return [Line(item=ware.sku, location=place, quantity=plain(amount)) for ware, amount in amounts]

    def take(self, amounts: Amounts, place: str) -> list[Line]:
        """Lines that take what there is of the amounts."""
        lines: list[Line] = []
        for ware, amount in amounts:
            if self.shelf.get((ware.sku, place), 0) >= amount:
                self.shelf[ware.sku, place] -= amount
                lines.append(Line(item=ware.sku, location=place, quantity=plain(amount)))
        return lines

    def move(self, amounts: Amounts, source: str, target: str) -> list[Line]:
        """Lines that move what there is of the amounts."""
        taken = {line.item for line in self.take(amounts, source)}
        moved = [(ware, amount) for ware, amount in amounts if ware.sku in taken]
        self.put(moved, target)
        return [Line(item=ware.sku, source=source, target=target, quantity=plain(amount)) for ware, amount in moved]

    def basket(self, sizes: Sequence[int] = (1, 1, 2, 2, 3)) -> Amounts:
        """What one customer takes."""
        wares = self.chance.sample(WARES, self.chance.choice(sizes))
        return [(ware, ware.taken(self.chance.random())) for ware in wares]


def _day(told: _Story, ago: int, day: datetime) -> None:
    _deliveries(told, ago, day + timedelta(hours=6, minutes=30))
    _transfers(told, ago, day + timedelta(hours=8))
    _sales(told, day + timedelta(hours=9))
    _returns(told, ago, day + timedelta(hours=17, minutes=20))
    _counts(told, ago, day + timedelta(hours=19))


def _deliveries(told: _Story, ago: int, at: datetime) -> None:
    if ago == DAYS:
        for number, start in enumerate(range(0, len(WARES), 6)):
            ordered = [(ware, Decimal(ware.order)) for ware in WARES[start : start + 6]]
            told.tell("receipt", at + timedelta(minutes=9 * number), told.put(ordered, MAIN), reference="purchase")
    elif ago in (14, 7):
        again = [ware for ware in WARES[ago % 4 :: 4] if ware.sku != RUNNING_OUT]
        ordered = [(ware, (Decimal(ware.order) / 2).to_integral_value()) for ware in again]
        told.tell("receipt", at, told.put(ordered, MAIN), reference="purchase")


def _transfers(told: _Story, ago: int, at: datetime) -> None:
    if ago % 7 == DAYS % 7:
        brought = [(ware, _part(ware, 3)) for ware in WARES if told.shelf[ware.sku, SHOP] < _part(ware, 4)]
        told.tell("transfer", at, told.move(brought, MAIN, SHOP), reason="weekly restock")
    if ago == DAYS - 1:
        spare = [(ware, _part(ware, 6)) for ware in WARES[:6]]
        told.tell("transfer", at, told.move(spare, MAIN, BACK), reason="spare sizes")
    if ago == 10:
        spare = [(ware, _part(ware, 12)) for ware in WARES[:3]]
        told.tell("transfer", at, told.move(spare, BACK, SHOP), reason="sizes sold out")


def _sales(told: _Story, opening: datetime) -> None:
    for hour in range(SHOP_ORDERS_A_DAY):
        at = opening + timedelta(hours=hour * 1.5, minutes=told.chance.randrange(60))
        basket = told.basket()
        if hour == 0:
            basket = [*(line for line in basket if line[0] is not _RUNNING_OUT), (_RUNNING_OUT, Decimal(1))]
        told.tell("issue", at, told.take(basket, SHOP), reference="receipt")
    for hour in range(WEB_ORDERS_A_DAY):
        at = opening + timedelta(hours=hour * 4, minutes=told.chance.randrange(60))
        told.tell("issue", at, told.take(told.basket((1, 2)), MAIN), reference="web order")


def _returns(told: _Story, ago: int, at: datetime) -> None:
    if ago % 4 == 1:
        brought = [(ware, Decimal(1)) for ware, _ in told.basket((1, 2)) if not ware.scale]
        told.tell("return", at, told.put(brought, RETURNS), reference="web order", number=f"WEB-{1043 - 2 * ago}")
        if ago == 1:
            return  # not checked yet
        good, broken = brought[:1], brought[1:]
        told.tell("transfer", at + timedelta(minutes=40), told.move(good, RETURNS, SHOP), reason="as good as new")
        _written_off(told, at + timedelta(minutes=45), broken, RETURNS)
    if ago in (16, 9, 3):
        _written_off(told, at, [(told.chance.choice(WARES[7:10]), Decimal(1))], SHOP)


def _written_off(told: _Story, at: datetime, amounts: Amounts, place: str) -> None:
    lines = [msgspec.structs.replace(line, quantity=f"-{line.quantity}") for line in told.take(amounts, place)]
    told.tell("adjustment", at, lines, reason="damaged")


def _counts(told: _Story, ago: int, at: datetime) -> None:
    """Each location is counted once; now and then one is missing, or one more turns up."""
    place = {6: BACK, 5: MAIN, 4: SHOP, 2: RETURNS}.get(ago)
    if place is None:
        return
    there = [ware for ware in WARES if (ware.sku, place) in told.shelf][::2]
    lines: list[Line] = []
    for number, ware in enumerate(there):
        found = told.shelf[ware.sku, place]
        if number % 5 == 1 and found >= 1:
            found += -1 if number % 2 else 1
        told.shelf[ware.sku, place] = found
        lines.append(Line(item=ware.sku, location=place, quantity=plain(found)))
    told.tell("count", at, lines, reason="stocktake", reference="count")


def _delivery_booked_twice(told: _Story, at: datetime) -> None:
    """The second booking stays off our shelf: what is going to be reversed must not be sold."""
    pens = [Line(item=sku, location=MAIN, quantity="24") for sku in ("PEN-GEL", "NOTEBOOK-A5")]
    told.tell("receipt", at, pens, reference="purchase")
    number = told.numbers["purchase"]
    told.tell("receipt", at + timedelta(minutes=12), pens, reference="purchase", number=f"PUR-{number}")


def _part(ware: Ware, of: int) -> Decimal:
    return max(Decimal(1), (Decimal(ware.order) / of).to_integral_value())
