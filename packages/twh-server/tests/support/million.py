"""A tenant with a million movements, loaded the shortest way: no references are checked, and indexes are built at the end.

The n-th of each sort is called after its number, and its id stands where real ones do: in the order of time. Nothing was
decided to get there and no hash is right; the rows are there to be many.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg

MOVEMENTS = 1_000_000
ENTRIES = 200_000
LEVELS = 100_000
ITEMS = 20_000
LOCATIONS = 500
DELIVERIES = 50_000
API_KEYS = 1_000
REPLAYS = 20_000

SORTS = ("item", "location", "entry", "movement", "event", "endpoint", "delivery", "api_key", "batch", "replay")


BEGUN = datetime(2026, 6, 1, tzinfo=UTC)
EVERY = timedelta(seconds=10)


def id_of(sort: str, number: int, *, at: int | None = None) -> UUID:
    """The id of the n-th of a sort, minted at the time of the n-th entry or of another."""
    moment = int((BEGUN + EVERY * (number if at is None else at)).timestamp() * 1000)
    return UUID(hex=f"{moment:012x}70008000{SORTS.index(sort):04x}{number:08x}")


def _id(sort: str, number: str = "n", *, at: str | None = None) -> str:
    moment = f"{int(BEGUN.timestamp() * 1000)} + {at or number}::bigint * {int(EVERY.total_seconds() * 1000)}"
    tail = f"'70008000{SORTS.index(sort):04x}' || lpad(to_hex({number}), 8, '0')"
    return f"(lpad(to_hex({moment}), 12, '0') || {tail})::uuid"


AT = "timestamptz '2026-06-01' + n * interval '10 s'"
KIND = "(array['receipt', 'issue', 'adjustment', 'transfer'])[n % 4 + 1]"
EVENT_KIND = "(array['item.updated', 'entry.recorded', 'endpoint.created', 'key.created'])[n % 4 + 1]"
LEVEL = f"{_id('item', '(k % 20000 + 1)')}, {_id('location', '((k + k / 20000 * 7) % 500 + 1)')}"

ROWS = {
    "items": f"""
insert into items (tenant_id, id, sku, name, barcodes, unit, scale, attributes, version, created_at, updated_at)
select :tenant, {_id("item")}, 'SKU-' || n, 'Item ' || n, '{{}}', 'each', 0, '{{}}', 1, {AT}, {AT}
from generate_series(1, {ITEMS}) as n
""",
    "item_terms": f"""
insert into item_terms (tenant_id, term, item_id)
select :tenant, term, {_id("item")}
from generate_series(1, {ITEMS}) as n, unnest(array['w:item', 'w:' || n, 't:even' || n % 2, 'a:shelf=' || n % 100]) as term
""",
    "item_barcodes": f"""
insert into item_barcodes (tenant_id, barcode, item_id)
select :tenant, 'CODE-' || n, {_id("item")} from generate_series(1, {ITEMS}) as n
""",
    "locations": f"""
insert into locations (tenant_id, id, code, name, kind, parent_id, version, created_at, updated_at)
select :tenant, {_id("location")}, 'BIN-' || n, 'Bin ' || n, 'bin',
       case when n > 10 then {_id("location", "n / 10")} end, 1, {AT}, {AT}
from generate_series(1, {LOCATIONS}) as n
""",
    "stock_levels": f"""
insert into stock_levels (tenant_id, item_id, location_id, lot, on_hand, reserved, version, last_occurred_at, updated_at)
select :tenant, {LEVEL}, '', 5, 0, 1, timestamptz '2026-06-01' + k * interval '1 s',
       timestamptz '2026-06-01' + k * interval '1 s'
from generate_series(0, {LEVELS - 1}) as k
""",
    "entries": f"""
insert into entries (tenant_id, id, sequence, kind, reason, reference_type, reference_id, forced, actor_key, actor_name,
                     reverses, occurred_at, recorded_at)
select :tenant, {_id("entry")}, n, {KIND}, 'reason ' || n % 10, 'order', 'REF-' || n / 2, false,
       {_id("api_key", f"(n % {API_KEYS} + 1)")}, 'key', null, {AT}, {AT}
from generate_series(1, {ENTRIES}) as n
""",
    "stock_movements": f"""
insert into stock_movements (tenant_id, id, entry_id, line, kind, item_id, location_id, lot, quantity, on_hand_after,
                             reserved_after, version_after, occurred_at, recorded_at, late)
select :tenant, {_id("movement", "(n * 5 + line)", at="n")}, {_id("entry")}, line, {KIND}, {LEVEL}, '', 1, 1, 0, 1, {AT}, {AT}, false
from generate_series(1, {ENTRIES}) as n, generate_series(0, {MOVEMENTS // ENTRIES - 1}) as line,
     lateral (select (n * 5 + line) % {LEVELS} as k) as level
""",
    "events": f"""
insert into events (tenant_id, sequence, id, kind, body, recorded_at, actor_key, subject)
select :tenant, n, {_id("event")}, {EVENT_KIND}, '{{}}', {AT}, {_id("api_key", f"(n % {API_KEYS} + 1)")},
       case when n % 4 = 0 then {_id("item", f"(n % {ITEMS} + 1)")} end
from generate_series(1, {ENTRIES}) as n
""",
    "blocks": f"""
insert into blocks (tenant_id, first_sequence, last_sequence, previous_hash, hash, recorded_at)
select :tenant, n, n, '', '', {AT} from generate_series(1, {ENTRIES}) as n
""",
    "idempotency_keys": f"""
insert into idempotency_keys (tenant_id, key, digest, status, headers, body, recorded_at)
select :tenant, 'key-' || n, '', 201, '{{}}', '{{}}', {AT} from generate_series(1, {ENTRIES}) as n
""",
    "webhook_endpoints": f"""
insert into webhook_endpoints (tenant_id, id, url, kinds, description, sealed_secret, enabled, since_sequence, version,
                               created_at, updated_at, deleted_at)
select :tenant, {_id("endpoint")}, 'https://example.com', '{{}}', '', '', true, {ENTRIES}, 1, {AT}, {AT},
       case when n > 5 then {AT} end
from generate_series(1, 50) as n
""",
    "deliveries": f"""
insert into deliveries (tenant_id, id, endpoint_id, sequence, event_id, event_kind, state, attempts, created_at, replay_id)
select :tenant, {_id("delivery")}, {_id("endpoint", "(n % 5 + 1)")}, n, {_id("event")}, 'entry.recorded',
       case n % 10 when 0 then 'failed' else 'delivered' end, 1, {AT},
       case when n % 3 = 0 then {_id("replay", "(n % 1000 + 1)")} end
from generate_series(1, {DELIVERIES}) as n
""",
    "replays": f"""
insert into replays (tenant_id, id, endpoint_id, which, kinds, first_sequence, last_sequence, state, position, within, total,
                     due_at, created_at, finished_at)
select :tenant, {_id("replay")}, {_id("endpoint", "(n % 5 + 1)")}, 'failed', '{{}}', 1, n, 'finished', n, {_id("endpoint")}, 50,
       {AT}, {AT}, {AT}
from generate_series(1, {REPLAYS}) as n
""",
    "delivery_attempts": f"""
insert into delivery_attempts (tenant_id, delivery_id, number, at, milliseconds)
select :tenant, {_id("delivery")}, 1, {AT}, 12 from generate_series(1, {DELIVERIES}) as n
""",
    "checkpoints": f"""
insert into checkpoints (tenant_id, name, sequence, version, updated_at)
select :tenant, 'consumer-' || n, n, 1, {AT} from generate_series(1, 1000) as n
""",
    "api_keys": f"""
insert into api_keys (tenant_id, id, name, digest, scopes, created_at)
select :tenant, {_id("api_key")}, 'key', sha256(n::text::bytea), '{{}}', {AT} from generate_series(1, {API_KEYS}) as n
""",
}

MOVE_HEAD = f"""
update ledger_heads
set sequence = {ENTRIES}, last_id = {_id("batch", "1")}, recorded_at = timestamptz '2026-07-01'
where tenant_id = :tenant
"""


def load(superuser: "psycopg.Connection[tuple[object, ...]]", tenant: UUID) -> None:
    """Fill the tables for a tenant that has nothing yet, and analyze them."""
    superuser.execute("set session_replication_role = replica")
    superuser.execute("set maintenance_work_mem = '256MB'")
    for table, rows in ROWS.items():
        superuser.execute("update pg_index set indisready = false where indrelid = %s::regclass", (table,))
        superuser.execute(rows.replace(":tenant", f"'{tenant}'"))
        superuser.execute(f"reindex table {table}")
    superuser.execute(MOVE_HEAD.replace(":tenant", f"'{tenant}'"))
    superuser.execute("analyze")
