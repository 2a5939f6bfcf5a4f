"""Checking the ledger against the file: what was read back must come to the sums that the rows have by themselves."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from history import History
from invoices import Invoice
from plan import Plan
from twh import Client

Units = Mapping[tuple[str, str], int]
"""By kind and SKU; negative for what was taken."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """Something that must be so, and where it is not."""

    what: str
    faults: Sequence[str]


def checks(plan: Plan, history: History, levels: Mapping[str, int]) -> Iterator[Check]:
    """Everything that must be so once the file is loaded."""
    rows = Counter[str](invoice.kind for invoice in plan.invoices for _ in invoice.rows)
    opening = {("receipt", sku): quantity for entry in plan.opening for sku, quantity in entry.lines}
    units = units_of_rows(plan.invoices) | opening
    lowest = history.lowest()
    yield Check(
        what="nothing but this file has moved stock at the location",
        faults=history.strange,
    )
    yield Check(
        what=f"{plan.rows:,} rows = {rows.total():,} in the ledger + {len(plan.rejects):,} rejected",
        faults=[
            *differences(rows, {kind: history.movements[kind] for kind in rows}),
            *differences({"all rows": plan.rows}, {"all rows": rows.total() + len(plan.rejects)}),
        ],
    )
    yield Check(
        what=f"units of each kind and item are the file's: {len(units):,} sums",
        faults=differences(named(units), named(history.units)),
    )
    yield Check(
        what=f"stock is what came in less what went out: {len(levels):,} levels",
        faults=differences(by_item(units), levels),
    )
    yield Check(
        what="no item was ever below zero",
        faults=[f"{sku} was at {on_hand}" for sku, on_hand in lowest.items() if on_hand < 0],
    )
    yield Check(
        what=f"opening stock is the least: each of {len(opening):,} items came down to zero",
        faults=[f"{sku} had {lowest[sku]} to spare" for _, sku in opening if lowest.get(sku, 0) > 0],
    )


def verified(client: Client) -> Check:
    """The ledger's own check: blocks, events, movements and levels follow from what went before."""
    found = client.ledger.verify()
    fault = found.fault
    return Check(
        what=f"the ledger verifies: everything follows, up to the digest {found.digest}",
        faults=[f"{fault.what} at {fault.where}: expected {fault.expected}, found {fault.found}"] if fault else [],
    )


def units_of_rows(invoices: Iterable[Invoice]) -> dict[tuple[str, str], int]:
    """Straight from the rows, which count what was sold: stock changes by the opposite. Corrections say it as it is."""
    units = Counter[tuple[str, str]]()
    for invoice in invoices:
        for row in invoice.rows:
            units[invoice.kind, row.code] += row.quantity if invoice.kind == "adjustment" else -row.quantity
    return dict(units)


def by_item(units: Units) -> dict[str, int]:
    levels = Counter[str]()
    for (_, sku), change in units.items():
        levels[sku] += change
    return dict(levels)


def named(units: Units) -> dict[str, int]:
    return {f"{kind} of {sku}": change for (kind, sku), change in units.items()}


def differences(expected: Mapping[str, int], found: Mapping[str, int]) -> list[str]:
    return [
        f"{name}: {expected.get(name, 0):,} in the file, {found.get(name, 0):,} in the ledger"
        for name in {**expected, **found}
        if expected.get(name, 0) != found.get(name, 0)
    ]
