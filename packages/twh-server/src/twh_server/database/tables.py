"""The tables. `tenant_id` leads every key of tenant data; the migrations create them, this file lets code name them."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

metadata = sa.MetaData()

QUANTITY = sa.Numeric(24, 9)
TIME = sa.TIMESTAMP(timezone=True)


def _column(name: str, kind: sa.types.TypeEngine[Any], *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null)


def _tenant() -> sa.Column[Any]:
    return sa.Column("tenant_id", sa.Uuid, primary_key=True)


def _id(name: str = "id", kind: sa.types.TypeEngine[Any] | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind or sa.Uuid(), primary_key=True)


tenants = sa.Table(
    "tenants",
    metadata,
    _id(),
    _column("name", sa.Text()),
    _column("kind", sa.Text()),
    _column("created_at", TIME),
    _column("state", sa.Text()),
    _column("state_changed_at", TIME, null=True),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    _tenant(),
    _id(),
    _column("name", sa.Text()),
    _column("digest", sa.LargeBinary()),
    _column("scopes", pg.ARRAY(sa.Text)),
    _column("created_at", TIME),
    _column("expires_at", TIME, null=True),
    _column("revoked_at", TIME, null=True),
    _column("role", sa.Text(), null=True),
    _column("last_used_at", TIME, null=True),
    _column("successor", sa.Uuid(), null=True),
    _column("version", sa.BigInteger()),
)

tenant_settings = sa.Table(
    "tenant_settings",
    metadata,
    _tenant(),
    _column("chosen", pg.JSONB()),
    _column("version", sa.BigInteger()),
    _column("updated_at", TIME),
)

ledger_heads = sa.Table(
    "ledger_heads",
    metadata,
    _tenant(),
    _column("sequence", sa.BigInteger()),
    _column("recorded_at", TIME),
    _column("last_id", sa.Uuid(), null=True),
    _column("hash", sa.LargeBinary()),
    _column("events_from", sa.BigInteger()),
)

items = sa.Table(
    "items",
    metadata,
    _tenant(),
    _id(),
    _column("sku", sa.Text()),
    _column("name", sa.Text()),
    _column("barcodes", pg.ARRAY(sa.Text)),
    _column("unit", sa.Text()),
    _column("scale", sa.SmallInteger()),
    _column("reorder_point", QUANTITY, null=True),
    _column("attributes", pg.JSONB()),
    _column("archived_at", TIME, null=True),
    _column("version", sa.BigInteger()),
    _column("created_at", TIME),
    _column("updated_at", TIME),
    _column("packs", pg.JSONB()),
    _column("tags", pg.ARRAY(sa.Text)),
)

item_barcodes = sa.Table(
    "item_barcodes",
    metadata,
    _tenant(),
    _id("barcode", sa.Text()),
    _column("item_id", sa.Uuid()),
    _column("pack", sa.Text(), null=True),
    _column("gtin", sa.Text(), null=True),
)

item_terms = sa.Table(
    "item_terms",
    metadata,
    _tenant(),
    _id("term", sa.Text(collation="C")),
    _id("item_id"),
)

locations = sa.Table(
    "locations",
    metadata,
    _tenant(),
    _id(),
    _column("code", sa.Text()),
    _column("name", sa.Text()),
    _column("kind", sa.Text()),
    _column("archived_at", TIME, null=True),
    _column("version", sa.BigInteger()),
    _column("created_at", TIME),
    _column("updated_at", TIME),
    _column("parent_id", sa.Uuid(), null=True),
    _column("sellable", sa.Boolean()),
)

stock_levels = sa.Table(
    "stock_levels",
    metadata,
    _tenant(),
    _id("item_id"),
    _id("location_id"),
    _id("lot", sa.Text()),
    _column("on_hand", QUANTITY),
    _column("reserved", QUANTITY),
    _column("version", sa.BigInteger()),
    _column("counted_at", TIME, null=True),
    _column("last_occurred_at", TIME),
    _column("updated_at", TIME),
)

entries = sa.Table(
    "entries",
    metadata,
    _tenant(),
    _id(),
    _column("sequence", sa.BigInteger()),
    _column("kind", sa.Text()),
    _column("reason", sa.Text(), null=True),
    _column("reference_type", sa.Text(), null=True),
    _column("reference_id", sa.Text(), null=True),
    _column("forced", sa.Boolean()),
    _column("actor_key", sa.Uuid()),
    _column("actor_name", sa.Text()),
    _column("reverses", sa.Uuid(), null=True),
    _column("occurred_at", TIME),
    _column("recorded_at", TIME),
)

stock_movements = sa.Table(
    "stock_movements",
    metadata,
    _tenant(),
    _id(),
    _column("entry_id", sa.Uuid()),
    _column("line", sa.Integer()),
    _column("kind", sa.Text()),
    _column("item_id", sa.Uuid()),
    _column("location_id", sa.Uuid()),
    _column("lot", sa.Text()),
    _column("quantity", QUANTITY),
    _column("on_hand_after", QUANTITY),
    _column("reserved_after", QUANTITY),
    _column("version_after", sa.BigInteger()),
    _column("occurred_at", TIME),
    _column("recorded_at", TIME),
    _column("late", sa.Boolean()),
    _column("counted_in", sa.Uuid(), null=True),
)

events = sa.Table(
    "events",
    metadata,
    _tenant(),
    _id("sequence", sa.BigInteger()),
    _column("id", sa.Uuid()),
    _column("kind", sa.Text()),
    _column("body", sa.Text()),
    _column("recorded_at", TIME),
    _column("actor_key", sa.Uuid(), null=True),
    _column("subject", sa.Uuid(), null=True),
)

blocks = sa.Table(
    "blocks",
    metadata,
    _tenant(),
    _id("first_sequence", sa.BigInteger()),
    _column("last_sequence", sa.BigInteger()),
    _column("previous_hash", sa.LargeBinary()),
    _column("hash", sa.LargeBinary()),
    _column("recorded_at", TIME),
)

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    _tenant(),
    _id("key", sa.Text()),
    _column("digest", sa.LargeBinary()),
    _column("status", sa.SmallInteger()),
    _column("headers", sa.Text()),
    _column("body", sa.Text(), null=True),
    _column("sequence", sa.BigInteger(), null=True),
    _column("recorded_at", TIME),
)

cursors = sa.Table(
    "cursors",
    metadata,
    _tenant(),
    _id("follower", sa.Text()),
    _column("sequence", sa.BigInteger()),
    _column("updated_at", TIME),
)

webhook_endpoints = sa.Table(
    "webhook_endpoints",
    metadata,
    _tenant(),
    _id(),
    _column("url", sa.Text()),
    _column("kinds", pg.ARRAY(sa.Text)),
    _column("description", sa.Text()),
    _column("sealed_secret", sa.LargeBinary()),
    _column("enabled", sa.Boolean()),
    _column("since_sequence", sa.BigInteger()),
    _column("version", sa.BigInteger()),
    _column("created_at", TIME),
    _column("updated_at", TIME),
    _column("deleted_at", TIME, null=True),
    _column("sealed_previous", sa.LargeBinary(), null=True),
    _column("previous_until", TIME, null=True),
    _column("items", pg.ARRAY(sa.Uuid)),
    _column("locations", pg.ARRAY(sa.Uuid)),
    _column("attributes", pg.JSONB()),
    _column("payload", sa.Text()),
    _column("form", sa.Text()),
    _column("ordering", sa.Text()),
    _column("rate_per_second", sa.Integer(), null=True),
    _column("concurrency", sa.Integer(), null=True),
    _column("disabled_because", sa.Text(), null=True),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    _tenant(),
    _id(),
    _column("endpoint_id", sa.Uuid()),
    _column("sequence", sa.BigInteger()),
    _column("event_id", sa.Uuid()),
    _column("event_kind", sa.Text()),
    _column("state", sa.Text()),
    _column("attempts", sa.Integer()),
    _column("next_attempt_at", TIME, null=True),
    _column("fence", sa.Uuid(), null=True),
    _column("delivered_at", TIME, null=True),
    _column("created_at", TIME),
    _column("tries", sa.Integer()),
    _column("lanes", pg.ARRAY(sa.Uuid)),
    _column("replay_id", sa.Uuid(), null=True),
)

endpoint_queues = sa.Table(
    "endpoint_queues",
    metadata,
    _tenant(),
    _id("endpoint_id"),
    _column("due_at", TIME, null=True),
    _column("proven", sa.Boolean()),
    _column("prompt", sa.Boolean()),
    _column("failing_since", TIME, null=True),
    _column("warned_at", TIME, null=True),
    _column("held_until", TIME, null=True),
    _column("tokens", sa.Double()),
    _column("filled_at", TIME, null=True),
)

delivery_attempts = sa.Table(
    "delivery_attempts",
    metadata,
    _tenant(),
    _id("delivery_id"),
    _id("number", sa.Integer()),
    _column("at", TIME),
    _column("status", sa.SmallInteger(), null=True),
    _column("error", sa.Text(), null=True),
    _column("milliseconds", sa.Integer()),
    _column("response", sa.Text(), null=True),
)

replays = sa.Table(
    "replays",
    metadata,
    _tenant(),
    _id(),
    _column("endpoint_id", sa.Uuid(), null=True),
    _column("which", sa.Text()),
    _column("kinds", pg.ARRAY(sa.Text)),
    _column("deliveries", pg.ARRAY(sa.Uuid), null=True),
    _column("first_sequence", sa.BigInteger()),
    _column("last_sequence", sa.BigInteger()),
    _column("rate_per_second", sa.Integer(), null=True),
    _column("state", sa.Text()),
    _column("position", sa.BigInteger()),
    _column("within", sa.Uuid()),
    _column("total", sa.BigInteger()),
    _column("queued", sa.BigInteger()),
    _column("delivered", sa.BigInteger()),
    _column("failed", sa.BigInteger()),
    _column("due_at", TIME),
    _column("created_at", TIME),
    _column("finished_at", TIME, null=True),
)

checkpoints = sa.Table(
    "checkpoints",
    metadata,
    _tenant(),
    _id("name", sa.Text(collation="C")),
    _column("sequence", sa.BigInteger()),
    _column("version", sa.BigInteger()),
    _column("updated_at", TIME),
)
