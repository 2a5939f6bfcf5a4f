"""Endpoints with filters, forms, limits and an order; deliveries that can be replayed; checkpoints; events with an end.

Ships before the code that uses it. Code of revision 0002 goes on working beside it: whatever is new has a default or is
null, and means what was done before.

What locks: adding the columns takes no time; indexing the deliveries keeps couriers waiting, indexing the idempotency keys
those who write, by about a second for each million of kept keys.
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
create index deliveries_replayed on deliveries (tenant_id, replay_id, sequence, endpoint_id) where replay_id is not null;
create index deliveries_replayed_by_state on deliveries (tenant_id, replay_id, state, sequence, endpoint_id)
    where replay_id is not null;
"""

# `position` is the event, `within` the endpoint, up to which a replay has queued deliveries; `due_at` is when it goes on.
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
    within uuid not null,
    total bigint not null,
    queued bigint not null default 0,
    delivered bigint not null default 0,
    failed bigint not null default 0,
    due_at timestamptz not null,
    created_at timestamptz not null,
    finished_at timestamptz,
    primary key (tenant_id, id)
);
create index replays_due on replays (due_at) where state = 'running' and finished_at is null;
create index replays_running on replays (tenant_id, created_at) where state = 'running';
create index replays_by_state on replays (tenant_id, state, id);
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

# How far back a tenant's events go; whatever is older was dropped, as the tenant has chosen. A key whose answer such an
# event told has its own copy of it.
HEADS = """
alter table ledger_heads add column events_from bigint not null default 1;
create index idempotency_keys_by_sequence on idempotency_keys (tenant_id, sequence) where sequence is not null;
"""

# The one way besides purging to delete what happened, and only events: their blocks stay, and the entries, movements and
# levels that they told of. What may go is judged here, under the head and by this clock: no caller can ask for more. The
# guard looks for the function as it does for the purge.
DROP = f"""
create or replace function refuse_change() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
    callers text;
begin
    if tg_op = 'DELETE' and current_user = '{OWNER}' then
        get diagnostics callers = pg_context;
        if callers ~ '\\n[^\\n"«»“”]*[^\\n"«»“”.A-Za-z0-9_](public\\.)?purge_tenant\\(uuid\\)[^\\n"«»“”]*$'
            and exists (select from tenants where id = old.tenant_id and state = 'closed')
        then
            return old;
        end if;
        -- Other tables have no such number, which may not even be asked for.
        if tg_table_name = 'events' then
            if callers ~ '\\n[^\\n"«»“”]*[^\\n"«»“”.A-Za-z0-9_](public\\.)?drop_old_events\\(uuid,bigint\\)[^\\n"«»“”]*$'
                and exists (select from ledger_heads where tenant_id = old.tenant_id and events_from > old.sequence)
            then
                return old;
            end if;
        end if;
    end if;
    raise exception 'history is never edited: % on % is refused', lower(tg_op), tg_table_name
        using errcode = 'integrity_constraint_violation', hint = 'Record another entry that corrects it.';
end
$$;

create function drop_old_events(whose uuid, most bigint) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    oldest bigint;
    newest bigint;
    days integer;
    settled bigint;
    pending bigint;
begin
    select events_from into oldest from ledger_heads where tenant_id = whose for no key update;
    select (chosen ->> 'event_days')::integer into days from tenant_settings where tenant_id = whose;
    if oldest is null or days is null then
        return 0;
    end if;
    -- What a follower has not seen, and what a replay may still send, stays.
    select coalesce(min(sequence), 0) into settled from cursors where tenant_id = whose;
    select least(settled, min(first_sequence) - 1) into settled
    from replays
    where tenant_id = whose and state = 'running';
    select max(last_sequence) into newest
    from (
        select first_sequence, last_sequence, recorded_at
        from blocks
        where tenant_id = whose and first_sequence >= oldest
        order by first_sequence
        limit most
    ) as sealed
    where (last_sequence < oldest + most or first_sequence = oldest)
      and recorded_at < now() - make_interval(days => greatest(days, 7))
      and last_sequence <= settled;
    select min(sequence) into pending
    from deliveries
    where tenant_id = whose and sequence between oldest and newest and state = 'pending';
    if pending is not null then
        select max(last_sequence) into newest
        from blocks
        where tenant_id = whose and first_sequence between oldest and pending and last_sequence < pending;
    end if;
    if newest is null then
        return 0;
    end if;
    -- Exactly what the event told: `json` keeps the text of what it is asked for. The key of an entry stays for ever.
    update idempotency_keys as k
    set body = (e.body::json -> 'data')::text, sequence = case when e.kind = 'entry.recorded' then k.sequence end
    from events as e
    where k.tenant_id = whose and k.sequence between oldest and newest
      and e.tenant_id = whose and e.sequence = k.sequence;
    delete from delivery_attempts as a
    using deliveries as d
    where d.tenant_id = whose and d.sequence between oldest and newest and a.tenant_id = whose and a.delivery_id = d.id;
    delete from deliveries where tenant_id = whose and sequence between oldest and newest;
    update ledger_heads set events_from = newest + 1 where tenant_id = whose;
    delete from events where tenant_id = whose and sequence between oldest and newest;
    return newest + 1 - oldest;
end
$$;
alter function drop_old_events(uuid, bigint) owner to {OWNER};
revoke execute on function drop_old_events(uuid, bigint) from public;
grant execute on function drop_old_events(uuid, bigint) to {WORKER};
"""

# Added once the planner was told of the tables, by a row of a tenant that there is not, and in no state that there is.
REFERENCES = """
alter table replays
    add foreign key (tenant_id) references tenants,
    add foreign key (tenant_id, endpoint_id) references webhook_endpoints,
    add constraint replay_state_is_known check (state in ('running', 'cancelled', 'finished')),
    add constraint which_is_known check (which in ('all', 'failed', 'unacknowledged'));
alter table checkpoints
    add foreign key (tenant_id) references tenants;
"""

# As in revision 0002, which says why; a closed tenant has replays and checkpoints now. Of deliveries many are wanted at
# once, and so everybody takes them in the order of their ids.
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
    perform from deliveries where tenant_id = purged order by id for update;
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
    op.execute(take("ledger_heads", "idempotency_keys", "items", "webhook_endpoints", "endpoint_queues", "deliveries"))
    for part in (HEADS, ENDPOINTS, QUEUES, DELIVERIES, PURGE, DROP, RIGHTS_OF_OLD):
        op.execute(part)
    for table, rights in RIGHTS.items():
        op.execute(guard(table, rights))


def downgrade() -> None:
    """Refused: going back is restoring a backup."""
    raise NoWayBack(revision)
