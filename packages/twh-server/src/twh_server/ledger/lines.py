"""Lines: what a caller asks of stock, and what each kind of entry makes of it.

Everything that does not make sense is collected, so that one answer names it all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from twh_server.catalogue import items, locations
from twh_server.catalogue.items import ItemRow
from twh_server.catalogue.locations import LocationRow
from twh_server.catalogue.quantities import QUANTITY_LIMIT, decimals, parse, plain, times
from twh_server.catalogue.refusals import ItemArchived, ItemNotFound, LocationArchived, LocationNotFound
from twh_server.journal.commands import Facts
from twh_server.ledger.book import Expectation, Posting
from twh_server.refusals import Problem, Refusal, code_of

LINES_MAX = 1_000

SIGNS = {"receipt": 1, "issue": -1, "return": 1, "adjustment": 1, "transfer": 1, "count": 1}
"""The kinds of entries that can be recorded, and the sign that each gives to its quantities."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a request: an item, where it is (or from where to where it goes), and how much."""

    item: str
    quantity: str
    location: str | None = None
    source: str | None = None
    target: str | None = None
    pack: str | None = None
    """The quantity is of packs of this name."""
    expected_on_hand: str | None = None
    expected_version: int | None = None

    @property
    def places(self) -> tuple[str, ...]:
        """The locations that it names."""
        return tuple(place for place in (self.location, self.source, self.target) if place is not None)


@dataclass(slots=True)
class Reading:
    """The lines of one entry, read against the facts: postings where they make sense, problems where they do not."""

    facts: Facts
    kind: str
    problems: list[Problem] = field(default_factory=list[Problem])
    archived: list[Refusal] = field(default_factory=list[Refusal])

    def postings(self, lines: Sequence[Line]) -> list[Posting]:
        """The postings of all lines."""
        if not 1 <= len(lines) <= LINES_MAX:
            self._problem("/lines", "too_many_lines", f"An entry has 1 to {LINES_MAX:,} lines, not {len(lines):,}.")
        return [posting for number, line in enumerate(lines) for posting in self._read(number, line)]

    def _read(self, number: int, line: Line) -> Iterator[Posting]:
        item = self._item(number, line.item)
        places = self._places(number, line)
        quantity = self._quantity(number, line, item)
        expected = self._expectation(number, line)
        if item is None or quantity is None or not places:
            return
        if self.kind == "transfer":
            source, target = places
            yield Posting(line=number, item=item, location=source, quantity=-quantity, expected=expected)
            yield Posting(line=number, item=item, location=target, quantity=quantity)
        else:
            yield Posting(
                line=number,
                item=item,
                location=places[0],
                quantity=quantity * SIGNS.get(self.kind, 1),
                counted=self.kind == "count",
                expected=expected,
            )

    def _item(self, number: int, text: str) -> ItemRow | None:
        item = items.find(self.facts, text)
        if item is None:
            self._problem(f"/lines/{number}/item", code_of(ItemNotFound), f"No item has the id or SKU {text!r}.")
        elif item.archived_at:
            self.archived.append(ItemArchived(item.sku))
        return item

    def _places(self, number: int, line: Line) -> list[LocationRow]:
        """The location, or source and target; nothing when one of them is missing or unknown."""
        needed = ("source", "target") if self.kind == "transfer" else ("location",)
        for name in ("location", "source", "target"):
            if name not in needed and getattr(line, name) is not None:
                message = f"A line of this kind takes {' and '.join(needed)} instead."
                self._problem(f"/lines/{number}/{name}", "field_not_allowed", message)
        found = [self._place(number, name, getattr(line, name)) for name in needed]
        places = [place for place in found if place is not None]
        if len(places) == 2 and places[0].id == places[1].id:
            message = "Stock cannot be transferred to where it is."
            self._problem(f"/lines/{number}/target", "same_location", message)
        return places if len(places) == len(needed) else []

    def _place(self, number: int, name: str, text: str | None) -> LocationRow | None:
        pointer = f"/lines/{number}/{name}"
        if text is None:
            self._problem(pointer, "field_missing", f"A line of this kind needs {name}.")
            return None
        location = locations.find(self.facts, text)
        if location is None:
            self._problem(pointer, code_of(LocationNotFound), f"No location has the id or code {text!r}.")
        elif location.archived_at:
            self.archived.append(LocationArchived(location.code))
        return location

    def _quantity(self, number: int, line: Line, item: ItemRow | None) -> Decimal | None:
        """How much of the item it is, in its unit: so many packs are so much."""
        quantity, packed = parse(line.quantity), True
        if line.pack is not None and item is not None:
            pack = item.pack(line.pack)
            packed = pack is not None
            if pack is None:
                message = f"{item.sku} has no pack {line.pack!r}."
                self._problem(f"/lines/{number}/pack", "pack_not_found", message)
            elif quantity is not None:
                quantity = times(quantity, Decimal(pack.quantity))
        fault = self._fault_of(quantity, item if packed else None)
        if fault:
            self._problem(f"/lines/{number}/quantity", *fault)
        return None if fault or not packed else quantity

    def _fault_of(self, quantity: Decimal | None, item: ItemRow | None) -> tuple[str, str] | None:
        if quantity is None:
            return (
                "invalid_quantity",
                "A quantity is a plain decimal such as 12 or 0.5: 15 digits and 9 decimals at most.",
            )
        if item is not None and decimals(quantity) > item.scale:
            return "too_many_decimals", f"{item.sku} has a scale of {item.scale}: {plain(quantity)} is finer than that."
        if abs(quantity) >= QUANTITY_LIMIT:
            return "quantity_out_of_range", f"So many packs are {plain(quantity)}; the limit is 10^15."
        if self.kind == "count":
            return ("invalid_quantity", "What was counted is zero or more.") if quantity < 0 else None
        if not quantity:
            return "invalid_quantity", "A quantity of zero moves nothing."
        if quantity < 0 and self.kind != "adjustment":
            return "invalid_quantity", "A quantity is positive here: the kind carries the sign."
        return None

    def _expectation(self, number: int, line: Line) -> Expectation | None:
        if line.expected_on_hand is None and line.expected_version is None:
            return None
        on_hand = None
        if line.expected_on_hand is not None:
            on_hand = parse(line.expected_on_hand)
            if on_hand is None:
                pointer = f"/lines/{number}/expected/on_hand"
                self._problem(pointer, "invalid_quantity", "What you expect is a plain decimal such as 12 or 0.5.")
        return Expectation(on_hand=on_hand, version=line.expected_version)

    def _problem(self, pointer: str, code: str, message: str) -> None:
        self.problems.append(Problem(pointer=pointer, code=code, message=message))
