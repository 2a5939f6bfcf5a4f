"""Rows for every table of a database that was just migrated: one tenant's first weeks, written at once."""

ROWS = 600
AN_ID = "md5(n::text)::uuid"

# In the order of the references. Nothing is decided by these rows: they are only there to be many.
GROW = f"""
create temporary table whose as select gen_random_uuid() as id;
create temporary table many as select n, {AN_ID} as id from generate_series(1, {ROWS}) as n;
insert into tenants (id, name, kind, created_at) select id, 'Grown', 'sandbox', now() from whose;
insert into api_keys (tenant_id, id, name, digest, scopes, created_at)
select whose.id, many.id, 'key', sha256(n::text::bytea), '{{}}', now() from whose, many;
insert into tenant_settings (tenant_id, chosen, version, updated_at) select id, '{{}}', 1, now() from whose;
insert into ledger_heads (tenant_id, sequence, recorded_at, hash) select id, {ROWS}, now(), '' from whose;
insert into items (tenant_id, id, sku, name, barcodes, unit, scale, attributes, version, created_at, updated_at)
select whose.id, many.id, 'SKU-' || n, 'Item ' || n, '{{}}', 'each', 0, '{{}}', 1, now(), now() + n * interval '1 s'
from whose, many;
insert into item_barcodes (tenant_id, barcode, item_id) select whose.id, 'CODE-' || n, many.id from whose, many;
insert into item_terms (tenant_id, term, item_id) select whose.id, 'w:' || n, many.id from whose, many;
insert into locations (tenant_id, id, code, name, kind, version, created_at, updated_at)
select whose.id, many.id, 'BIN-' || n, 'Bin ' || n, 'bin', 1, now(), now() + n * interval '1 s' from whose, many;
insert into stock_levels (tenant_id, item_id, location_id, lot, on_hand, reserved, version, last_occurred_at, updated_at)
select whose.id, many.id, many.id, '', 1, 0, 1, now(), now() from whose, many;
insert into entries (tenant_id, id, sequence, kind, forced, actor_key, actor_name, occurred_at, recorded_at)
select whose.id, many.id, n, 'receipt', false, many.id, 'key', now(), now() from whose, many;
insert into stock_movements (tenant_id, id, entry_id, line, kind, item_id, location_id, lot, quantity, on_hand_after,
                             reserved_after, version_after, occurred_at, recorded_at)
select whose.id, many.id, many.id, 0, 'receipt', many.id, many.id, '', 1, 1, 0, 1, now(), now() from whose, many;
insert into events (tenant_id, sequence, id, kind, body, recorded_at, actor_key, subject)
select whose.id, n, many.id, 'item.created', repeat('x', 500), now(), md5((n % 40)::text)::uuid, many.id
from whose, many;
insert into blocks (tenant_id, first_sequence, last_sequence, previous_hash, hash, recorded_at)
select whose.id, n, n, sha256((n - 1)::text::bytea), sha256(n::text::bytea), now() from whose, many;
insert into idempotency_keys (tenant_id, key, digest, status, headers, body, recorded_at)
select whose.id, 'key-' || n, sha256(n::text::bytea), 409, '{{}}', '{{}}', now() from whose, many;
insert into cursors (tenant_id, follower, sequence, updated_at)
select whose.id, 'follower-' || n, n, now() from whose, many;
insert into webhook_endpoints (tenant_id, id, url, kinds, description, sealed_secret, enabled, since_sequence, version,
                               created_at, updated_at)
select whose.id, many.id, 'https://example.com', '{{}}', repeat('x', 30), '', true, 0, 1, now(), now() from whose, many;
insert into deliveries (tenant_id, id, endpoint_id, sequence, event_id, event_kind, state, attempts, next_attempt_at,
                        created_at)
select whose.id, many.id, many.id, n, many.id, 'item.created', 'pending', 0, now(), now() from whose, many;
insert into endpoint_queues (tenant_id, endpoint_id, due_at) select whose.id, many.id, now() from whose, many;
insert into delivery_attempts (tenant_id, delivery_id, number, at, milliseconds)
select whose.id, many.id, 1, now(), 1 from whose, many;
insert into replays (tenant_id, id, endpoint_id, which, kinds, first_sequence, last_sequence, state, position, within, total,
                     due_at, created_at)
select whose.id, many.id, many.id, 'all', '{{}}', 1, n, 'running', 0, many.id, n, now(), now() from whose, many;
insert into checkpoints (tenant_id, name, sequence, version, updated_at)
select whose.id, 'consumer-' || n, n, 1, now() from whose, many;
"""
