"""Keys with roles, settings, an audit log, tenants that end; barcodes of packs, tags, words, places within places.

Ships before the code that uses it. Code of revision 0001 goes on working beside it: whatever is new has a default or is
null. What it writes after the migration lacks what it has never heard of: an item is not found by words, and a place in
transit or quarantine counts as sellable, until it is changed by newer code.

What locks: the words of all items are found first, while everyone goes on. Then the tables that change are taken for as
long as it takes to index them. With 200,000 movements and their events and 100,000 items, the migration took 10 s on two
busy cores, and the longest that anyone waited was 1.6 s (PostgreSQL 15: 1.8 s). Taken from the beginning, everyone
would have waited for all of it. What tells late movements and counts came later and adds to that: 0.9 s, measured apart
on cores that were far busier.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from alembic import op

from twh_server.database.guards import APP, OWNER, Guard, guard
from twh_server.database.planning import LET_WORKERS_ANALYZE, expect_few_tenants
from twh_server.database.revisions import NoWayBack
from twh_server.database.taking import take

revision = "0002"
down_revision = "0001"
code_from = "0001"

ACCESS = f"""
alter table tenants
    add column state text not null default 'active',
    add column state_changed_at timestamptz,
    add constraint state_is_known check (state in ('active', 'suspended', 'closed'));
grant update (state, state_changed_at) on tenants to {APP};

alter table api_keys
    add column role text,
    add column last_used_at timestamptz,
    add column successor uuid,
    add column version bigint not null default 1;
grant update (name, role, scopes, expires_at, revoked_at, last_used_at, successor, version) on api_keys to {APP};
create index api_keys_that_work on api_keys (tenant_id, expires_at) where revoked_at is null;

create table tenant_settings (
    tenant_id uuid primary key references tenants,
    chosen jsonb not null,
    version bigint not null,
    updated_at timestamptz not null
);

-- How long answers are kept is the tenant's choice, so each tenant's old ones are looked for.
drop index idempotency_keys_by_age;
create index idempotency_keys_by_age on idempotency_keys (tenant_id, recorded_at) where sequence is null;
"""

AUDIT = """
alter table events
    add column actor_key uuid,
    add column subject uuid;
create index events_audited on events (tenant_id, sequence) where subject is not null;
create index events_by_actor on events (tenant_id, actor_key, sequence) where subject is not null;
create index events_by_subject on events (tenant_id, subject, sequence) where subject is not null;
"""

# A GTIN is one number, whether a scanner tells it with 8, 12, 13 or 14 digits.
CATALOGUE = """
alter table items
    add column packs jsonb not null default '[]',
    add column tags text[] not null default '{}';
create index items_by_sku_prefix on items (tenant_id, sku collate "C");
create index items_by_change on items (tenant_id, updated_at, id);

alter table item_barcodes
    add column pack text,
    add column gtin text generated always as (
        case when barcode ~ '^([0-9]{8}|[0-9]{12,14})$' then lpad(barcode, 14, '0') end
    ) stored;
create index item_barcodes_by_gtin on item_barcodes (tenant_id, gtin) where gtin is not null;

alter table locations
    add column parent_id uuid,
    add column sellable boolean not null default true,
    add foreign key (tenant_id, parent_id) references locations,
    add constraint a_location_is_not_within_itself check (parent_id <> id);
update locations set sellable = false where kind in ('transit', 'quarantine');
create index locations_by_parent on locations (tenant_id, parent_id, id) where parent_id is not null;
create index locations_by_change on locations (tenant_id, updated_at, id);
"""

# Filled before anything is taken, from items that go on being changed; what changed meanwhile is seen by its version. No
# reference to the items is checked: terms are no facts but an index of ours, and the check was a third of its cost.
TERMS = """
create table item_terms (
    tenant_id uuid not null,
    term text collate "C" not null,
    item_id uuid not null
);
create temporary table read_items (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    primary key (tenant_id, id)
) on commit drop;
"""

TERMS_ARE_UNIQUE = """
alter table item_terms add primary key (tenant_id, term, item_id);
create index item_terms_by_item on item_terms (tenant_id, item_id, term);
"""

WEBHOOKS = """
alter table webhook_endpoints
    add column sealed_previous bytea,
    add column previous_until timestamptz;
"""

# History is never edited, by nobody. A tenant that was closed may be purged, whole, by the one function below: the guard
# looks for it as the outermost caller of the delete. The text of a statement, which may contain anything, ends with the
# quotation mark that it began with, and so is not taken for it. Whoever purges takes the locks in the order in which
# writers, followers and couriers do (head, tenant, cursors, deliveries, queues), so that none of them waits for it while
# it waits for them.
PURGE = f"""
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
    end if;
    raise exception 'history is never edited: % on % is refused', lower(tg_op), tg_table_name
        using errcode = 'integrity_constraint_violation', hint = 'Record another entry that corrects it.';
end
$$;

create function purge_tenant(purged uuid) returns bigint
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
    perform from deliveries where tenant_id = purged for update;
    delete from delivery_attempts where tenant_id = purged;
    delete from endpoint_queues where tenant_id = purged;
    delete from deliveries where tenant_id = purged;
    delete from webhook_endpoints where tenant_id = purged;
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
revoke execute on function purge_tenant(uuid) from public;
"""

# A movement is late when something that happened after it was recorded before it on its level. All others lie in one
# order by both clocks, so that how much there was at a time is told by one of them and by what is late. What was recorded
# by older code does not say it, and counts as late: that is never wrong, only slower.
LEDGER = """
alter table stock_movements
    add column late boolean not null default true,
    add column counted_in uuid;
create index stock_movements_late on stock_movements (tenant_id, item_id, location_id, lot, id)
    include (occurred_at, quantity)
    where late;
create index stock_movements_dated on stock_movements (tenant_id, item_id, location_id, lot, occurred_at, id)
    where not late and occurred_at <> recorded_at;
create index stock_movements_counted on stock_movements (tenant_id, item_id, location_id, lot, occurred_at, id)
    where kind = 'count';
"""

RIGHTS = {
    "tenant_settings": Guard(app="select, insert, update", worker="select"),
    "item_terms": Guard(app="select, insert, delete"),
}

TAKEN = (
    "tenants",
    "api_keys",
    "stock_movements",
    "events",
    "items",
    "item_barcodes",
    "locations",
    "webhook_endpoints",
)

ITEM_NAMES = """
select tenant_id, id, version, name, attributes
from items
where (tenant_id, id) > (%s, %s)
order by tenant_id, id
limit 5000
"""
ITEMS_READ = """
insert into read_items (tenant_id, id, version)
select * from unnest(%s::uuid[], %s::uuid[], %s::bigint[])
"""
ITEMS_CHANGED = """
select i.tenant_id, i.id, i.version, i.name, i.attributes
from items as i
left join read_items as r on r.tenant_id = i.tenant_id and r.id = i.id
where r.version is distinct from i.version
"""
FORGET_TERMS = """
delete from item_terms
where (tenant_id, item_id) in (select * from unnest(%s::uuid[], %s::uuid[]))
"""
ADD_TERMS = """
insert into item_terms (tenant_id, term, item_id)
select * from unnest(%s::uuid[], %s::text[], %s::uuid[])
"""


def upgrade() -> None:
    """Add what is new, and put it under guard."""
    op.execute(TERMS)
    op.execute(expect_few_tenants(["item_terms"]))
    connection: Any = op.get_bind().connection.driver_connection
    _find_words(connection)
    op.execute(TERMS_ARE_UNIQUE)
    op.execute(take(*TAKEN))
    _find_changed_words(connection)
    for part in (ACCESS, AUDIT, CATALOGUE, LEDGER, WEBHOOKS, PURGE):
        op.execute(part)
    op.execute(LET_WORKERS_ANALYZE)
    for table, rights in RIGHTS.items():
        op.execute(guard(table, rights))


def downgrade() -> None:
    """Refused: going back is restoring a backup."""
    raise NoWayBack(revision)


def _find_words(connection: Any) -> None:
    """The terms by which the items that are there can be found."""
    last = ("00000000-0000-0000-0000-000000000000",) * 2
    while rows := connection.execute(ITEM_NAMES, last).fetchall():
        connection.execute(ITEMS_READ, [list(column) for column in zip(*(row[:3] for row in rows), strict=True)])
        _add_terms(connection, rows)
        last = rows[-1][:2]


def _find_changed_words(connection: Any) -> None:
    """The same for items that were created or changed since they were read."""
    if rows := connection.execute(ITEMS_CHANGED).fetchall():
        connection.execute(FORGET_TERMS, [list(column) for column in zip(*(row[:2] for row in rows), strict=True)])
        _add_terms(connection, rows)


def _add_terms(connection: Any, rows: Sequence[Any]) -> None:
    terms = [(tenant, term, item) for tenant, item, _, *words in rows for term in _terms_of(*words)]
    if terms:
        connection.execute(ADD_TERMS, [list(column) for column in zip(*terms, strict=True)])


def _terms_of(name: str, attributes: dict[str, Any]) -> Iterator[str]:
    """As `catalogue.terms` had it when this revision was made."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    yield from {f"w:{word[:64]}": None for word in re.findall(r"[^\W_]+", plain.casefold())}
    for key, value in sorted(attributes.items())[:100]:
        text = value if isinstance(value, str) else json.dumps(value)
        if not isinstance(value, dict | list) and not {":", "="} & set(key) and len(key) + len(text) <= 200:
            yield f"a:{key}={text}"
