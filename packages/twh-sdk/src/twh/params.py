"""What callers pass in: names or models for things, lines of an entry, references; checked here and written for the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NotRequired, Protocol, TypedDict

from twh.wire import NotGiven, Quantity, quantity


class AnItem(Protocol):
    """`Item`, `ItemRef`: whatever has a SKU."""

    @property
    def id(self) -> str: ...
    @property
    def sku(self) -> str: ...


class ALocation(Protocol):
    """`Location`, `LocationRef`: whatever has a code."""

    @property
    def id(self) -> str: ...
    @property
    def code(self) -> str: ...


class AnId(Protocol):
    """A model with an id."""

    @property
    def id(self) -> str: ...


class AReference(Protocol):
    @property
    def type(self) -> str: ...
    @property
    def id(self) -> str: ...


class ReferenceParts(TypedDict):
    """What the entry belongs to, in your own system."""

    type: str
    id: str


class Expected(TypedDict, total=False):
    """What the level must be for the line to be accepted: one of these."""

    on_hand: Quantity
    version: int


ItemArg = str | AnItem
LocationArg = str | ALocation
ReferenceArg = str | ReferenceParts | AReference


class Line(TypedDict):
    """One line of an entry."""

    item: ItemArg
    location: LocationArg
    quantity: Quantity
    pack: NotRequired[str]
    expected: NotRequired[Expected]


class TransferLine(TypedDict):
    """One line of a transfer; `expected` is about the source."""

    item: ItemArg
    source: LocationArg
    target: LocationArg
    quantity: Quantity
    pack: NotRequired[str]
    expected: NotRequired[Expected]


EntryKind = Literal["receipt", "issue", "return", "adjustment", "transfer", "count"]


class NewEntry(TypedDict):
    """An entry as `movements.batch` and `movements.record_many` take it, with the key under which it is recorded once."""

    kind: EntryKind
    lines: Iterable[Line | TransferLine]
    reason: NotRequired[str]
    reference: NotRequired[ReferenceArg]
    occurred_at: NotRequired[datetime | str]
    force: NotRequired[bool]
    record_unchanged: NotRequired[bool]
    idempotency_key: NotRequired[str]


class APack(Protocol):
    """`Pack`."""

    @property
    def name(self) -> str: ...
    @property
    def quantity(self) -> Decimal: ...
    @property
    def barcode(self) -> str | None: ...


class PackParts(TypedDict):
    """So many of an item that are handled as one: `{"name": "case", "quantity": 12}`."""

    name: str
    quantity: Quantity
    barcode: NotRequired[str | None]


PackArg = PackParts | APack


class NewItem(TypedDict):
    """An item as it is to be; what is left out has its default."""

    sku: str
    name: str
    barcodes: NotRequired[Sequence[str]]
    packs: NotRequired[Sequence[PackArg]]
    tags: NotRequired[Sequence[str]]
    unit: NotRequired[str]
    scale: NotRequired[int]
    reorder_point: NotRequired[Quantity | None]
    attributes: NotRequired[Mapping[str, object]]
    if_match: NotRequired[str]


def named(thing: str | AnId) -> str:
    """An id, a SKU, a code: text stays, a model gives its id."""
    name = thing if isinstance(thing, str) else getattr(thing, "id", None)
    if not isinstance(name, str):
        raise TypeError(f"a name is text or a model with an id, not {type(thing).__name__}")
    return name


def named_or_none(thing: str | AnId | None) -> str | None:
    return None if thing is None else named(thing)


def written_lines(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, object]]:
    if isinstance(lines, Mapping):
        raise TypeError("lines takes a list of lines, and this is one line")
    return [written_line(line, where=f"lines[{number}].") for number, line in enumerate(lines)]


def written_line(line: Mapping[str, Any], where: str = "") -> dict[str, object]:
    """A line for the wire; what the SDK does not know in it is left to the server's judgement."""
    written: dict[str, object] = {**line, "quantity": quantity(line["quantity"], f"{where}quantity")}
    for place in ("item", "location", "source", "target"):
        if place in line:
            written[place] = named(line[place])
    if "expected" in line:
        written["expected"] = written_expected(line["expected"], where)
    return written


def written_expected(expected: Mapping[str, Any], where: str = "") -> dict[str, object]:
    written: dict[str, object] = {**expected}
    if "on_hand" in expected:
        written["on_hand"] = quantity(expected["on_hand"], f"{where}expected.on_hand")
    return written


def written_packs(packs: Iterable[PackArg] | NotGiven) -> list[dict[str, object]] | NotGiven:
    return packs if isinstance(packs, NotGiven) else [written_pack(pack, place) for place, pack in enumerate(packs)]


def written_pack(pack: PackArg, place: int) -> dict[str, object]:
    parts: dict[str, Any] = (
        {**pack}
        if isinstance(pack, Mapping)
        else {"name": pack.name, "quantity": pack.quantity, "barcode": pack.barcode}
    )
    return {**parts, "quantity": quantity(parts["quantity"], f"packs[{place}].quantity")}


def written_item(item: NewItem) -> dict[str, object]:
    """An item for the wire; what the SDK does not know in it is left to the server's judgement."""
    written: dict[str, Any] = {**item}
    if written.get("reorder_point") is not None:
        written["reorder_point"] = quantity(written["reorder_point"], "reorder_point")
    if "packs" in written:
        written["packs"] = written_packs(written["packs"])
    return written


def written_reference(reference: ReferenceArg | NotGiven) -> object:
    """A plain text is a reference of type `reference`."""
    match reference:
        case NotGiven():
            return reference
        case str():
            return {"type": "reference", "id": reference}
        case Mapping():
            return dict(reference)
        case _:
            return {"type": reference.type, "id": reference.id}
