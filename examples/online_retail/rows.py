"""The rows of the file, as they were typed: each becomes a Row, or a Reject that says why it cannot be read as one."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID")
DATE_FORM = "%m/%d/%Y %H:%M"
INVOICE = re.compile(r"C?[0-9]{6}")
WHOLE = re.compile(r"-?[0-9]{1,9}")
PRICE = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")


class UnusableFile(Exception):
    """The file cannot be read as a whole."""


class Unreadable(Exception):
    """One row cannot be read; the message is the reason."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of an invoice."""

    line: int
    """Where it stands in the file; the header is line 1."""
    invoice: str
    code: str
    description: str
    quantity: int
    """What was sold; negative when it came back or was written off."""
    at: datetime
    price: Decimal
    customer: str


@dataclass(frozen=True, kw_only=True)
class Reject:
    """A row that is not recorded, and why."""

    line: int
    reason: str
    invoice: str = ""
    code: str = ""
    description: str = ""
    quantity: str = ""


def read_rows(path: Path) -> Iterator[Row | Reject]:
    """Every row of the file in its order. Raises `UnusableFile` when there is no telling what a row is."""
    lines = csv.reader(io.StringIO(text_of(path), newline=""), strict=True)
    try:
        header = next(lines, list[str]())
        refuse_header(path, header)
        line = lines.line_num + 1
        for fields in lines:
            if fields:
                yield row_or_reject(line, header, fields)
            line = lines.line_num + 1
    except csv.Error as why:
        raise UnusableFile(f"{path}, line {lines.line_num}: this is no CSV any more ({why}).") from why


def text_of(path: Path) -> str:
    """The file as UTF-8, else as Latin-1, in which the original of this file is."""
    try:
        content = path.read_bytes()
    except OSError as why:
        raise UnusableFile(f"{path} cannot be read: {(why.strerror or str(why)).lower()}.") from why
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def refuse_header(path: Path, header: list[str]) -> None:
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise UnusableFile(f"{path} is no such file of invoices: it has no column {', '.join(missing)}.")


def row_or_reject(line: int, header: list[str], fields: list[str]) -> Row | Reject:
    typed = {name: field.strip() for name, field in zip(header, fields, strict=False)}
    try:
        if len(fields) != len(header):
            raise Unreadable(f"has {len(fields)} fields instead of {len(header)}")
        return read_row(line, typed)
    except Unreadable as why:
        return Reject(
            line=line,
            reason=str(why),
            invoice=typed.get("InvoiceNo", ""),
            code=typed.get("StockCode", ""),
            description=typed.get("Description", ""),
            quantity=typed.get("Quantity", ""),
        )


def read_row(line: int, typed: dict[str, str]) -> Row:
    return Row(
        line=line,
        invoice=matching(INVOICE, typed, "InvoiceNo"),
        code=given(typed, "StockCode"),
        description=" ".join(typed["Description"].split()),
        quantity=int(matching(WHOLE, typed, "Quantity")),
        at=moment(given(typed, "InvoiceDate")),
        price=Decimal(matching(PRICE, typed, "UnitPrice")),
        customer=typed["CustomerID"],
    )


def given(typed: dict[str, str], column: str) -> str:
    if not typed[column]:
        raise Unreadable(f"{column} is missing")
    return typed[column]


def matching(form: re.Pattern[str], typed: dict[str, str], column: str) -> str:
    value = given(typed, column)
    if not form.fullmatch(value):
        raise Unreadable(f"{column} is impossible: {value}")
    return value


def moment(typed: str) -> datetime:
    """Month, day, year, as they are typed in the US. The file names no zone: it is taken as UTC."""
    try:
        at = datetime.strptime(typed, DATE_FORM).replace(tzinfo=UTC)
    except ValueError:
        raise Unreadable(f"InvoiceDate is impossible: {typed}") from None
    if at > datetime.now(UTC):
        raise Unreadable(f"InvoiceDate lies in the future: {typed}")
    return at
