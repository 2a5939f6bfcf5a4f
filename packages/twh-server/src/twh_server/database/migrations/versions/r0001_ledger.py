"""The ledger, the catalogue, the feed and the webhooks. Ships before the first code that uses them."""

from alembic import op

from twh_server.database.guards import Guard, guard
from twh_server.database.planning import expect_few_tenants
from twh_server.database.revisions import NoWayBack

revision = "0001"
down_revision = None
code_from = "0001"

# What this revision granted. Later revisions grant what they need; `guards.GUARDED` is the sum.
RIGHTS = {
    "tenants": Guard(app="select, insert", worker="select", by_tenant=False),
    "api_keys": Guard(app="select, insert, update (revoked_at)", by_tenant=False),
    "ledger_heads": Guard(app="select, insert, update", worker="select"),
    "items": Guard(app="select, insert, update"),
    "item_barcodes": Guard(app="select, insert, delete"),
    "locations": Guard(app="select, insert, update"),
    "stock_levels": Guard(app="select, insert, update"),
    "entries": Guard(app="select, insert", history=True),
    "stock_movements": Guard(app="select, insert", history=True),
    "events": Guard(app="select, insert", worker="select", history=True),
    "blocks": Guard(app="select, insert", history=True),
    "idempotency_keys": Guard(app="select, insert", worker="select, update (status), delete"),
    "cursors": Guard(app="select", worker="select, insert, update"),
    "webhook_endpoints": Guard(app="select, insert, update", worker="select"),
    "deliveries": Guard(app="select", worker="select, insert, update"),
    "endpoint_queues": Guard(worker="select, insert, update"),
    "delivery_attempts": Guard(app="select", worker="select, insert"),
}

REFUSE_CHANGE = """
create function refuse_change() returns trigger
language plpgsql as $$
begin
    raise exception 'history is never edited: % on % is refused', lower(tg_op), tg_table_name
        using errcode = 'integrity_constraint_violation', hint = 'Record another entry that corrects it.';
end
$$;
"""

TENANCY = """
create table tenants (
    id uuid primary key,
    name text not null,
    kind text not null,
    created_at timestamptz not null,
    constraint kind_is_known check (kind in ('live', 'sandbox'))
);

create table api_keys (
    tenant_id uuid not null references tenants,
    id uuid not null,
    name text not null,
    digest bytea not null,
    scopes text[] not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    primary key (tenant_id, id),
    constraint a_key_is_stored_once unique (digest)
);

create table ledger_heads (
    tenant_id uuid primary key references tenants,
    sequence bigint not null,
    recorded_at timestamptz not null,
    last_id uuid,
    hash bytea not null
);
"""

CATALOGUE = """
create table items (
    tenant_id uuid not null references tenants,
    id uuid not null,
    sku text not null,
    name text not null,
    barcodes text[] not null,
    unit text not null,
    scale smallint not null,
    reorder_point numeric(24, 9),
    attributes jsonb not null,
    archived_at timestamptz,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint a_sku_is_taken_for_ever unique (tenant_id, sku),
    constraint scale_is_bounded check (scale between 0 and 9)
);

create table item_barcodes (
    tenant_id uuid not null,
    barcode text not null,
    item_id uuid not null,
    primary key (tenant_id, barcode),
    foreign key (tenant_id, item_id) references items
);
create index item_barcodes_by_item on item_barcodes (tenant_id, item_id);

create table locations (
    tenant_id uuid not null references tenants,
    id uuid not null,
    code text not null,
    name text not null,
    kind text not null,
    archived_at timestamptz,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint a_code_is_taken_for_ever unique (tenant_id, code)
);
"""

# The primary key of entries, and of deliveries, is added last: among indexes that promise the same, PostgreSQL takes the
# youngest, and while it knows nothing of a table, every index that begins with the tenant promises the same.
LEDGER = """
create table stock_levels (
    tenant_id uuid not null,
    item_id uuid not null,
    location_id uuid not null,
    lot text not null,
    on_hand numeric(24, 9) not null,
    reserved numeric(24, 9) not null,
    version bigint not null,
    counted_at timestamptz,
    last_occurred_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, item_id, location_id, lot),
    foreign key (tenant_id, item_id) references items,
    foreign key (tenant_id, location_id) references locations,
    constraint level_is_bounded check (abs(on_hand) < 1e15 and reserved >= 0 and reserved < 1e15)
) with (fillfactor = 80);
create index stock_levels_by_location on stock_levels (tenant_id, location_id, item_id, lot);

create table entries (
    tenant_id uuid not null references tenants,
    id uuid not null,
    sequence bigint not null,
    kind text not null,
    reason text,
    reference_type text,
    reference_id text,
    forced boolean not null,
    actor_key uuid not null,
    actor_name text not null,
    reverses uuid,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    constraint sequence_is_unique unique (tenant_id, sequence),
    constraint adjustment_has_a_reason check (kind <> 'adjustment' or reason is not null)
);
create unique index an_entry_is_reversed_once on entries (tenant_id, reverses) where reverses is not null;
create index entries_by_reference on entries (tenant_id, reference_id, id) where reference_id is not null;
alter table entries add primary key (tenant_id, id);
alter table entries add foreign key (tenant_id, reverses) references entries;

create table stock_movements (
    tenant_id uuid not null,
    id uuid not null,
    entry_id uuid not null,
    line integer not null,
    kind text not null,
    item_id uuid not null,
    location_id uuid not null,
    lot text not null,
    quantity numeric(24, 9) not null,
    on_hand_after numeric(24, 9) not null,
    reserved_after numeric(24, 9) not null,
    version_after bigint not null,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, entry_id) references entries,
    foreign key (tenant_id, item_id, location_id, lot) references stock_levels,
    constraint quantity_is_not_zero check (quantity <> 0 or kind = 'count'),
    constraint quantity_is_bounded check (abs(quantity) < 1e15)
);
create index stock_movements_by_entry on stock_movements (tenant_id, entry_id);
create index stock_movements_by_level on stock_movements (tenant_id, item_id, location_id, lot, id);
create index stock_movements_by_location on stock_movements (tenant_id, location_id, id);
"""

FEED = """
create table events (
    tenant_id uuid not null references tenants,
    sequence bigint not null,
    id uuid not null,
    kind text not null,
    body text not null,
    recorded_at timestamptz not null,
    primary key (tenant_id, sequence),
    constraint event_id_is_unique unique (tenant_id, id)
);

create table blocks (
    tenant_id uuid not null references tenants,
    first_sequence bigint not null,
    last_sequence bigint not null,
    previous_hash bytea not null,
    hash bytea not null,
    recorded_at timestamptz not null,
    primary key (tenant_id, first_sequence),
    constraint block_is_not_empty check (last_sequence >= first_sequence)
);

create table idempotency_keys (
    tenant_id uuid not null references tenants,
    key text not null,
    digest bytea not null,
    status smallint not null,
    headers text not null,
    body text,
    sequence bigint,
    recorded_at timestamptz not null,
    primary key (tenant_id, key)
);
create index idempotency_keys_by_age on idempotency_keys (recorded_at) where sequence is null;

create table cursors (
    tenant_id uuid not null references tenants,
    follower text not null,
    sequence bigint not null,
    updated_at timestamptz not null,
    primary key (tenant_id, follower)
);
"""

WEBHOOKS = """
create table webhook_endpoints (
    tenant_id uuid not null references tenants,
    id uuid not null,
    url text not null,
    kinds text[] not null,
    description text not null,
    sealed_secret bytea not null,
    enabled boolean not null,
    since_sequence bigint not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    primary key (tenant_id, id)
);

create table deliveries (
    tenant_id uuid not null,
    id uuid not null,
    endpoint_id uuid not null,
    sequence bigint not null,
    event_id uuid not null,
    event_kind text not null,
    state text not null,
    attempts integer not null,
    next_attempt_at timestamptz,
    fence uuid,
    delivered_at timestamptz,
    created_at timestamptz not null,
    foreign key (tenant_id, endpoint_id) references webhook_endpoints,
    constraint an_event_goes_once_to_an_endpoint unique (tenant_id, endpoint_id, sequence),
    constraint state_is_known check (state in ('pending', 'delivered', 'failed')),
    constraint what_is_pending_has_a_next_attempt check ((state = 'pending') = (next_attempt_at is not null))
) with (fillfactor = 80);
create index deliveries_due on deliveries (tenant_id, endpoint_id, next_attempt_at) where state = 'pending';
create index deliveries_by_sequence on deliveries (tenant_id, sequence, endpoint_id);
create index deliveries_failed on deliveries (tenant_id, sequence, endpoint_id) where state = 'failed';
alter table deliveries add primary key (tenant_id, id);

create table endpoint_queues (
    tenant_id uuid not null,
    endpoint_id uuid not null,
    due_at timestamptz,
    primary key (tenant_id, endpoint_id),
    foreign key (tenant_id, endpoint_id) references webhook_endpoints
) with (fillfactor = 50);
create index endpoint_queues_due on endpoint_queues (due_at) where due_at is not null;

create table delivery_attempts (
    tenant_id uuid not null,
    delivery_id uuid not null,
    number integer not null,
    at timestamptz not null,
    status smallint,
    error text,
    milliseconds integer not null,
    response text,
    primary key (tenant_id, delivery_id, number),
    foreign key (tenant_id, delivery_id) references deliveries
);
"""


def upgrade() -> None:
    """Create every table and put it under guard."""
    for part in (REFUSE_CHANGE, TENANCY, CATALOGUE, LEDGER, FEED, WEBHOOKS):
        op.execute(part)
    op.execute("alter function refuse_change() owner to twh_owner")
    op.execute(expect_few_tenants(RIGHTS))
    for table, rights in RIGHTS.items():
        op.execute(guard(table, rights))


def downgrade() -> None:
    """Refused: going back is restoring a backup."""
    raise NoWayBack(revision)
