"""The values of an item: what a caller may ask for, everything that is wrong with it, and how it is kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from twh_server.catalogue import barcodes, names
from twh_server.catalogue.attributes import ATTRIBUTES_BYTES_MAX, same
from twh_server.catalogue.items import ItemRow, Pack
from twh_server.catalogue.quantities import QUANTITY_LIMIT, decimals, parse, plain
from twh_server.database.identifiers import ITEM
from twh_server.refusals import Problem

BARCODES_MAX = 20
PACKS_MAX = 20
TAGS_MAX = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemValues:
    """All that can be said of an item besides its SKU; what is left out has its default."""

    name: str
    barcodes: Sequence[str] = ()
    packs: Sequence[Pack] = ()
    tags: Sequence[str] = ()
    unit: str = "each"
    scale: int | None = None
    """How many decimals its quantities may have: 0 in a new item; where the item exists, left out, it stays."""
    reorder_point: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def values(self) -> dict[str, Any]:
        """What a change may change: everything but the scale."""
        return {
            "name": self.name,
            "barcodes": self.barcodes,
            "packs": self.packs,
            "tags": self.tags,
            "unit": self.unit,
            "reorder_point": self.reorder_point,
            "attributes": self.attributes,
        }

    @property
    def labels(self) -> Iterator[str]:
        """All barcodes, those of its packs included."""
        return labels_in({"barcodes": self.barcodes, "packs": self.packs})


def labels_in(values: Mapping[str, Any]) -> Iterator[str]:
    """The barcodes among some values of an item."""
    yield from values.get("barcodes", ())
    yield from (pack.barcode for pack in values.get("packs", ()) if pack.barcode is not None)


def problems_of(values: Mapping[str, Any], scale: int, before: ItemRow | None = None) -> list[Problem]:
    """Everything that is wrong with some values of an item. Barcodes that it has already are not judged again."""
    problems: list[Problem] = []
    if values.get("reorder_point") is not None:
        problems += _of_reorder_point(values["reorder_point"], scale)
    if values.get("packs"):
        problems += _of_packs(values["packs"], scale)
    problems += _of_barcodes(values, before)
    if values.get("tags"):
        problems += _of_tags(values["tags"])
    if values.get("attributes") and len(msgspec.json.encode(values["attributes"])) > ATTRIBUTES_BYTES_MAX:
        message = f"Attributes take at most {ATTRIBUTES_BYTES_MAX} bytes of JSON."
        problems.append(Problem(pointer="/attributes", code="too_large", message=message))
    return problems


def kept(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values that were judged, as an item has them."""
    as_kept = dict(values)
    for name in ("barcodes", "tags"):
        if name in as_kept:
            as_kept[name] = list(as_kept[name])
    if "packs" in as_kept:
        as_kept["packs"] = [_pack(pack) for pack in as_kept["packs"]]
    if as_kept.get("reorder_point") is not None:
        as_kept["reorder_point"] = parse(as_kept["reorder_point"])
    return as_kept


def unchanged(one: ItemRow, other: ItemRow) -> bool:
    """Whether two items are the same to the last value."""
    return one == other and (not one.attributes or same(one.attributes, other.attributes))


def _pack(pack: Pack) -> Pack:
    return msgspec.structs.replace(pack, quantity=plain(Decimal(pack.quantity)))


def _of_reorder_point(text: str, scale: int) -> Iterator[Problem]:
    point = parse(text)
    if point is None or point < 0:
        message = "A reorder point is a plain decimal, zero or more."
        yield Problem(pointer="/reorder_point", code="invalid_quantity", message=message)
    elif decimals(point) > scale:
        yield _too_fine("/reorder_point", scale)


def _of_packs(packs: Sequence[Pack], scale: int) -> Iterator[Problem]:
    before: set[str] = set()
    for number, pack in enumerate(packs):
        fault = names.fault_of(pack.name) or ("stands twice" if pack.name in before else None)
        before.add(pack.name)
        if fault:
            yield Problem(pointer=f"/packs/{number}/name", code="invalid_name", message=f"A pack's name {fault}.")
        pointer, quantity = f"/packs/{number}/quantity", parse(pack.quantity)
        if quantity is None or not 0 < quantity < QUANTITY_LIMIT:
            message = "A pack holds a plain decimal above zero."
            yield Problem(pointer=pointer, code="invalid_quantity", message=message)
        elif decimals(quantity) > scale:
            yield _too_fine(pointer, scale)


def _of_barcodes(values: Mapping[str, Any], before: ItemRow | None) -> Iterator[Problem]:
    pointed = [(f"/barcodes/{number}", barcode) for number, barcode in enumerate(values.get("barcodes", ()))]
    pointed += [
        (f"/packs/{number}/barcode", pack.barcode)
        for number, pack in enumerate(values.get("packs", ()))
        if pack.barcode is not None
    ]
    known = {barcode for barcode, _ in before.labels()} if before else frozenset[str]()
    seen: set[str] = set()
    for pointer, barcode in pointed:
        known_by = barcodes.identity(barcode)
        fault = "stands twice" if known_by in seen else names.fault_of(barcode, ITEM)
        seen.add(known_by)
        if fault:
            yield Problem(pointer=pointer, code="invalid_barcode", message=f"A barcode {fault}.")
        elif barcode not in known and (right := barcodes.right_check_digit(barcode)):
            message = f"The last digit of {barcode} should be {right}: it is the check digit of the others."
            yield Problem(pointer=pointer, code="invalid_check_digit", message=message)


def _of_tags(tags: Sequence[str]) -> Iterator[Problem]:
    for number, tag in enumerate(tags):
        fault = names.fault_of(tag) or ("stands twice" if tag in tags[:number] else None)
        if fault:
            yield Problem(pointer=f"/tags/{number}", code="invalid_tag", message=f"A tag {fault}.")


def _too_fine(pointer: str, scale: int) -> Problem:
    message = f"The item's quantities have at most {scale} decimals."
    return Problem(pointer=pointer, code="too_many_decimals", message=message)
