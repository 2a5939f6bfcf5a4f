"""What is to be recorded: the items, the stock that the week must have begun with, and one entry for each invoice."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from invoices import Invoice, sort_out
from rows import Reject, Row

LINES_MAX = 1_000  # the ledger takes no more lines in one entry

Lines = tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """An entry to be recorded. Its lines are SKUs and quantities, as the kind wants them."""

    kind: Literal["receipt", "issue", "return", "adjustment"]
    belongs_to: str
    """`opening stock` or `invoice`."""
    number: str
    part: int = 1
    reason: str | None = None
    at: datetime
    lines: Lines

    def changes(self) -> Iterator[tuple[str, int]]:
        """What each line does to the stock of its item."""
        sign = -1 if self.kind == "issue" else 1
        return ((sku, sign * quantity) for sku, quantity in self.lines)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The file, sorted out: what becomes an entry, what is rejected, and what is needed first."""

    rows: int
    """How many the file has."""
    rejects: Sequence[Reject]
    invoices: Sequence[Invoice]
    items: Mapping[str, str]
    """The name of each item, by its SKU."""
    opening: Sequence[Planned]
    entries: Sequence[Planned]
    """One for each invoice, in the order of the file."""

    @property
    def movements(self) -> int:
        return sum(len(entry.lines) for entry in [*self.opening, *self.entries])


def planned(found: Iterable[Row | Reject]) -> Plan:
    found = list(found)
    unreadable = [one for one in found if isinstance(one, Reject)]
    invoices, refused = sort_out(one for one in found if isinstance(one, Row))
    entries = [entry for invoice in invoices for entry in entries_of(invoice)]
    return Plan(
        rows=len(found),
        rejects=sorted([*unreadable, *refused], key=lambda reject: reject.line),
        invoices=invoices,
        items=names(invoices),
        opening=list(opening_stock(entries)),
        entries=entries,
    )


def entries_of(invoice: Invoice) -> Iterator[Planned]:
    """The invoice as one entry; only one of more than a thousand lines needs several."""
    signed = invoice.kind == "adjustment"
    lines = tuple((row.code, row.quantity if signed else abs(row.quantity)) for row in invoice.rows)
    for part, some in parts(lines):
        yield Planned(
            kind=invoice.kind,
            belongs_to="invoice",
            number=invoice.number,
            part=part,
            reason=invoice.reason,
            at=invoice.at,
            lines=some,
        )


def opening_stock(entries: Sequence[Planned]) -> Iterator[Planned]:
    """The least receipts that let everything else happen, in this order, without going below zero."""
    needed = tuple((sku, -lowest) for sku, lowest in lowest_levels(entries).items() if lowest < 0)
    for part, some in parts(needed):
        yield Planned(
            kind="receipt",
            belongs_to="opening stock",
            number="1",
            part=part,
            at=midnight_before(min(entry.at for entry in entries)),
            lines=some,
        )


def parts(lines: Lines) -> Iterator[tuple[int, Lines]]:
    """As many lines as one entry takes at a time, numbered from 1."""
    for part, first in enumerate(range(0, len(lines), LINES_MAX), start=1):
        yield part, lines[first : first + LINES_MAX]


def lowest_levels(entries: Iterable[Planned]) -> dict[str, int]:
    """How far each item would fall if the week had begun with empty shelves."""
    level, lowest = Counter[str](), dict[str, int]()
    for entry in entries:
        for sku, change in entry.changes():
            level[sku] += change
            lowest[sku] = min(lowest.get(sku, 0), level[sku])
    return lowest


def midnight_before(at: datetime) -> datetime:
    return (at - timedelta(minutes=1)).replace(hour=0, minute=0)


def names(invoices: Iterable[Invoice]) -> dict[str, str]:
    """The most frequent description of each SKU; what a clerk wrote on a correction describes no item."""
    described = dict[str, Counter[str]]()
    for invoice in invoices:
        for row in invoice.rows:
            found = described.setdefault(row.code, Counter())
            if row.description and invoice.kind != "adjustment":
                found[row.description] += 1
    return {sku: max(found, key=found.__getitem__, default=sku) for sku, found in described.items()}
