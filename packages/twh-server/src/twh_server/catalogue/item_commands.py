"""What can be done to items: create, update, archive."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import msgspec

from twh_server.catalogue import items, names
from twh_server.catalogue.items import BARCODE_OWNER, STOCKED_ITEM, ItemRow
from twh_server.catalogue.quantities import decimals, parse
from twh_server.catalogue.refusals import (
    BarcodeTaken,
    InvalidItem,
    ItemArchived,
    ItemHasStock,
    ItemNotFound,
    SkuTaken,
)
from twh_server.database.engine import Row
from twh_server.database.identifiers import ITEM, ItemId
from twh_server.events.kinds import News
from twh_server.journal.commands import Effects, Facts, Index, Moment, Read, Write
from twh_server.journal.versions import require
from twh_server.refusals import Problem

ATTRIBUTES_BYTES_MAX = 16_384


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateItem:
    """Create an item under a SKU that nobody ever used."""

    sku: str
    name: str
    barcodes: Sequence[str] = ()
    unit: str = "each"
    scale: int = 0
    reorder_point: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The SKU's and the barcodes' owners."""
        yield items.ITEMS, (None, self.sku)
        for barcode in self.barcodes:
            yield items.BARCODES, (barcode,)

    def decide(self, facts: Facts, moment: Moment) -> Effects[ItemRow]:
        """The new item. Raises SkuTaken, BarcodeTaken or InvalidItem."""
        problems = _problems(self.scale, self.reorder_point, self.barcodes, self.attributes)
        if fault := names.fault_of(self.sku, ITEM):
            problems.append(Problem(pointer="/sku", code="invalid_name", message=f"A SKU {fault}."))
        if problems:
            raise InvalidItem(problems)
        if self.sku in facts.of(items.ITEM_BY_SKU):
            raise SkuTaken(self.sku)
        item = ItemRow(
            id=ItemId(moment.mint()),
            sku=self.sku,
            name=self.name,
            barcodes=list(self.barcodes),
            unit=self.unit,
            scale=self.scale,
            reorder_point=_reorder_point(self.reorder_point),
            attributes=self.attributes,
            archived_at=None,
            version=1,
            created_at=moment.recorded_at,
            updated_at=moment.recorded_at,
        )
        return _stored(item, "item.created", before=(), facts=facts)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateItem:
    """Change some values of an item; what is not named stays."""

    item: str
    changes: Mapping[str, Any]
    """Any of name, barcodes, unit, reorder_point (text or None) and attributes."""
    if_match: Sequence[str] | None = None
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The item, and the owners of its new barcodes."""
        yield items.asked(self.item)
        for barcode in self.changes.get("barcodes", ()):
            yield items.BARCODES, (barcode,)

    def decide(self, facts: Facts, moment: Moment) -> Effects[ItemRow]:
        """The changed item. Raises ItemNotFound, StaleVersion, ItemArchived, InvalidItem or BarcodeTaken."""
        item = _current(facts, self.item, self.if_match)
        if item.archived_at:
            raise ItemArchived(item.sku)
        changes = dict(self.changes)
        problems = _problems(
            item.scale, changes.get("reorder_point"), changes.get("barcodes", ()), changes.get("attributes", {})
        )
        if problems:
            raise InvalidItem(problems)
        if "reorder_point" in changes:
            changes["reorder_point"] = _reorder_point(changes["reorder_point"])
        changed = msgspec.structs.replace(item, **changes)
        if changed == item:
            return Effects(result=item)
        changed = msgspec.structs.replace(changed, version=item.version + 1, updated_at=moment.recorded_at)
        return _stored(changed, "item.updated", before=item.barcodes, facts=facts)


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveItem:
    """Retire an item that has no stock left. Its history and its SKU stay."""

    item: str
    if_match: Sequence[str] | None = None
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The item, and whether it has stock."""
        yield items.asked(self.item)
        yield items.STOCKED_ITEMS, names.reference(self.item, ITEM)

    def decide(self, facts: Facts, moment: Moment) -> Effects[ItemRow]:
        """The archived item; archiving it again changes nothing. Raises ItemNotFound, StaleVersion or ItemHasStock."""
        item = _current(facts, self.item, self.if_match)
        if item.archived_at:
            return Effects(result=item)
        if facts.of(STOCKED_ITEM).get(item.id):
            raise ItemHasStock(item.sku)
        archived = msgspec.structs.replace(
            item, archived_at=moment.recorded_at, version=item.version + 1, updated_at=moment.recorded_at
        )
        return _stored(archived, "item.archived", before=item.barcodes, facts=facts)


def _current(facts: Facts, text: str, if_match: Sequence[str] | None) -> ItemRow:
    item = items.find(facts, text)
    if item is None:
        raise ItemNotFound(text)
    require(if_match, tag=item.etag, version=item.version)
    return item


def _stored(item: ItemRow, kind: str, *, before: Sequence[str], facts: Facts) -> Effects[ItemRow]:
    owners = facts.of(BARCODE_OWNER)
    for barcode in item.barcodes:
        if owners.get(barcode) not in (None, item.id):
            raise BarcodeTaken(barcode)
    barcodes = msgspec.json.encode(item.barcodes).decode()
    row = (
        item.id,
        item.sku,
        item.name,
        barcodes,
        item.unit,
        item.scale,
        item.reorder_point,
        msgspec.json.encode(item.attributes).decode(),
        item.archived_at,
        item.version,
        item.created_at,
        item.updated_at,
    )
    rows: list[tuple[Write, Row]] = [(STORE_ITEMS, row)]
    if list(before) != item.barcodes:
        rows += [(CLEAR_BARCODES, (item.id,)), (STORE_BARCODES, (item.id, barcodes))]
    ownership: list[tuple[Index[Any, Any], Any, Any]] = [(BARCODE_OWNER, barcode, None) for barcode in before]
    ownership += [(BARCODE_OWNER, barcode, item.id) for barcode in item.barcodes]
    news = News(kind=kind, data=msgspec.json.encode(item.shown()))
    return Effects(result=item, rows=rows, news=[news], known=[*items.known(item), *ownership])


def _reorder_point(text: str | None) -> Decimal | None:
    return None if text is None else parse(text)


def _problems(
    scale: int, reorder_point: str | None, barcodes: Sequence[str], attributes: Mapping[str, Any]
) -> list[Problem]:
    problems: list[Problem] = []
    if reorder_point is not None:
        point = parse(reorder_point)
        if point is None or point < 0:
            message = "A reorder point is a plain decimal, zero or more."
            problems.append(Problem(pointer="/reorder_point", code="invalid_quantity", message=message))
        elif decimals(point) > scale:
            message = f"The item's quantities have at most {scale} decimals."
            problems.append(Problem(pointer="/reorder_point", code="too_many_decimals", message=message))
    for number, barcode in enumerate(barcodes):
        fault = names.fault_of(barcode, ITEM) or ("stands twice" if barcode in barcodes[:number] else None)
        if fault:
            problems.append(
                Problem(pointer=f"/barcodes/{number}", code="invalid_barcode", message=f"A barcode {fault}.")
            )
    if len(msgspec.json.encode(attributes)) > ATTRIBUTES_BYTES_MAX:
        message = f"Attributes take at most {ATTRIBUTES_BYTES_MAX} bytes of JSON."
        problems.append(Problem(pointer="/attributes", code="too_large", message=message))
    return problems


STORE_ITEMS = Write(
    sql="""
insert into items (tenant_id, id, sku, name, barcodes, unit, scale, reorder_point, attributes, archived_at, version,
                   created_at, updated_at)
select %(tenant)s, id, sku, name, array(select jsonb_array_elements_text(barcodes::jsonb)), unit, scale, reorder_point,
       attributes::jsonb, archived_at, version, created_at, updated_at
from unnest(%(id)s::uuid[], %(sku)s::text[], %(name)s::text[], %(barcodes)s::text[], %(unit)s::text[],
            %(scale)s::smallint[], %(reorder_point)s::numeric[], %(attributes)s::text[], %(archived_at)s::timestamptz[],
            %(version)s::bigint[], %(created_at)s::timestamptz[], %(updated_at)s::timestamptz[])
     as stored (id, sku, name, barcodes, unit, scale, reorder_point, attributes, archived_at, version, created_at,
                updated_at)
on conflict (tenant_id, id) do update
set name = excluded.name, barcodes = excluded.barcodes, unit = excluded.unit, reorder_point = excluded.reorder_point,
    attributes = excluded.attributes, archived_at = excluded.archived_at, version = excluded.version,
    updated_at = excluded.updated_at
""",
    columns=tuple(items.COLUMNS.split(", ")),
    rank=1,
    key=1,
)

CLEAR_BARCODES = Write(
    sql="""
delete from item_barcodes
where tenant_id = %(tenant)s and item_id = any (%(id)s::uuid[])
""",
    columns=("id",),
    rank=2,
)

STORE_BARCODES = Write(
    sql="""
insert into item_barcodes (tenant_id, barcode, item_id)
select %(tenant)s, jsonb_array_elements_text(barcodes::jsonb), id
from unnest(%(id)s::uuid[], %(barcodes)s::text[]) as stored (id, barcodes)
""",
    columns=("id", "barcodes"),
    rank=3,
    key=1,
)
