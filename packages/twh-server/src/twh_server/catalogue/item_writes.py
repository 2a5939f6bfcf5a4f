"""How an item is kept: its row, its barcodes and its terms, and the news of what changed."""

from collections.abc import Sequence
from typing import Any

import msgspec

from twh_server.catalogue import barcodes, items
from twh_server.catalogue.attributes import same
from twh_server.catalogue.items import BARCODE_OWNERS, ItemRow
from twh_server.catalogue.refusals import BarcodeTaken
from twh_server.catalogue.terms import terms_of
from twh_server.database.identifiers import ItemId
from twh_server.journal.commands import Effects, Facts, Index, Write
from twh_server.journal.versions import news_of

Known = list[tuple[Index[Any, Any], Any, Any]]


def stored(item: ItemRow, kind: str, *, before: ItemRow | None, facts: Facts) -> Effects[ItemRow]:
    """The effects of a new or changed item. Raises BarcodeTaken."""
    labels = item.labels()
    known: Known = items.known(item)
    rows: list[tuple[Write, msgspec.Struct]] = [(STORE_ITEMS, item)]
    if before is None or before.labels() != labels:
        known += _owned(item, labels, before, facts)
        if before is not None:
            rows.append((CLEAR_BARCODES, item))
        rows.append((STORE_BARCODES, _Labels(id=item.id, labels=labels)))
    if before is None or not _found_alike(before, item):
        terms = _Terms(id=item.id, terms=terms_of(item.name, item.tags, item.attributes))
        if before is not None:
            rows.append((CLEAR_TERMS, terms))
        rows.append((STORE_TERMS, terms))
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


class _Labels(msgspec.Struct):
    id: ItemId
    labels: list[tuple[str, str | None]]


class _Terms(msgspec.Struct):
    id: ItemId
    terms: Sequence[str]


STORE_ITEMS = Write(
    sql="""
insert into items (tenant_id, id, sku, name, barcodes, packs, tags, unit, scale, reorder_point, attributes, archived_at,
                   version, created_at, updated_at)
select %(tenant)s, id, sku, name, barcodes, packs, tags, unit, scale, reorder_point, attributes, archived_at, version,
       created_at, updated_at
from json_to_recordset(%(rows)s::json)
     as stored (id uuid, sku text, name text, barcodes text[], packs jsonb, tags text[], unit text, scale smallint,
                reorder_point numeric, attributes jsonb, archived_at timestamptz, version bigint, created_at timestamptz,
                updated_at timestamptz)
on conflict (tenant_id, id) do update
set name = excluded.name, barcodes = excluded.barcodes, packs = excluded.packs, tags = excluded.tags,
    unit = excluded.unit, reorder_point = excluded.reorder_point, attributes = excluded.attributes,
    archived_at = excluded.archived_at, version = excluded.version, updated_at = excluded.updated_at
""",
    rank=1,
    key=("id",),
)

CLEAR_BARCODES = Write(
    sql="""
delete from item_barcodes
where tenant_id = %(tenant)s and item_id = any (array(select id from json_to_recordset(%(rows)s::json) as cleared (id uuid)))
""",
    rank=2,
)

STORE_BARCODES = Write(
    sql="""
insert into item_barcodes (tenant_id, barcode, item_id, pack)
select %(tenant)s, label ->> 0, id, label ->> 1
from json_to_recordset(%(rows)s::json) as stored (id uuid, labels json)
cross join lateral json_array_elements(labels) as label
""",
    rank=3,
    key=("id",),
)

# Most of its terms an item keeps when it changes: to write only what differs is several times quicker.
CLEAR_TERMS = Write(
    sql="""
delete from item_terms as t
where tenant_id = %(tenant)s
  and item_id = any (array(select id from json_to_recordset(%(rows)s::json) as changed (id uuid)))
  and not exists (
    select
    from json_to_recordset(%(rows)s::json) as kept (id uuid, terms text[])
    where kept.id = t.item_id and t.term = any (kept.terms)
  )
""",
    rank=2,
    key=("id",),
)

STORE_TERMS = Write(
    sql="""
insert into item_terms (tenant_id, term, item_id)
select %(tenant)s, term, stored.id
from json_to_recordset(%(rows)s::json) as stored (id uuid, terms text[])
cross join unnest(terms) as term
where not exists (
    select
    from item_terms as t
    where t.tenant_id = %(tenant)s and t.item_id = stored.id and t.term = term.term
    offset 0
)
""",
    rank=3,
    key=("id",),
)
