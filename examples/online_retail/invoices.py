"""Invoices, made of rows: what each one did to the stock, and which of its rows did nothing to it.

A `C…` invoice takes goods back. One without any customer and any price sold nothing: the clerk corrected the stock, up or
down. Everything else is a sale, also where single rows are free of charge or are paid for by a sum elsewhere on the invoice.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rows import Reject, Row

Kind = Literal["issue", "return", "adjustment"]

STOCK_CODE = re.compile(r"[0-9]{5}[A-Za-z]{0,2}|DCGS\w+")
NO_STOCK = {
    "POST": "postage",
    "DOT": "postage",
    "C2": "carriage",
    "M": "a manual charge",
    "D": "a discount",
    "S": "samples, as a sum of money",
    "B": "a bad debt",
    "BANK CHARGES": "bank charges",
    "AMAZONFEE": "a fee",
    "CRUK": "a donation",
    "GIFT": "a gift voucher",  # gift_0001_20
}


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """One invoice and those of its rows that moved stock."""

    number: str
    kind: Kind
    at: datetime
    """When it was begun: a long one may have been typed over two minutes."""
    rows: tuple[Row, ...]

    @property
    def reason(self) -> str | None:
        """Why stock was corrected: the clerk's own word where there is one, like "damages"."""
        if self.kind != "adjustment":
            return None
        word = next((row.description for row in self.rows if any(map(str.isalpha, row.description))), None)
        taken = {row.quantity < 0 for row in self.rows}
        return word or ("corrected" if len(taken) > 1 else "written off" if taken == {True} else "found")


def sort_out(rows: Iterable[Row]) -> tuple[list[Invoice], list[Reject]]:
    """The invoices in the order in which they begin in the file, and the rows that are not recorded."""
    together: dict[str, list[Row]] = {}
    for row in rows:
        together.setdefault(row.invoice, []).append(row)
    invoices, rejects = list[Invoice](), list[Reject]()
    for number, all_of_it in together.items():
        kind = kind_of(number, all_of_it)
        objections = [(row, objection(row, kind)) for row in all_of_it]
        rejects += [rejected(row, why) for row, why in objections if why]
        moved = tuple(row for row, why in objections if not why)
        if moved:
            invoices.append(Invoice(number=number, kind=kind, at=all_of_it[0].at, rows=moved))
    return invoices, rejects


def kind_of(number: str, rows: Iterable[Row]) -> Kind:
    if number.startswith("C"):
        return "return"
    return "issue" if any(row.customer or row.price for row in rows) else "adjustment"


def objection(row: Row, kind: Kind) -> str | None:
    """Why a row is not recorded; None when it is."""
    if not STOCK_CODE.fullmatch(row.code):
        return f"no stock: {NO_STOCK.get(row.code.upper().split('_')[0], 'no item has such a code')}"
    if row.quantity == 0:
        return "Quantity is zero"
    if kind == "return" and row.quantity > 0:
        return "a positive Quantity on a cancellation"
    if kind == "issue" and row.quantity < 0:
        return "a negative Quantity on a sale"
    return None


def rejected(row: Row, reason: str) -> Reject:
    return Reject(
        line=row.line,
        reason=reason,
        invoice=row.invoice,
        code=row.code,
        description=row.description,
        quantity=str(row.quantity),
    )
