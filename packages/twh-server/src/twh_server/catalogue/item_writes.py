"""How an item is kept: its row, its barcodes and its terms, and the news of what changed."""

from collections.abc import Sequence
from typing import Any

import msgspec

from twh_server.catalogue import barcodes, items
from twh_server.catalogue.attributes import same
from twh_server.catalogue.items import BARCODE_OWNERS, ItemRow
from twh_server.catalogue.refusals import BarcodeTaken
from twh_server.catalogue.terms import terms_of
from twh_server.database.engine import Row
from twh_server.journal.commands import Effects, Facts, Index, Write
from twh_server.journal.versions import news_of

Known = list[tuple[Index[Any, Any], Any, Any]]


def stored(item: ItemRow, kind: str, *, before: ItemRow | None, facts: Facts) -> Effects[ItemRow]:
    """The effects of a new or changed item. Raises BarcodeTaken."""
    labels = item.labels()
    known: Known = items.known(item)
    rows: list[tuple[Write, Row]] = [(STORE_ITEMS, _row(item))]
    if before is None or before.labels() != labels:
        known += _owned(item, labels, before, facts)
        if before is not None:
            rows.append((CLEAR_BARCODES, (item.id,)))
        rows.append((STORE_BARCODES, (item.id, msgspec.json.encode(labels).decode())))
    if before is None or not _found_alike(before, item):
        if before is not None:
            rows.append((CLEAR_TERMS, (item.id,)))
        terms = terms_of(item.name, item.tags, item.attributes)
        rows.append((STORE_TERMS, (item.id, msgspec.json.encode(terms).decode())))
    news = news_of(kind, item.shown(), subject=item.id, before=before.shown() if before else None)
    return Effects(result=item, rows=rows, news=[news], known=known)


def _found_alike(before: ItemRow, item: ItemRow) -> bool:
    return before.name == item.name and before.tags == item.tags and same(before.attributes, item.attributes)


def _owned(item: ItemRow, labels: Sequence[tuple[str, str | None]], before: ItemRow | None, facts: Facts) -> Known:
    """Who owns which barcode from now on. Raises BarcodeTaken for a new one that is another item's."""
    owners = facts.of(BARCODE_OWNERS)
    given_up = {barcodes.identity(barcode) for barcode, _ in before.labels()} if before else set[str]()
    known: Known = []
    for barcode, _ in labels:
        known_by = barcodes.identity(barcode)
        if known_by in given_up:
            given_up.discard(known_by)
            continue
        others = [owner for owner in owners.get(known_by, ()) if owner != item.id]
        if others:
            raise BarcodeTaken(barcode)
        known.append((BARCODE_OWNERS, known_by, (item.id,)))
    for known_by in given_up:
        left = tuple(owner for owner in owners.get(known_by, ()) if owner != item.id)
        known.append((BARCODE_OWNERS, known_by, left))
    return known


def _row(item: ItemRow) -> Row:
    return (
        item.id,
        item.sku,
        item.name,
        msgspec.json.encode(item.barcodes).decode(),
        msgspec.json.encode(item.packs).decode(),
        msgspec.json.encode(item.tags).decode(),
        item.unit,
        item.scale,
        item.reorder_point,
        msgspec.json.encode(item.attributes).decode(),
        item.archived_at,
        item.version,
        item.created_at,
        item.updated_at,
    )


# Lists of texts travel as JSON, since an array of arrays has rows of one length; `%(…)b`, since an array in text form
# would have each quotation mark of the JSON escaped, by Python, one by one.
STORE_ITEMS = Write(
    sql="""
insert into items (tenant_id, id, sku, name, barcodes, packs, tags, unit, scale, reorder_point, attributes, archived_at,
                   version, created_at, updated_at)
select %(tenant)s, id, sku, name, array(select jsonb_array_elements_text(barcodes::jsonb)), packs::jsonb,
       array(select jsonb_array_elements_text(tags::jsonb)), unit, scale, reorder_point, attributes::jsonb, archived_at,
       version, created_at, updated_at
from unnest(%(id)s::uuid[], %(sku)b::text[], %(name)b::text[], %(barcodes)b::text[], %(packs)b::text[],
            %(tags)b::text[], %(unit)b::text[], %(scale)s::smallint[], %(reorder_point)s::numeric[],
            %(attributes)b::text[], %(archived_at)s::timestamptz[], %(version)s::bigint[],
            %(created_at)s::timestamptz[], %(updated_at)s::timestamptz[])
     as stored (id, sku, name, barcodes, packs, tags, unit, scale, reorder_point, attributes, archived_at, version,
                created_at, updated_at)
on conflict (tenant_id, id) do update
set name = excluded.name, barcodes = excluded.barcodes, packs = excluded.packs, tags = excluded.tags,
    unit = excluded.unit, reorder_point = excluded.reorder_point, attributes = excluded.attributes,
    archived_at = excluded.archived_at, version = excluded.version, updated_at = excluded.updated_at
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
insert into item_barcodes (tenant_id, barcode, item_id, pack)
select %(tenant)s, label ->> 0, id, label ->> 1
from unnest(%(id)s::uuid[], %(labels)b::text[]) as stored (id, labels)
cross join lateral jsonb_array_elements(labels::jsonb) as label
""",
    columns=("id", "labels"),
    rank=3,
    key=1,
)

CLEAR_TERMS = Write(
    sql="""
delete from item_terms
where tenant_id = %(tenant)s and item_id = any (%(id)s::uuid[])
""",
    columns=("id",),
    rank=2,
)

STORE_TERMS = Write(
    sql="""
insert into item_terms (tenant_id, term, item_id)
select %(tenant)s, jsonb_array_elements_text(terms::jsonb), id
from unnest(%(id)s::uuid[], %(terms)b::text[]) as stored (id, terms)
""",
    columns=("id", "terms"),
    rank=3,
    key=1,
)
