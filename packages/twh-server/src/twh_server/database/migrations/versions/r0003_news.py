"""Endpoints with filters, forms, limits and an order; deliveries that can be replayed; checkpoints of consumers.

Ships before the code that uses it. Code of revision 0002 goes on working beside it: whatever is new has a default or is
null, and means what was done before.

What locks: adding the columns takes no time; indexing the deliveries keeps couriers waiting, and nobody who writes.
"""

from alembic import op

from twh_server.database.guards import APP, OWNER, WORKER, Guard, guard
from twh_server.database.planning import expect_few_tenants
from twh_server.database.revisions import NoWayBack
from twh_server.database.taking import take

revision = "0003"
down_revision = "0002"
code_from = "0002"

ENDPOINTS = """
alter table webhook_endpoints
    add column items uuid[] not null default '{}',
    add column locations uuid[] not null default '{}',
    add column attributes jsonb not null default '{}',
    add column payload text not null default 'full',
    add column form text not null default 'standard',
    add column ordering text not null default 'none',
    add column rate_per_second integer,
    add column concurrency integer,
    add column disabled_because text,
    add constraint payload_is_known check (payload in ('full', 'thin')),
    add constraint form_is_known check (form in ('standard', 'cloudevents')),
    add constraint ordering_is_known check (ordering in ('none', 'item', 'endpoint')),
    add constraint rate_is_positive check (rate_per_second > 0),
    add constraint concurrency_is_positive check (concurrency > 0);
"""

# A queue knows what its courier needs to know of the endpoint, so that a fact, under the head, is made of it only when
# there is something to tell. `proven`: its last attempt arrived; `prompt`: and soon.
QUEUES = """
alter table endpoint_queues
    add column proven boolean not null default false,
    add column prompt boolean not null default false,
    add column failing_since timestamptz,
    add column warned_at timestamptz,
    add column held_until timestamptz,
    add column tokens double precision not null default 0,
    add column filled_at timestamptz;
drop index endpoint_queues_due;
create index endpoint_queues_due on endpoint_queues (prompt, due_at) where due_at is not null;
create index endpoint_queues_failing on endpoint_queues (failing_since) where failing_since is not null;
"""

# `attempts` counts them all, `tries` those since it was last begun, which is what the schedule goes by. `lanes` are what
# an order is kept within.
DELIVERIES = """
alter table deliveries
    add column tries integer not null default 0,
    add column lanes uuid[] not null default '{}',
    add column replay_id uuid;
update deliveries set tries = attempts where state = 'pending' and attempts > 0;
create index deliveries_under_way on deliveries (tenant_id, endpoint_id) where fence is not null;
create index deliveries_in_order on deliveries (tenant_id, endpoint_id, sequence) where next_attempt_at is not null;
create index deliveries_replayed on deliveries (tenant_id, replay_id, state) where replay_id is not null;
"""

REPLAYS = """
create table replays (
    tenant_id uuid not null,
    id uuid not null,
    endpoint_id uuid,
    which text not null,
    kinds text[] not null,
    deliveries uuid[],
    first_sequence bigint not null,
    last_sequence bigint not null,
    rate_per_second integer,
    state text not null,
    position bigint not null,
    total bigint not null,
    queued bigint not null default 0,
    delivered bigint not null default 0,
    failed bigint not null default 0,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    finished_at timestamptz,
    primary key (tenant_id, id),
    constraint replay_state_is_known check (state in ('running', 'cancelled', 'finished', 'failed')),
    constraint which_is_known check (which in ('all', 'failed', 'unacknowledged', 'live'))
);
create index replays_running on replays (updated_at) where state = 'running';
"""

CHECKPOINTS = """
create table checkpoints (
    tenant_id uuid not null,
    name text collate "C" not null,
    sequence bigint not null,
    version bigint not null,
    updated_at timestamptz not null,
    primary key (tenant_id, name)
);
"""

# Added once the planner was told of the tables, by a row of a tenant that there is not.
REFERENCES = """
alter table replays
    add foreign key (tenant_id) references tenants,
    add foreign key (tenant_id, endpoint_id) references webhook_endpoints;
alter table checkpoints
    add foreign key (tenant_id) references tenants;
"""

# As in revision 0002, which says why; a closed tenant has replays and checkpoints now.
PURGE = f"""
create or replace function purge_tenant(purged uuid) returns bigint
language plpgsql set search_path = public, pg_temp as $$
declare
    last_sequence bigint;
begin
    select sequence into last_sequence from ledger_heads where tenant_id = purged for update;
    perform from tenants where id = purged and state = 'closed' for update;
    if not found then
        raise exception 'tenant % is not closed: only a closed tenant is purged', purged;
    end if;
    perform from cursors where tenant_id = purged for update;
    perform from replays where tenant_id = purged for update;
    perform from deliveries where tenant_id = purged for update;
    delete from delivery_attempts where tenant_id = purged;
    delete from endpoint_queues where tenant_id = purged;
    delete from deliveries where tenant_id = purged;
    delete from replays where tenant_id = purged;
    delete from webhook_endpoints where tenant_id = purged;
    delete from checkpoints where tenant_id = purged;
    delete from cursors where tenant_id = purged;
    delete from idempotency_keys where tenant_id = purged;
    delete from blocks where tenant_id = purged;
    delete from events where tenant_id = purged;
    delete from stock_movements where tenant_id = purged;
    delete from entries where tenant_id = purged;
    delete from stock_levels where tenant_id = purged;
    delete from item_terms where tenant_id = purged;
    delete from item_barcodes where tenant_id = purged;
    delete from items where tenant_id = purged;
    delete from locations where tenant_id = purged;
    delete from tenant_settings where tenant_id = purged;
    delete from api_keys where tenant_id = purged;
    delete from ledger_heads where tenant_id = purged;
    delete from tenants where id = purged;
    return last_sequence;
end
$$;
alter function purge_tenant(uuid) owner to {OWNER};
"""

# Filters by attributes are judged by the items as they are.
RIGHTS_OF_OLD = f"""
grant select on items to {WORKER};
create policy worker_serves_all on items to {WORKER} using (true) with check (true);
grant select on endpoint_queues to {APP};
"""

RIGHTS = {
    "replays": Guard(app="select, insert, update", worker="select, update"),
    "checkpoints": Guard(app="select, insert, update, delete"),
}


def upgrade() -> None:
    """Add what is new, and put it under guard."""
    for part in (REPLAYS, CHECKPOINTS, expect_few_tenants(RIGHTS), REFERENCES):
        op.execute(part)
    op.execute(take("items", "webhook_endpoints", "endpoint_queues", "deliveries"))
    for part in (ENDPOINTS, QUEUES, DELIVERIES, PURGE, RIGHTS_OF_OLD):
        op.execute(part)
    for table, rights in RIGHTS.items():
        op.execute(guard(table, rights))


def downgrade() -> None:
    """Refused: going back is restoring a backup."""
    raise NoWayBack(revision)
