"""Exporting a tenant: everything that is its own, as it was at one moment, a line of JSON for each row.

The first line says whose it is and how far it goes, the last how many rows there were and the hash of all lines before it.
Events have the exact bytes that their blocks seal, so that a copy can be proved without this server. What is secret (digests and sealed secrets), what
follows from the rest (terms) and what only keeps things going (queues, cursors, deliveries, kept answers) stays here.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec

from twh_server.access import tenants
from twh_server.access.tenants import tenant_of
from twh_server.database.engine import Connection, Database, Row
from twh_server.database.identifiers import ENDPOINT, ENTRY, EVENT, ITEM, KEY, LOCATION, MOVEMENT, Kind, TenantId
from twh_server.database.select import walk

FORMAT: Final = "twh-export"
FORMAT_VERSION: Final = 1


@dataclass(frozen=True, kw_only=True)
class Part:
    """What is exported of one table: these columns, in this order, with ids as everybody else sees them."""

    name: str
    table: str
    columns: str
    order: str = "id"
    ids: Mapping[str, Kind[Any]] = field(default_factory=dict[str, Kind[Any]])

    @property
    def sql(self) -> str:
        """The select that reads it."""
        return f"select {self.columns}\nfrom {self.table}\nwhere tenant_id = %(tenant)s\norder by {self.order}\n"


PARTS: Final = (
    Part(name="settings", table="tenant_settings", columns="chosen, version, updated_at", order="tenant_id"),
    Part(
        name="keys",
        table="api_keys",
        columns="id, name, role, scopes, successor, created_at, expires_at, revoked_at, last_used_at, version",
        ids={"id": KEY, "successor": KEY},
    ),
    Part(
        name="locations",
        table="locations",
        columns="id, code, name, kind, parent_id, sellable, archived_at, version, created_at, updated_at",
        ids={"id": LOCATION, "parent_id": LOCATION},
    ),
    Part(
        name="items",
        table="items",
        columns="id, sku, name, barcodes, packs, unit, scale, reorder_point, tags, attributes, archived_at, version,"
        " created_at, updated_at",
        ids={"id": ITEM},
    ),
    Part(
        name="barcodes",
        table="item_barcodes",
        columns="barcode, item_id, pack",
        order="barcode",
        ids={"item_id": ITEM},
    ),
    Part(
        name="endpoints",
        table="webhook_endpoints",
        columns="id, url, kinds, items, locations, attributes, description, payload, form, ordering, rate_per_second,"
        " concurrency, enabled, disabled_because, since_sequence, version, created_at, updated_at, deleted_at",
        ids={"id": ENDPOINT, "items": ITEM, "locations": LOCATION},
    ),
    Part(
        name="events",
        table="events",
        columns="sequence, id, kind, recorded_at, body",
        order="sequence",
        ids={"id": EVENT},
    ),
    Part(
        name="blocks",
        table="blocks",
        columns="first_sequence, last_sequence, previous_hash, hash, recorded_at",
        order="first_sequence",
    ),
    Part(
        name="entries",
        table="entries",
        columns="id, sequence, kind, reason, reference_type, reference_id, forced, actor_key, actor_name, reverses,"
        " occurred_at, recorded_at",
        ids={"id": ENTRY, "actor_key": KEY, "reverses": ENTRY},
    ),
    Part(
        name="movements",
        table="stock_movements",
        columns="id, entry_id, line, kind, item_id, location_id, lot, quantity, on_hand_after, reserved_after,"
        " version_after, occurred_at, recorded_at, late, counted_in",
        ids={"id": MOVEMENT, "entry_id": ENTRY, "item_id": ITEM, "location_id": LOCATION, "counted_in": MOVEMENT},
    ),
    Part(
        name="levels",
        table="stock_levels",
        columns="item_id, location_id, lot, on_hand, reserved, version, counted_at, last_occurred_at, updated_at",
        order="item_id, location_id, lot",
        ids={"item_id": ITEM, "location_id": LOCATION},
    ),
)


async def export(database: Database, tenant: TenantId) -> AsyncIterator[bytes]:
    """The lines of an export, each with its newline, all of one moment."""
    async with database.snapshot(tenant) as connection:
        header = await _header(connection, tenant)
        yield header
        rows, written = 0, hashlib.sha256(header)
        for part in PARTS:
            columns = part.columns.split(", ")
            async with walk(connection, part.sql, {"tenant": tenant}) as found:
                async for row in found:
                    rows += 1
                    line = _line({"part": part.name, "row": _shown(part, columns, row)})
                    written.update(line)
                    yield line
        yield _line({"part": "end", "rows": rows, "sha256": written.hexdigest()})


async def _header(connection: Connection, tenant: TenantId) -> bytes:
    row = await (await connection.execute(WHOSE, {"tenant": tenant})).fetchone()
    assert row is not None
    *whose, sequence, events_from, digest, revision = row
    return _line(
        {
            "part": "header",
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "revision": revision,
            "tenant": tenant_of(tuple(whose)),
            "last_sequence": sequence,
            "events_from": events_from,
            "digest": digest.hex(),
            "exported_at": datetime.now(UTC),
        }
    )


def _shown(part: Part, columns: list[str], row: Row) -> dict[str, Any]:
    return {
        name: _id(part.ids[name], value) if name in part.ids and value is not None else _plain(value)
        for name, value in zip(columns, row, strict=True)
    }


def _id(kind: Kind[Any], value: UUID | list[UUID]) -> str | list[str]:
    return [kind.text(one) for one in value] if isinstance(value, list) else kind.text(value)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.hex() if isinstance(value, bytes) else value


def _line(value: Mapping[str, object]) -> bytes:
    return msgspec.json.encode(value) + b"\n"


WHOSE = f"""
select {", ".join(f"t.{column}" for column in tenants.COLUMNS.split(", "))}, h.sequence, h.events_from, h.hash,
       (select version_num from alembic_version)
from tenants as t
join ledger_heads as h on h.tenant_id = t.id
where t.id = %(tenant)s
"""
